import assert from "node:assert/strict";
import { dropReasons, dropReasonsDocument } from "../../../src/datapath/drop-reason.js";
import { sameAsFile } from "../../support/golden.js";

describe("drop reasons", () => {
  it("are described in docs/drop-reasons.md as they are declared", () =>
    sameAsFile("docs/drop-reasons.md", dropReasonsDocument()));

  it("have a sentence each that a table of Markdown can hold", () => {
    assert.deepEqual(
      Object.entries(dropReasons).filter(([, sentence]) => !/^[A-Z][^|\n]+\.$/.test(sentence)),
      [],
    );
  });
});
