/** Default entries as the program loads them. */
import type { ActionSchema, EntitySchema } from "../entity/schema.js";

/** Action records by table id, in latin1; a table whose program names no default action is left out (DEF-12, DEF-14). */
export function initialDefaults(schema: EntitySchema): ReadonlyMap<number, string> {
  const records = new Map<number, string>();
  for (const [id, { table, actions }] of schema.tables) {
    const initial = table.initialDefault;
    const action = initial === undefined ? undefined : actions.get(initial.action.id);
    if (initial !== undefined && action !== undefined) records.set(id, actionRecord(action, initial.args));
  }
  return records;
}

/** The P4Info was verified: every argument is there. A value wider than its parameter loses its upper bytes. */
function actionRecord({ action, layout }: ActionSchema, args: ReadonlyMap<number, Uint8Array>): string {
  const record = Buffer.alloc(layout.maxBytes);
  record.writeUInt32BE(action.id, 0);
  let length = layout.fixedBytes;
  for (const param of action.params) {
    const slot = layout.slots[param.index];
    const value = args.get(param.id);
    if (slot === undefined || value === undefined) continue;
    if (slot.format.kind === "sdn-string") {
      record.writeUInt16BE(value.length, slot.offset);
      record.set(value, length);
      length += value.length;
    } else {
      const kept = value.subarray(Math.max(0, value.length - slot.bytes));
      record.set(kept, slot.offset + slot.bytes - kept.length);
    }
  }
  return record.toString("latin1", 0, length);
}
