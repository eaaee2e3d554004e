/** Entities of the store → `ReadResponse` bytes, straight from their records. */
import type { ActionGroup } from "../entity/action-profile.js";
import type { EntitySink, StoredEntry, StoredMeterCell } from "../entity/entity-sink.js";
import type { CloneSession, MulticastGroup } from "../entity/replication.js";
import type { ProfileSchema, TableSchema } from "../entity/schema.js";
import type { CounterData } from "../entity/table-entry.js";
import { ByteWriter } from "./byte-writer.js";
import { encodeAction } from "./encode-action.js";
import { encodeActionGroup, encodeActionMember, encodeSelection } from "./encode-action-profile.js";
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
    this.#action(schema, entry);
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

  actionMember({ profile, tables }: ProfileSchema, id: number, action: string): void {
    encodeActionMember(this.#writer, profile.id, id, (tag) => {
      const [table] = tables;
      if (table !== undefined) encodeAction(this.#writer, tag, this.#keys.load(action), table.actions);
    });
  }

  actionGroup({ profile }: ProfileSchema, id: number, group: ActionGroup): void {
    encodeActionGroup(this.#writer, profile.id, id, group);
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

  #action({ actions }: TableSchema, { action, extras }: StoredEntry): void {
    if (action === "" && extras.selection === undefined) return;
    const writer = this.#writer;
    const body = writer.open(0x1a);
    if (extras.selection === undefined) encodeAction(writer, 0x0a, this.#keys.load(action), actions);
    else
      encodeSelection(writer, extras.selection, (tag, record) =>
        encodeAction(writer, tag, this.#keys.load(record), actions),
      );
    writer.close(body);
  }
}
