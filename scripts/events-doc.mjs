// Writes docs/events.md from the declared events. Build first.
// usage: node scripts/events-doc.mjs
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventsDocument } from "../dist/src/telemetry/events.js";

const docs = join(dirname(dirname(fileURLToPath(import.meta.url))), "docs");
mkdirSync(docs, { recursive: true });
writeFileSync(join(docs, "events.md"), eventsDocument());
