/** Key records → the fields of a `TableEntry` that name it. */
import type { StoredEntry } from "../entity/entity-sink.js";
import { numberAt, textOf, type RecordLayout, type Slot } from "../entity/record-layout.js";
import type { TableSchema } from "../entity/schema.js";
import type { ByteWriter } from "./byte-writer.js";
import { encodeBits } from "./encode-action.js";

/** Writes into the message that is open in a writer of the caller's. */
export class KeyEncoder {
  readonly #writer: ByteWriter;
  #record = Buffer.alloc(256);

  constructor(writer: ByteWriter) {
    this.#writer = writer;
  }

  /** `table_id` and, but for a default entry, the match fields that are not don't care. */
  key(schema: TableSchema, entry: Pick<StoredEntry, "key" | "isDefault">): void {
    const writer = this.#writer;
    writer.tag(0x08);
    writer.uint32(schema.table.id);
    if (entry.isDefault) return;
    const record = this.load(entry.key);
    const { slots } = schema.key;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i];
      const field = schema.table.fields[i];
      if (slot === undefined || field === undefined || !present(record, slot)) continue;
      const match = writer.open(0x12);
      writer.tag(0x08);
      writer.uint32(field.id);
      this.#match(record, slot, schema.key, i);
      writer.close(match);
    }
  }

  /** The priority of a key record, unless it is 0. */
  priority(key: string): void {
    const priority =
      (key.charCodeAt(0) << 24) | (key.charCodeAt(1) << 16) | (key.charCodeAt(2) << 8) | key.charCodeAt(3);
    if (priority === 0) return;
    this.#writer.tag(0x20);
    this.#writer.int32(priority);
  }

  /** The bytes of `record`, which is latin1; borrowed until the next call. */
  load(record: string): Buffer {
    if (this.#record.length < record.length) this.#record = Buffer.alloc(2 * record.length);
    this.#record.write(record, 0, "latin1");
    return this.#record;
  }

  #match(record: Buffer, slot: Slot, layout: RecordLayout, index: number): void {
    const writer = this.#writer;
    const { offset, bytes } = slot;
    if (slot.format.kind === "sdn-string") {
      const value = writer.open(slot.kind === "optional" ? 0x3a : 0x12);
      writer.bytesField(0x0a, textOf(record, layout, index));
      writer.close(value);
      return;
    }
    switch (slot.kind) {
      case "exact":
      case "param": {
        const value = writer.open(0x12);
        encodeBits(writer, 0x0a, record, offset, bytes);
        writer.close(value);
        return;
      }
      case "optional": {
        const value = writer.open(0x3a);
        encodeBits(writer, 0x0a, record, offset + 1, bytes);
        writer.close(value);
        return;
      }
      case "ternary":
      case "range": {
        const value = writer.open(slot.kind === "ternary" ? 0x1a : 0x32);
        encodeBits(writer, 0x0a, record, offset, bytes);
        encodeBits(writer, 0x12, record, offset + bytes, bytes);
        writer.close(value);
        return;
      }
      case "lpm": {
        const value = writer.open(0x22);
        encodeBits(writer, 0x0a, record, offset, bytes);
        writer.tag(0x10);
        writer.int32(numberAt(record, offset + bytes, 2));
        writer.close(value);
        return;
      }
    }
  }
}

/** True unless the slot holds don't care (MAT-27). */
function present(record: Buffer, slot: Slot): boolean {
  const { offset, bytes } = slot;
  if (slot.format.kind === "sdn-string") return numberAt(record, offset, 2) !== 0;
  switch (slot.kind) {
    case "exact":
    case "param":
      return true;
    case "optional":
      return record[offset] !== 0;
    case "lpm":
      return numberAt(record, offset + bytes, 2) !== 0;
    case "ternary":
      for (let i = offset + bytes; i < offset + 2 * bytes; i++) if (record[i] !== 0) return true;
      return false;
    case "range":
      return !wholeRange(record, offset, bytes, slot.format.width);
  }
}

function wholeRange(record: Buffer, offset: number, bytes: number, width: number): boolean {
  for (let i = 0; i < bytes; i++) {
    const top = i === 0 && width % 8 !== 0 ? (1 << (width % 8)) - 1 : 0xff;
    if (record[offset + i] !== 0 || record[offset + bytes + i] !== top) return false;
  }
  return true;
}
