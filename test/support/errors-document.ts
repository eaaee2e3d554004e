/** docs/errors.md: every stable error number, as controllers meet it. */
import { situations } from "../../src/base/situation.js";
import { codeName } from "../../src/base/status.js";
import { dropReasons } from "../../src/datapath/drop-reason.js";
import { packetOutErrors } from "../../src/packetio/stream-error.js";

const table = (rows: readonly (readonly string[])[]) => rows.map((cells) => `| ${cells.join(" | ")} |`);

/** The page as Markdown. Equal input gives equal text. */
export function errorsDocument(): string {
  const updates = Object.entries(situations).map(([name, { number, canonical, meaning }]) => [
    String(number),
    name,
    codeName(canonical),
    meaning,
  ]);
  const packets = Object.entries(packetOutErrors).map(([name, { code, canonical, drop }]) => [
    String(code),
    name,
    codeName(canonical),
    dropReasons[drop],
  ]);
  packets.sort(([a], [b]) => Number(a) - Number(b));
  return [
    "# Errors",
    "",
    "<!-- Made by `node scripts/errors-doc.mjs` from src/base/situation.ts and src/packetio/stream-error.ts; do not edit. -->",
    "",
    "An RPC that fails as a whole has a gRPC status and a message, and no details. An update or an element of a Read that fails",
    'has a `p4.v1.Error` in the details of the batch: `canonical_code`, `message`, `space` "p4rtd", and the `code` of this page,',
    "which stays what it is from release to release. Messages may change; they name the thing, the value, the rule, and what would",
    "be right. Messages and codes are left out where a batch's errors would not fit the client's trailers ([LIMITATIONS](../LIMITATIONS.md)).",
    "`test/golden/refusals/` has an example of each.",
    "",
    "## Updates and reads",
    "",
    "| code | situation | canonical code | |",
    "|--:|---|---|---|",
    ...table(updates),
    "",
    "## PacketOut",
    "",
    "In a `StreamError`, which may come late, and not for each packet (`stream_errors`).",
    "",
    "| code | situation | canonical code | |",
    "|--:|---|---|---|",
    ...table(packets),
    "",
  ].join("\n");
}
