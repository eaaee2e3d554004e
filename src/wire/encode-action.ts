/** Action records → `Action` messages. */
import { canonicalStart } from "../entity/bits.js";
import { textOf } from "../entity/record-layout.js";
import type { ActionSchema } from "../entity/schema.js";
import type { ByteWriter } from "./byte-writer.js";

/** Appends the field `tag` with the action that `record` holds; `actions` by id. */
export function encodeAction(
  writer: ByteWriter,
  tag: number,
  record: Buffer,
  actions: ReadonlyMap<number, ActionSchema>,
): void {
  const id = record.readUInt32BE(0);
  const schema = actions.get(id);
  const body = writer.open(tag);
  writer.tag(0x08);
  writer.uint32(id);
  for (const [i, slot] of (schema?.layout.slots ?? []).entries()) {
    const param = writer.open(0x22);
    writer.tag(0x10);
    writer.uint32(schema?.action.params[i]?.id ?? 0);
    if (slot.format.kind === "sdn-string" && schema !== undefined)
      writer.bytesField(0x1a, textOf(record, schema.layout, i));
    else encodeBits(writer, 0x1a, record, slot.offset, slot.bytes);
    writer.close(param);
  }
  writer.close(body);
}

/** Appends the field `tag` with the number in `bytes` bytes at `offset`, in canonical form. */
export function encodeBits(writer: ByteWriter, tag: number, record: Buffer, offset: number, bytes: number): void {
  const start = canonicalStart(record, offset, bytes);
  writer.tag(tag);
  writer.uint32(offset + bytes - start);
  writer.raw(record, start, offset + bytes);
}
