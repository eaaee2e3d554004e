// Writes docs/errors.md from the declared situations and stream errors. Build first.
// usage: node scripts/errors-doc.mjs
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorsDocument } from "../dist/test/support/errors-document.js";
import { root } from "../dist/test/support/repository.js";

writeFileSync(join(root, "docs", "errors.md"), errorsDocument());
