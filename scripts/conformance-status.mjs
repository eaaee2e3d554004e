// Marks requirements as tested that a test names, in test/conformance/requirements/.
// usage: npm run conformance
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { testsById } from "../dist/test/conformance/requirement-calls.js";
import { listFolder } from "../dist/test/conformance/requirement-list.js";
import { markTested } from "../dist/test/conformance/status.js";
import { root, textsBelow } from "../dist/test/support/repository.js";

const tests = testsById(textsBelow("test", ".ts"));
for (const [path, text] of textsBelow(listFolder, ".yaml")) {
  const marked = markTested(text, tests);
  if (marked !== text) writeFileSync(join(root, path), marked);
}
