// Writes docs/conformance.md and docs/decisions.md from the list of requirements and the tests.
// usage: npm run conformance
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decisionsPath, renderDecisions, renderReport, reportPath } from "../dist/test/conformance/report.js";
import { testsById } from "../dist/test/conformance/requirement-calls.js";
import { readAreas } from "../dist/test/conformance/requirement-list.js";
import { root, textsBelow } from "../dist/test/support/repository.js";

const areas = readAreas();
const tests = testsById(textsBelow("test", ".ts"));
for (const [path, text] of [
  [reportPath, renderReport(areas, tests)],
  [decisionsPath, renderDecisions(areas, tests)],
]) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
