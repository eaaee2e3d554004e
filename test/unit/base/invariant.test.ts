import assert from "node:assert/strict";
import { InvariantError, absurd, defined, invariant } from "../../../src/base/invariant.js";

describe("an invariant", () => {
  it("that holds lets go on", () => {
    invariant(true, "unused");
    assert.equal(defined(0, "unused"), 0);
  });

  for (const { what, broken, message } of [
    { what: "condition", broken: () => invariant(false, "one result per update"), message: "one result per update" },
    { what: "missing value", broken: () => defined(undefined, "a port"), message: "a port" },
    {
      what: "unknown variant",
      broken: () => absurd({ kind: "new" } as never),
      message: 'unexpected variant {"kind":"new"}',
    },
  ])
    it(`that is broken by a ${what} says so`, () => assert.throws(broken, new InvariantError(message)));
});
