/** Entities of the store → `ReadResponse` bytes, straight from their records. */
import type { EntitySink, StoredEntry, StoredMeterCell } from "../entity/entity-sink.js";
import { numberAt, textOf, type RecordLayout, type Slot } from "../entity/record-layout.js";
import type { CloneSession, MulticastGroup } from "../entity/replication.js";
import type { TableSchema } from "../entity/schema.js";
import type { CounterData } from "../entity/table-entry.js";
import { canonicalStart } from "../entity/bits.js";
import { ByteWriter } from "./byte-writer.js";
import { encodeCounterCell, encodeMeterCell } from "./encode-cell.js";
import { encodeCloneSession, encodeMulticastGroup } from "./encode-replication.js";
import { encodeCounterData, encodeMeterConfig, encodeMeterCounterData } from "./encode-resource.js";

/** A response is handed on when it reaches this size; well below the 4 MiB that clients take (RED-11). */
const responseBytes = 64 * 1024;

/** Collects entities into ReadResponses. `full` tells when `take` should be called. */
export class ReadResponseEncoder implements EntitySink {
  readonly #writer = new ByteWriter();
  #record = Buffer.alloc(256);

  get full(): boolean {
    return this.#writer.pos >= responseBytes;
  }

  get empty(): boolean {
    return this.#writer.pos === 0;
  }

  /** The ReadResponse collected so far; the next one begins. */
  take(): Buffer {
    const response = this.#writer.take();
    this.#writer.reset();
    return response;
  }

  tableEntry(schema: TableSchema, entry: StoredEntry): void {
    const writer = this.#writer;
    const entity = writer.open(0x0a);
    const body = writer.open(0x12);
    this.#key(schema, entry);
    if (entry.action !== "") this.#action(schema, entry.action);
    const { metadata, controllerMetadata, meter } = entry.extras;
    if (!entry.isDefault) this.#priority(entry);
    if (controllerMetadata !== 0n) {
      writer.tag(0x28);
      writer.uint64(controllerMetadata);
    }
    if (entry.wantMeter && meter !== undefined) encodeMeterConfig(writer, 0x32, meter);
    if (entry.counter !== undefined) encodeCounterData(writer, 0x3a, entry.counter);
    if (entry.isDefault) this.#flag(0x40);
    if (metadata.length > 0) writer.bytesField(0x5a, metadata);
    if (entry.meterCounter !== undefined) encodeMeterCounterData(writer, 0x62, entry.meterCounter);
    if (entry.isConst) this.#flag(0x68);
    writer.close(body);
    writer.close(entity);
  }

  directCounter(schema: TableSchema, entry: StoredEntry, counter: CounterData): void {
    const writer = this.#writer;
    const entity = writer.open(0x0a);
    const body = writer.open(0x42);
    this.#ref(schema, entry);
    encodeCounterData(writer, 0x12, counter);
    writer.close(body);
    writer.close(entity);
  }

  directMeter(schema: TableSchema, entry: StoredEntry): void {
    const writer = this.#writer;
    const entity = writer.open(0x0a);
    const body = writer.open(0x32);
    this.#ref(schema, entry);
    if (entry.extras.meter !== undefined) encodeMeterConfig(writer, 0x12, entry.extras.meter);
    if (entry.meterCounter !== undefined) encodeMeterCounterData(writer, 0x1a, entry.meterCounter);
    writer.close(body);
    writer.close(entity);
  }

  multicastGroup(id: number, group: MulticastGroup): void {
    encodeMulticastGroup(this.#writer, id, group);
  }

  cloneSession(id: number, session: CloneSession): void {
    encodeCloneSession(this.#writer, id, session);
  }

  counterCell(id: number, index: bigint, data: CounterData): void {
    encodeCounterCell(this.#writer, id, index, data);
  }

  meterCell(id: number, index: bigint, cell: StoredMeterCell): void {
    encodeMeterCell(this.#writer, id, index, cell);
  }

  /** The key of `entry` as a `TableEntry` of its own. */
  #ref(schema: TableSchema, entry: StoredEntry): void {
    const body = this.#writer.open(0x0a);
    this.#key(schema, entry);
    if (entry.isDefault) this.#flag(0x40);
    else this.#priority(entry);
    this.#writer.close(body);
  }

  #flag(tag: number): void {
    this.#writer.tag(tag);
    this.#writer.bool(true);
  }

  #load(record: string): Buffer {
    if (this.#record.length < record.length) this.#record = Buffer.alloc(2 * record.length);
    this.#record.write(record, 0, "latin1");
    return this.#record;
  }

  #priority(entry: StoredEntry): void {
    const priority =
      (entry.key.charCodeAt(0) << 24) |
      (entry.key.charCodeAt(1) << 16) |
      (entry.key.charCodeAt(2) << 8) |
      entry.key.charCodeAt(3);
    if (priority === 0) return;
    this.#writer.tag(0x20);
    this.#writer.int32(priority);
  }

  #key(schema: TableSchema, entry: StoredEntry): void {
    const writer = this.#writer;
    writer.tag(0x08);
    writer.uint32(schema.table.id);
    if (entry.isDefault) return;
    const record = this.#load(entry.key);
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
        this.#bits(0x0a, record, offset, bytes);
        writer.close(value);
        return;
      }
      case "optional": {
        const value = writer.open(0x3a);
        this.#bits(0x0a, record, offset + 1, bytes);
        writer.close(value);
        return;
      }
      case "ternary":
      case "range": {
        const value = writer.open(slot.kind === "ternary" ? 0x1a : 0x32);
        this.#bits(0x0a, record, offset, bytes);
        this.#bits(0x12, record, offset + bytes, bytes);
        writer.close(value);
        return;
      }
      case "lpm": {
        const value = writer.open(0x22);
        this.#bits(0x0a, record, offset, bytes);
        writer.tag(0x10);
        writer.int32(numberAt(record, offset + bytes, 2));
        writer.close(value);
        return;
      }
    }
  }

  #bits(tag: number, record: Buffer, offset: number, bytes: number): void {
    const start = canonicalStart(record, offset, bytes);
    this.#writer.tag(tag);
    this.#writer.uint32(offset + bytes - start);
    this.#writer.raw(record, start, offset + bytes);
  }

  #action(schema: TableSchema, action: string): void {
    const writer = this.#writer;
    const record = this.#load(action);
    const id = record.readUInt32BE(0);
    const layout = schema.actions.get(id)?.layout;
    const outer = writer.open(0x1a);
    const inner = writer.open(0x0a);
    writer.tag(0x08);
    writer.uint32(id);
    for (const [i, slot] of (layout?.slots ?? []).entries()) {
      const param = writer.open(0x22);
      writer.tag(0x10);
      writer.uint32(schema.actions.get(id)?.action.params[i]?.id ?? 0);
      if (slot.format.kind === "sdn-string" && layout !== undefined) writer.bytesField(0x1a, textOf(record, layout, i));
      else this.#bits(0x1a, record, slot.offset, slot.bytes);
      writer.close(param);
    }
    writer.close(inner);
    writer.close(outer);
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
