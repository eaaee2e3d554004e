import assert from "node:assert/strict";
import { readAreas } from "../../conformance/requirement-list.js";
import { idsOf, notShown } from "../../support/requirement-run.js";

describe("a run of the tests", () => {
  for (const { title, want } of [
    { title: "ARB-01: a sentence", want: ["ARB-01"] },
    { title: "ARB-01 WRT-22: a sentence: of two", want: ["ARB-01", "WRT-22"] },
    { title: "a sentence of ARB-01: none", want: [] },
  ])
    it(`shows ${want.join(" and ") || "nothing"} by '${title}'`, () => assert.deepEqual(idsOf(title), want));

  it("shows what passed, not what failed or was skipped", () => {
    const tested = readAreas()
      .flatMap(({ requirements }) => requirements)
      .filter(({ status }) => status === "tested")
      .map(({ id }) => id);
    const [failed = "", skipped = "", ...passed] = tested;
    const run = [
      { title: `${failed}: a`, state: "failed" as const },
      { title: `${skipped}: b`, state: undefined },
      { title: `${passed.join(" ")}: c`, state: "passed" as const },
    ];
    assert.deepEqual(notShown(run), [failed, skipped]);
  });
});
