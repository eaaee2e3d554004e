/** `TableEntry` messages → drafts. One scan finds where everything lies; what is looked at depends on the purpose. */
import { refusal } from "../base/situation.js";
import { maxMetadataBytes, metadataTooLong } from "../entity/metadata.js";
import { checkTablePolicy } from "../entity/policy.js";
import type { EntitySchema, TableSchema } from "../entity/schema.js";
import type { MeterConfig, TableEntryDraft, UpdateType } from "../entity/table-entry.js";
import type { ByteReader } from "./byte-reader.js";
import { KeyDecoder } from "./decode-key.js";
import { checkClears, decodeCounterData, decodeMeterConfig } from "./decode-resource.js";
import { TableActionDecoder } from "./decode-table-action.js";
import { Span } from "./span.js";
import { unknownObject } from "./unknown-object.js";

const nothing: Uint8Array = new Uint8Array(0);

/** A `TableEntry` whose parts have been found but not decoded. */
export class TableEntryParts {
  tableId = 0;
  priority = 0;
  controllerMetadata = 0n;
  idleTimeoutNs = 0n;
  isDefault = false;
  isConst = false;
  metadata = nothing;
  readonly action = new Span();
  readonly meter = new Span();
  readonly counter = new Span();
  readonly meterCounter = new Span();
  readonly timeSinceLastHit = new Span();
  matches = 0;
  /** Start and end of match i at 2i and 2i + 1. */
  readonly matchAt: number[] = [];
  bytes = nothing;

  /** Finds the parts of the message in `bytes[start, end)`. @throws StatusError INVALID_ARGUMENT if it is malformed */
  scan(reader: ByteReader, bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.tableId = 0;
    this.priority = 0;
    this.controllerMetadata = 0n;
    this.idleTimeoutNs = 0n;
    this.isDefault = false;
    this.isConst = false;
    this.metadata = nothing;
    this.action.clear();
    this.meter.clear();
    this.counter.clear();
    this.meterCounter.clear();
    this.timeSinceLastHit.clear();
    this.matches = 0;
    reader.reset(bytes, start, end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      switch (tag) {
        case 0x08:
          this.tableId = reader.uint32();
          break;
        case 0x12:
          this.#match(reader);
          break;
        case 0x1a:
          span(reader, this.action);
          break;
        case 0x20:
          this.priority = reader.int32();
          break;
        case 0x28:
          this.controllerMetadata = reader.uint64();
          break;
        case 0x32:
          span(reader, this.meter);
          break;
        case 0x3a:
          span(reader, this.counter);
          break;
        case 0x40:
          this.isDefault = reader.bool();
          break;
        case 0x48:
          this.idleTimeoutNs = reader.int64();
          break;
        case 0x52:
          span(reader, this.timeSinceLastHit);
          break;
        case 0x5a:
          this.metadata = reader.view();
          break;
        case 0x62:
          span(reader, this.meterCounter);
          break;
        case 0x68:
          this.isConst = reader.bool();
          break;
        default:
          reader.skip();
      }
    }
  }

  #match(reader: ByteReader): void {
    const length = reader.length();
    this.matchAt[this.matches * 2] = reader.pos;
    this.matchAt[this.matches * 2 + 1] = reader.pos += length;
    this.matches++;
  }
}

function span(reader: ByteReader, into: Span): void {
  into.take(reader);
}

export class TableEntryDecoder {
  readonly parts = new TableEntryParts();
  readonly actions: TableActionDecoder;
  readonly #reader: ByteReader;
  readonly #keys: KeyDecoder;

  constructor(reader: ByteReader) {
    this.#reader = reader;
    this.#keys = new KeyDecoder(reader);
    this.actions = new TableActionDecoder(reader);
  }

  /**
   * Decodes an update of type `type` in `bytes[start, end)`. A DELETE looks at the key and `is_const` only (WRT-15, TBL-19).
   * @throws StatusError the update's error
   */
  update(
    bytes: Uint8Array,
    start: number,
    end: number,
    type: UpdateType,
    entities: EntitySchema,
    draft: TableEntryDraft,
  ): void {
    const { parts } = this;
    parts.scan(this.#reader, bytes, start, end);
    const schema = tableSchema(parts.tableId, entities);
    const { table } = schema;
    if (parts.isConst) throw refusal("read-only", `table '${table.alias}': is_const cannot be set by a controller`);
    checkTablePolicy(table, type, parts.isDefault, parts.action.present);
    draft.begin(schema);
    this.key(schema, entities, draft);
    if (type === "delete") return;
    this.#checkTimeouts(schema);
    draft.idleTimeoutNs = parts.idleTimeoutNs;
    if (parts.action.present) this.actions.tableAction(parts.action, schema, entities, draft);
    else if (type === "insert") throw refusal("action-missing", `table '${table.alias}': an entry needs an action`);
    if (parts.metadata.length > maxMetadataBytes)
      throw metadataTooLong(parts.metadata.length, `table '${table.alias}'`);
    draft.metadata = parts.metadata;
    draft.controllerMetadata = parts.controllerMetadata;
    if (parts.meter.present) draft.meter = this.meterConfig(parts.meter, schema);
    if (parts.counter.present) {
      if (table.counter === undefined)
        throw refusal("no-direct-counter", `table '${table.alias}' has no direct counter`);
      draft.counter = decodeCounterData(this.#reader, parts.counter);
    }
    if (parts.meterCounter.present) draft.clearsMeterCounters = this.clears(parts.meterCounter, schema, entities);
  }

  /** Decodes the key that `parts` holds. @throws StatusError INVALID_ARGUMENT (TBL-05 … TBL-08, DEF-03, DEF-04, MAT rows) */
  key(
    schema: TableSchema,
    entities: EntitySchema,
    draft: TableEntryDraft,
    options: { readonly anyPriority?: boolean } = {},
  ): void {
    const { parts } = this;
    const { table } = schema;
    if (parts.isDefault) {
      if (parts.matches > 0) throw refusal("default-entry", `table '${table.alias}': the default entry has no match`);
      if (parts.priority !== 0)
        throw refusal(
          "default-entry",
          `table '${table.alias}': the default entry has no priority, not ${parts.priority}`,
        );
      draft.isDefault = true;
      draft.keyLength = 0;
      return;
    }
    if (parts.priority < 0)
      throw refusal("bad-priority", `table '${table.alias}': priority ${parts.priority} is negative`);
    if (table.needsPriority) {
      if (parts.priority === 0 && options.anyPriority !== true)
        throw refusal(
          "bad-priority",
          `table '${table.alias}': priority must be above 0, the key has TERNARY, RANGE or OPTIONAL fields`,
        );
    } else if (parts.priority !== 0)
      throw refusal(
        "bad-priority",
        `table '${table.alias}': priority must be 0, not ${parts.priority}: the key has only EXACT and LPM fields`,
      );
    draft.keyBytes.writeInt32BE(parts.priority, 0);
    this.#keys.begin(schema);
    for (let i = 0; i < parts.matches; i++)
      this.#keys.field(parts.bytes, parts.matchAt[2 * i] ?? 0, parts.matchAt[2 * i + 1] ?? 0, schema, draft);
    this.#keys.finish(schema, entities, draft);
  }

  /** IDL-01, IDL-02, IDL-12, TBL-22, DEF-10. */
  #checkTimeouts(schema: TableSchema): void {
    const { parts } = this;
    const { table } = schema;
    if (parts.timeSinceLastHit.present)
      throw refusal("read-only", `table '${table.alias}': time_since_last_hit can only be read`);
    if (parts.idleTimeoutNs === 0n) return;
    if (parts.idleTimeoutNs < 0n)
      throw refusal(
        "negative-number",
        `table '${table.alias}': idle_timeout_ns ${parts.idleTimeoutNs.toString()} is negative`,
      );
    if (parts.isDefault)
      throw refusal("no-idle-timeout", `table '${table.alias}': the default entry has no idle timeout`);
    if (!table.idleTimeout) throw noIdleTimeout(schema);
  }

  /** True. @throws StatusError INVALID_ARGUMENT, UNIMPLEMENTED (DIR-11, DIR-12, DIR-14, DIR-15, MTR-20, MTR-22) */
  clears(at: Span, schema: TableSchema, entities: EntitySchema): true {
    if (schema.table.meter === undefined || !entities.meterCounters) throw noMeterCounters(schema);
    checkClears(this.#reader, at);
    return true;
  }

  /** @throws StatusError INVALID_ARGUMENT (MTR-02 … MTR-06, DIR-15) */
  meterConfig(at: Span, { table }: TableSchema): MeterConfig {
    if (table.meter === undefined) throw refusal("no-direct-meter", `table '${table.alias}' has no direct meter`);
    return decodeMeterConfig(this.#reader, at, table.meter);
  }
}

/** @throws StatusError INVALID_ARGUMENT naming what the id is, if anything (WRT-16, WRT-17) */
export function tableSchema(id: number, entities: EntitySchema): TableSchema {
  const schema = entities.tables.get(id);
  if (schema !== undefined) return schema;
  const known = new Map([...entities.tables].map(([tableId, { table }]) => [tableId, table.alias]));
  throw unknownObject(id, { field: "table_id", noun: "a table", known }, entities.pipeline);
}

/** IDL-01, IDL-02. */
export function noIdleTimeout({ table }: TableSchema) {
  return refusal("no-idle-timeout", `table '${table.alias}' does not support idle timeouts`);
}

/** DIR-14, DIR-15, MTR-20. */
export function noMeterCounters({ table }: TableSchema) {
  return table.meter === undefined
    ? refusal("no-direct-meter", `table '${table.alias}' has no direct meter, so no meter_counter_data`)
    : refusal("unsupported", `table '${table.alias}': counters per meter colour are not implemented`);
}
