import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { golden } from "../../support/golden.js";
import { readText, root } from "../../support/repository.js";

describe("golden", () => {
  const wanted = process.env["UPDATE_GOLDEN"];
  beforeEach(() => delete process.env["UPDATE_GOLDEN"]);
  after(() => {
    if (wanted !== undefined) process.env["UPDATE_GOLDEN"] = wanted;
  });

  it("takes a text equal to the file", () => golden("support/two-lines.txt", "one\ntwo\n"));

  it("shows both texts when they differ", () => {
    assert.throws(() => golden("support/two-lines.txt", "one\nthree\n"), {
      message: /^test\/golden\/support\/two-lines\.txt differs; UPDATE_GOLDEN=1/,
      actual: "one\nthree\n",
      expected: "one\ntwo\n",
    });
  });

  it("refuses a file that does not exist, and does not make it", () => {
    assert.throws(() => golden("support/absent.txt", "x"), /does not exist/);
    assert.equal(existsSync(join(root, "test/golden/support/absent.txt")), false);
  });

  it("writes the file when asked to", () => {
    process.env["UPDATE_GOLDEN"] = "1";
    golden("support/written/new.txt", "new\n");
    const written = readText("test/golden/support/written/new.txt");
    rmSync(join(root, "test/golden/support/written"), { recursive: true });
    assert.equal(written, "new\n");
  });
});
