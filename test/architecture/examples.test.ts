import assert from "node:assert/strict";
import { textsBelow } from "../support/repository.js";
import { moduleSpecifiers, parse } from "../support/syntax.js";

describe("examples/", () => {
  it("use the public protos and base, and nothing else of p4rtd", () => {
    const imports = [...textsBelow("examples", ".ts")].flatMap(([path, text]) => moduleSpecifiers(parse(path, text)));
    const ours = imports.filter((name) => name.startsWith("../"));
    assert.notEqual(ours.length, 0);
    assert.deepEqual(
      ours.filter((name) => !/^\.\.\/src\/(base|wire\/gen)\//.test(name)),
      [],
    );
  });
});
