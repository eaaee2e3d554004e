/** Canonical records in words, for messages. */
import { headNumber, numberAt, textOf, type RecordLayout, type Slot } from "./record-layout.js";
import type { TableSchema } from "./schema.js";

const hex = (record: Buffer, offset: number, bytes: number): string =>
  `0x${record.toString("hex", offset, offset + bytes)}`;

/**
 * Such as `priority 1, ether_type 0x88cc/0xffff, is_ipv4 0x01`: what is not don't care, in the order of the fields.
 * @param key record in latin1; "" is the default entry
 */
export function describeKey(schema: TableSchema, key: string): string {
  if (key === "") return "the default entry";
  const parts = describeSlots(schema.key, Buffer.from(key, "latin1"));
  if (schema.table.needsPriority) parts.unshift(`priority ${headNumber(key)}`);
  return parts.join(", ");
}

/** Each slot of `record` that is not don't care, such as `ttl 0x01/0xff`. */
export function describeSlots(layout: RecordLayout, record: Buffer): string[] {
  return slotTexts(layout, record).map(({ name, value }) => `${name} ${value}`);
}

/** The same, name and value apart. */
export function slotTexts(layout: RecordLayout, record: Buffer): { readonly name: string; readonly value: string }[] {
  const texts: { readonly name: string; readonly value: string }[] = [];
  for (const [i, slot] of layout.slots.entries()) {
    const value = slot.format.kind === "sdn-string" ? text(textOf(record, layout, i)) : number(record, slot);
    if (value !== undefined) texts.push({ name: slot.name, value });
  }
  return texts;
}

function text(value: Uint8Array): string | undefined {
  return value.length === 0 ? undefined : `'${Buffer.from(value).toString()}'`;
}

/** The value of a slot as its kind of match writes it; undefined if it is don't care. */
function number(record: Buffer, slot: Slot): string | undefined {
  const { kind, offset, bytes } = slot;
  switch (kind) {
    case "exact":
    case "param":
      return hex(record, offset, bytes);
    case "optional":
      return record[offset] === 0 ? undefined : hex(record, offset + 1, bytes);
    case "ternary":
      if (record.subarray(offset + bytes, offset + 2 * bytes).every((byte) => byte === 0)) return undefined;
      return `${hex(record, offset, bytes)}/${hex(record, offset + bytes, bytes)}`;
    case "lpm": {
      const prefix = numberAt(record, offset + bytes, 2);
      return prefix === 0 ? undefined : `${hex(record, offset, bytes)}/${prefix}`;
    }
    case "range":
      return `${hex(record, offset, bytes)}..${hex(record, offset + bytes, bytes)}`;
  }
}
