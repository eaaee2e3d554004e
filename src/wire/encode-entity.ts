/** Entities of the store → `ReadResponse` bytes, straight from their records. */
import type { EntitySink, StoredEntry, StoredMeterCell } from "../entity/entity-sink.js";
import { textOf } from "../entity/record-layout.js";
import type { CloneSession, MulticastGroup } from "../entity/replication.js";
import type { TableSchema } from "../entity/schema.js";
import type { CounterData } from "../entity/table-entry.js";
import { ByteWriter } from "./byte-writer.js";
import { encodeCounterCell, encodeMeterCell } from "./encode-cell.js";
import { KeyEncoder } from "./encode-key.js";
import { encodeCloneSession, encodeMulticastGroup } from "./encode-replication.js";
import { encodeCounterData, encodeMeterConfig, encodeMeterCounterData } from "./encode-resource.js";

/** A response is handed on when it reaches this size; well below the 4 MiB that clients take (RED-11). */
const responseBytes = 64 * 1024;

/** Collects entities into ReadResponses. `full` tells when `take` should be called. */
export class ReadResponseEncoder implements EntitySink {
  readonly #writer = new ByteWriter();
  readonly #keys = new KeyEncoder(this.#writer);

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
    this.#keys.key(schema, entry);
    if (entry.action !== "") this.#action(schema, entry.action);
    const { metadata, controllerMetadata, meter, aging } = entry.extras;
    if (!entry.isDefault) this.#keys.priority(entry.key);
    if (controllerMetadata !== 0n) {
      writer.tag(0x28);
      writer.uint64(controllerMetadata);
    }
    if (entry.wantMeter && meter !== undefined) encodeMeterConfig(writer, 0x32, meter);
    if (entry.counter !== undefined) encodeCounterData(writer, 0x3a, entry.counter);
    if (entry.isDefault) this.#flag(0x40);
    if (aging !== undefined && aging.timeoutNs !== 0n) {
      writer.tag(0x48);
      writer.int64(aging.timeoutNs);
    }
    if (entry.elapsedNs !== undefined) this.#elapsed(entry.elapsedNs);
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

  counterCell(id: number, index: bigint | undefined, data: CounterData): void {
    encodeCounterCell(this.#writer, id, index, data);
  }

  meterCell(id: number, index: bigint | undefined, cell: StoredMeterCell): void {
    encodeMeterCell(this.#writer, id, index, cell);
  }

  /** The key of `entry` as a `TableEntry` of its own. */
  #ref(schema: TableSchema, entry: StoredEntry): void {
    const body = this.#writer.open(0x0a);
    this.#keys.key(schema, entry);
    if (entry.isDefault) this.#flag(0x40);
    else this.#keys.priority(entry.key);
    this.#writer.close(body);
  }

  #elapsed(elapsedNs: bigint): void {
    const body = this.#writer.open(0x52);
    if (elapsedNs !== 0n) {
      this.#writer.tag(0x08);
      this.#writer.int64(elapsedNs);
    }
    this.#writer.close(body);
  }

  #flag(tag: number): void {
    this.#writer.tag(tag);
    this.#writer.bool(true);
  }

  #action(schema: TableSchema, action: string): void {
    const writer = this.#writer;
    const record = this.#keys.load(action);
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
      else this.#keys.bits(0x1a, record, slot.offset, slot.bytes);
      writer.close(param);
    }
    writer.close(inner);
    writer.close(outer);
  }
}
