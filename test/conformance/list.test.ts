import assert from "node:assert/strict";
import { sameAsFile } from "../support/golden.js";
import { textsBelow } from "../support/repository.js";
import { decisionsPath, renderDecisions, renderReport, reportPath } from "./report.js";
import { testsById, titles } from "./requirement-calls.js";
import { expectedIds, listFolder, readAreas, type Requirement } from "./requirement-list.js";
import { markTested } from "./status.js";

const areas = readAreas();
const requirements = areas.flatMap((area) => area.requirements);
const sources = textsBelow("test", ".ts");
const tests = testsById(sources);

/** The ids of the requirements for which `holds`. */
function idsWhere(holds: (requirement: Requirement) => boolean): readonly string[] {
  return requirements.filter(holds).map(({ id }) => id);
}

describe("the list of requirements", () => {
  it("has every expected id once, in order", () => {
    assert.deepEqual(
      requirements.map(({ id }) => id),
      expectedIds(),
    );
  });

  it("names each id once", () => assert.equal(new Set(expectedIds()).size, expectedIds().length));

  it("keeps each requirement in the file of its area", () => {
    for (const { area, requirements: rows } of areas)
      assert.deepEqual(
        rows.filter(({ id }) => !id.startsWith(`${area}-`)),
        [],
      );
  });

  it("has a test for each id it calls tested", () => {
    assert.deepEqual(
      idsWhere(({ id, status }) => status === "tested" && !tests.has(id)),
      [],
    );
  });

  it("calls no id open or not applicable that has a test (npm run conformance mends it)", () => {
    assert.deepEqual(
      idsWhere(({ id, status }) => (status === "open" || status === "not-applicable") && tests.has(id)),
      [],
    );
  });

  it("knows every id that a test names", () => {
    const known = new Set(expectedIds());
    const named = [...sources]
      .flatMap(([path, text]) => titles(path, text))
      .flatMap((title) => title.match(/\b[A-Z0-9]{3}-\d{2}\b/g) ?? []);
    const areaNames = new Set(areas.map(({ area }) => area));
    const ids = [...tests.keys(), ...named.filter((id) => areaNames.has(id.slice(0, 3)))];
    assert.deepEqual(
      ids.filter((id) => !known.has(id)),
      [],
    );
  });

  it("is in the form that the status script writes", () => {
    for (const [path, text] of textsBelow(listFolder, ".yaml")) assert.equal(markTested(text, new Map()), text, path);
  });

  it("agrees with the committed report (npm run conformance writes it)", () => {
    sameAsFile(reportPath, renderReport(areas, tests));
    sameAsFile(decisionsPath, renderDecisions(areas, tests));
  });

  it("asks a question for each choice, and for nothing else", () => {
    assert.deepEqual(
      idsWhere(({ id, question }) => id.startsWith("AMB-") !== (question !== undefined)),
      [],
    );
  });
});

describe("the search for requirement ids", () => {
  const rows = [
    { what: "one id", text: 'requirement("ARB-01", "t", () => {});', want: ["ARB-01"] },
    { what: "several ids", text: 'requirement(["ARB-01", "ARB-02"], "t", () => {});', want: ["ARB-01", "ARB-02"] },
    {
      what: "ids in rows",
      text: 'for (const row of [{ id: "BYV-01" }]) requirement(row.id, "t", () => {});',
      want: ["BYV-01"],
    },
    {
      what: "ids in rows beside one that is written out",
      text: 'for (const ids of [["BYV-01"]]) requirement(["ARB-01", ...ids], "t", () => {});',
      want: ["BYV-01", "ARB-01"],
    },
    { what: "an id between backticks", text: 'requirement(`ARB-03`, "ARB-04", () => {});', want: ["ARB-03"] },
    {
      what: "nothing in comments, strings and other calls",
      text: '// requirement("ARB-01")\nit("ARB-02", () => {});',
      want: [],
    },
  ];
  for (const { what, text, want } of rows)
    it(`finds ${what}`, () => assert.deepEqual([...testsById(new Map([["a.test.ts", text]])).keys()], want));
});

describe("marking what is tested", () => {
  const entry = (id: string, ...lines: readonly string[]) => [`  - id: ${id}`, ...lines.map((line) => `    ${line}`)];
  const file = (...entries: readonly (readonly string[])[]) =>
    ["# kept", "area: XYZ", "requirements:", ...entries.flat(), ""].join("\n");

  for (const { what, before, after } of [
    { what: "marks an open one", before: ["status: open", "until: transport security"], after: ["status: tested"] },
    {
      what: "marks one that was thought not applicable",
      before: ["status: not-applicable", "why: x"],
      after: ["status: tested"],
    },
    {
      what: "leaves a refused one",
      before: ["status: refused", "code: ABORTED"],
      after: ["status: refused", "code: ABORTED"],
    },
    { what: "leaves a tested one", before: ["status: tested"], after: ["status: tested"] },
  ])
    it(what, () => {
      const other = entry("XYZ-02", "status: open", "until: transport security # why");
      const tested = new Map([["XYZ-01", ["a.test.ts"]]]);
      assert.equal(markTested(file(entry("XYZ-01", ...before), other), tested), file(entry("XYZ-01", ...after), other));
    });
});
