/** Default entries as the program loads them. */
import { checkText, decodeBits } from "../entity/bits.js";
import { maxTextBytes } from "../pipeline/pipeline.js";
import type { ActionSchema, EntitySchema } from "../entity/schema.js";

/**
 * Action records by table id, in latin1; a table whose program names no default action is left out (DEF-12, DEF-14).
 * @throws StatusError INVALID_ARGUMENT if an argument does not fit its parameter
 */
export function initialDefaults(schema: EntitySchema): ReadonlyMap<number, string> {
  const records = new Map<number, string>();
  for (const [id, { table, actions }] of schema.tables) {
    const initial = table.initialDefault;
    const action = initial === undefined ? undefined : actions.get(initial.action.id);
    if (initial !== undefined && action !== undefined)
      records.set(id, actionRecord(action, initial.args, `default action of table '${table.alias}': argument`));
  }
  return records;
}

/** The P4Info was verified: every argument is there. */
function actionRecord({ action, layout }: ActionSchema, args: ReadonlyMap<number, Uint8Array>, what: string): string {
  const record = Buffer.alloc(layout.maxBytes);
  record.writeUInt32BE(action.id, 0);
  let length = layout.fixedBytes;
  for (const { id, name, index, format } of action.params) {
    const slot = layout.slots[index];
    const value = args.get(id);
    if (slot === undefined || value === undefined) continue;
    if (format.kind === "bits") {
      decodeBits(value, 0, value.length, format.width, record, slot.offset, slot.bytes, what, name);
      continue;
    }
    checkText(value, maxTextBytes, what, name);
    record.writeUInt16BE(value.length, slot.offset);
    record.set(value, length);
    length += value.length;
  }
  return record.toString("latin1", 0, length);
}
