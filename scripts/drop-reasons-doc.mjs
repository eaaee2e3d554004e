// Writes docs/drop-reasons.md from the declared reasons. Build first.
// usage: node scripts/drop-reasons-doc.mjs
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { dropReasonsDocument } from "../dist/src/datapath/drop-reason.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
writeFileSync(join(root, "docs", "drop-reasons.md"), dropReasonsDocument());
