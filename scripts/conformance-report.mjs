// Writes docs/conformance.md from the list of requirements and the tests.
// usage: npm run conformance
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderReport, reportPath } from "../dist/test/conformance/report.js";
import { testsById } from "../dist/test/conformance/requirement-calls.js";
import { readAreas } from "../dist/test/conformance/requirement-list.js";
import { root, textsBelow } from "../dist/test/support/repository.js";

const file = join(root, reportPath);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, renderReport(readAreas(), testsById(textsBelow("test", ".ts"))));
