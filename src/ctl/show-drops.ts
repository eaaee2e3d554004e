/** `p4rtctl show drops`: one line per reason. */
import type { DropLine } from "../wire/admin.js";
import type { Json } from "./json-text.js";
import { columns, tableText } from "./table-text.js";

/** Those worth a look: all, or those that occurred. */
export function shownDrops(lines: readonly DropLine[], which: "all" | "counted"): readonly DropLine[] {
  return which === "all" ? lines : lines.filter(({ count }) => count > 0);
}

/** For people. */
export function dropsText(lines: readonly DropLine[]): string {
  if (lines.length === 0) return "no frame was dropped (--all lists every reason)";
  const rows = lines.map(({ deviceId, reason, count, meaning }) => [String(deviceId), reason, String(count), meaning]);
  return tableText(columns(["DEVICE", "REASON", "COUNT", "MEANING"], ["DEVICE", "COUNT"]), rows).join("\n");
}

/** For programs, in the names of admin.proto. */
export function dropsJson(lines: readonly DropLine[]): Json {
  return {
    drops: lines.map(({ deviceId, reason, count, meaning }) => ({ device_id: deviceId, reason, count, meaning })),
  };
}
