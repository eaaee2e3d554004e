import assert from "node:assert/strict";
import { golden } from "../../support/golden.js";

describe("golden", () => {
  it("takes a text equal to the file", () => golden("support/two-lines.txt", "one\ntwo\n"));

  it("shows both texts when they differ", () => {
    assert.throws(() => golden("support/two-lines.txt", "one\nthree\n"), {
      message: /^test\/golden\/support\/two-lines\.txt differs; UPDATE_GOLDEN=1/,
      actual: "one\nthree\n",
      expected: "one\ntwo\n",
    });
  });

  it("refuses a file that does not exist", () => {
    assert.throws(() => golden("support/absent.txt", "x"), /does not exist/);
  });
});
