/** Table entries: what one holds beside its key and action, and the draft an update is decoded into. */
import type { Selection } from "./action-profile.js";
import type { Aging } from "./aging.js";
import type { RecordLayout } from "./record-layout.js";
import type { ActionSchema, TableSchema } from "./schema.js";

export type UpdateType = "insert" | "modify" | "delete";

/** Rates per second and bursts, each 0 … 2^63 − 1. @see P4Runtime §9.4 */
export interface MeterConfig {
  readonly cir: bigint;
  readonly cburst: bigint;
  readonly pir: bigint;
  readonly pburst: bigint;
  readonly eburst: bigint;
}

/** Each 0 … 2^63 − 1. */
export interface CounterData {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** What frames of each colour of a meter have counted. @see P4Runtime §9.4.3 */
export interface MeterCounterData {
  readonly green: CounterData;
  readonly yellow: CounterData;
  readonly red: CounterData;
}

/** What few entries have: kept apart so that the others do not pay for it. */
export interface Extras {
  /** Opaque; empty if unset (TBL-16). */
  readonly metadata: Uint8Array;
  /** Deprecated uint64, independent of `metadata` (TBL-17). */
  readonly controllerMetadata: bigint;
  readonly meter: MeterConfig | undefined;
  /** Set for match entries of tables with idle timeouts, and for them alone. */
  readonly aging: Aging | undefined;
  /** What an entry has instead of an action where an action profile implements the table. */
  readonly selection: Selection | undefined;
}

export const noExtras: Extras = {
  metadata: new Uint8Array(0),
  controllerMetadata: 0n,
  meter: undefined,
  aging: undefined,
  selection: undefined,
};

const nothing: Buffer = Buffer.alloc(0);

/** True if nothing in `extras` is set. */
export function extrasEmpty(extras: Extras): boolean {
  const { metadata, controllerMetadata, meter, selection, aging } = extras;
  if (metadata.length > 0 || controllerMetadata !== 0n || meter !== undefined) return false;
  return selection === undefined && aging === undefined;
}

/**
 * One table entry as an update or a read names it. A draft is used again for the next update: whoever keeps a part
 * of it copies that part.
 */
export class TableEntryDraft {
  schema: TableSchema | undefined;
  isDefault = false;
  /** Key record: `keyBytes.subarray(0, keyLength)`. */
  keyBytes: Buffer = nothing;
  keyLength = 0;
  /** The action, undefined if the message had none; then `actionLength` is 0. */
  action: ActionSchema | undefined;
  actionBytes: Buffer = nothing;
  actionLength = 0;
  /** Set if the message had one; then `action` is undefined. */
  selection: Selection | undefined;
  /** Borrowed from the request. */
  metadata: Uint8Array = noExtras.metadata;
  controllerMetadata = 0n;
  meter: MeterConfig | undefined;
  /** As written; not 0 only in tables with idle timeouts. */
  idleTimeoutNs = 0n;
  /** Set if the message had counter_data. */
  counter: CounterData | undefined;
  /** True if the message had meter_counter_data, which can only clear. */
  clearsMeterCounters = false;

  /** Begins an entry of `schema`: every field don't care, nothing else set. */
  begin(schema: TableSchema): void {
    this.schema = schema;
    this.isDefault = false;
    this.action = undefined;
    this.actionLength = 0;
    this.selection = undefined;
    this.metadata = noExtras.metadata;
    this.controllerMetadata = 0n;
    this.meter = undefined;
    this.idleTimeoutNs = 0n;
    this.counter = undefined;
    this.clearsMeterCounters = false;
    this.keyBytes = roomy(this.keyBytes, schema.key);
    for (let i = 0; i < schema.emptyKey.length; i++) this.keyBytes[i] = schema.emptyKey[i] ?? 0;
    this.keyLength = schema.key.fixedBytes;
  }

  /** Begins the action record. */
  beginAction(action: ActionSchema): void {
    this.action = action;
    this.actionBytes = roomy(this.actionBytes, action.layout);
    for (let i = 0; i < action.layout.fixedBytes; i++) this.actionBytes[i] = 0;
    this.actionBytes.writeUInt32BE(action.action.id, 0);
    this.actionLength = action.layout.fixedBytes;
  }

  /** The key as a map key: the record in latin1; "" names the default entry. */
  key(): string {
    return this.isDefault ? "" : this.keyBytes.toString("latin1", 0, this.keyLength);
  }

  /** The action record in latin1; "" if there is no action. */
  actionRecord(): string {
    return this.action?.bare ?? this.actionBytes.toString("latin1", 0, this.actionLength);
  }

  /** What the draft holds beside key, action, idle timeout and counter; shared if there is nothing. */
  extras(): Extras {
    const { metadata, controllerMetadata, meter, selection } = this;
    if (metadata.length === 0 && controllerMetadata === 0n && meter === undefined && selection === undefined)
      return noExtras;
    return { metadata: Uint8Array.from(metadata), controllerMetadata, meter, aging: undefined, selection };
  }
}

/** What it holds is for the caller to overwrite. */
function roomy(buffer: Buffer, layout: RecordLayout): Buffer {
  return buffer.length < layout.maxBytes ? Buffer.allocUnsafe(layout.maxBytes) : buffer;
}
