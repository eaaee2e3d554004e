/** `ReadRequest` bytes → header, and queries against the pipeline in force. */
import { refusal } from "../base/situation.js";
import type { DirectQuery, QueryDecoder, ReadQuery } from "../entity/read-query.js";
import { headBytes } from "../entity/record-layout.js";
import type { EntitySchema, TableSchema } from "../entity/schema.js";
import { TableEntryDraft } from "../entity/table-entry.js";
import { ByteReader } from "./byte-reader.js";
import { CellDecoder } from "./decode-cell.js";
import { TableEntryDecoder, noIdleTimeout, noMeterCounters, tableSchema } from "./decode-table-entry.js";
import { ActionProfileDecoder } from "./decode-action-profile.js";
import { EntityParts } from "./decode-write.js";
import { ReplicationDecoder } from "./decode-replication.js";
import { Span } from "./span.js";

export interface ReadHeader {
  readonly deviceId: bigint;
  readonly role: string;
  readonly queries: QueryDecoder;
}

/** @throws StatusError INVALID_ARGUMENT if `bytes` are no ReadRequest */
export function decodeReadRequest(bytes: Uint8Array): ReadHeader {
  const reader = new ByteReader();
  let deviceId = 0n;
  let role = "";
  let at = new Int32Array(16);
  let count = 0;
  reader.begin(bytes);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x08) deviceId = reader.uint64();
    else if (tag === 0x1a) role = reader.string();
    else if (tag === 0x12) {
      const length = reader.length();
      if (2 * count === at.length) {
        const grown = new Int32Array(at.length * 2);
        grown.set(at);
        at = grown;
      }
      at[2 * count] = reader.pos;
      at[2 * count + 1] = reader.pos += length;
      count++;
    } else reader.skip();
  }
  return { deviceId, role, queries: new Queries(reader, bytes, at, count) };
}

class Queries implements QueryDecoder {
  readonly count: number;
  readonly #reader: ByteReader;
  readonly #bytes: Uint8Array;
  /** Start and end of entity i at 2i and 2i + 1. */
  readonly #at: Int32Array;
  readonly #entity = new Span();
  readonly #parts = new EntityParts();
  readonly #entries: TableEntryDecoder;
  readonly #replication: ReplicationDecoder;
  readonly #cells: CellDecoder;
  readonly #profiles: ActionProfileDecoder;
  readonly #draft = new TableEntryDraft();

  constructor(reader: ByteReader, bytes: Uint8Array, at: Int32Array, count: number) {
    this.#reader = reader;
    this.#bytes = bytes;
    this.#at = at;
    this.#cells = new CellDecoder(reader);
    this.count = count;
    this.#entries = new TableEntryDecoder(reader);
    this.#replication = new ReplicationDecoder(reader);
    this.#profiles = new ActionProfileDecoder(reader, this.#entries.actions.actions);
  }

  decode(index: number, schema: EntitySchema): ReadQuery {
    this.#entity.clear();
    this.#entity.add(this.#bytes, this.#at[2 * index] ?? 0, this.#at[2 * index + 1] ?? 0);
    this.#reader.begin(this.#entity.bytes, this.#entity.start, this.#entity.end);
    this.#parts.scan(this.#reader, this.#entity);
    const { at, number } = this.#parts;
    switch (number) {
      case 0:
        throw refusal("no-entity", "the entity to read is not set; ask for each kind with its own wildcard");
      case 2:
        this.#entries.parts.scan(this.#reader, at.bytes, at.start, at.end);
        return this.#tableEntry(schema);
      case 3:
        return this.#profiles.query(at, "action-members", schema);
      case 4:
        return this.#profiles.query(at, "action-groups", schema);
      case 6:
      case 8:
        return this.#direct(number === 8 ? "direct-counter" : "direct-meter", schema);
      case 5:
        return this.#cells.meterQuery(at, schema);
      case 7:
        return this.#cells.counterQuery(at, schema);
      case 9:
        return this.#replication.query(at);
      default:
        throw refusal("unsupported-entity", `${this.#parts.name} is not implemented`);
    }
  }

  #tableEntry(schema: EntitySchema): ReadQuery {
    const { parts } = this.#entries;
    const wanted = {
      counter: parts.counter.present,
      meter: parts.meter.present,
      meterCounter: parts.meterCounter.present && schema.meterCounters,
      timeSinceLastHit: parts.timeSinceLastHit.present,
    };
    const metadata = parts.metadata.length > 0 ? Uint8Array.from(parts.metadata) : undefined;
    const controllerMetadata = parts.controllerMetadata !== 0n ? parts.controllerMetadata : undefined;
    const base = { kind: "table-entry", defaults: parts.isDefault, metadata, controllerMetadata, wanted } as const;
    if (parts.tableId === 0) {
      if (
        parts.matches > 0 ||
        parts.action.present ||
        parts.priority !== 0 ||
        metadata !== undefined ||
        controllerMetadata !== undefined
      )
        throw refusal(
          "bad-filter",
          "table_id 0 reads all tables and takes no match, action, priority, metadata or controller_metadata",
        );
      return {
        ...base,
        tables: [...schema.tables.values()],
        key: undefined,
        match: undefined,
        priority: undefined,
        actionId: undefined,
      };
    }
    const table = tableSchema(parts.tableId, schema);
    this.#checkReadable(table, schema);
    const keyed = this.#key(table, schema);
    const actionId = parts.action.present ? this.#entries.actions.filter(parts.action, table) : undefined;
    return { ...base, tables: [table], ...keyed, actionId };
  }

  /** IDL-01, IDL-02, DEF-10, DIR-14. An idle timeout may be named and filters nothing. */
  #checkReadable(schema: TableSchema, entities: EntitySchema): void {
    const { parts } = this.#entries;
    const { table } = schema;
    const asksTimeout = parts.timeSinceLastHit.present || parts.idleTimeoutNs !== 0n;
    if (asksTimeout && parts.isDefault)
      throw refusal("no-idle-timeout", `table '${table.alias}': the default entry has no idle timeout`);
    if (asksTimeout && !table.idleTimeout) throw noIdleTimeout(schema);
    if (parts.idleTimeoutNs < 0n)
      throw refusal(
        "negative-number",
        `table '${table.alias}': idle_timeout_ns ${parts.idleTimeoutNs.toString()} is negative`,
      );
    if (parts.meterCounter.present && parts.matches > 0 && table.meter !== undefined && !entities.meterCounters)
      throw noMeterCounters(schema);
  }

  /** The full key, the match with any priority, or nothing: RDT-04, RDT-06, RDT-07, RDT-08, CTR-10, CTR-26. */
  #key(table: TableSchema, schema: EntitySchema): Pick<DirectQuery, "key" | "match" | "priority"> {
    const { parts } = this.#entries;
    if (parts.priority < 0)
      throw refusal("bad-priority", `table '${table.table.alias}': priority ${parts.priority} is negative`);
    if (parts.priority !== 0 && !table.table.needsPriority)
      throw refusal(
        "bad-priority",
        `table '${table.table.alias}': priority must be 0, not ${parts.priority}: the key has only EXACT and LPM fields`,
      );
    const unkeyed = { key: undefined, match: undefined, priority: undefined };
    if (parts.matches === 0 && !parts.isDefault)
      return parts.priority === 0 ? unkeyed : { ...unkeyed, priority: parts.priority };
    this.#draft.begin(table);
    this.#entries.key(table, schema, this.#draft, { anyPriority: true });
    if (parts.isDefault) return unkeyed;
    if (table.table.needsPriority && parts.priority === 0)
      return { ...unkeyed, match: this.#draft.keyBytes.toString("latin1", headBytes, this.#draft.keyLength) };
    return { ...unkeyed, key: this.#draft.key() };
  }

  #direct(kind: "direct-counter" | "direct-meter", schema: EntitySchema): ReadQuery {
    const reader = this.#reader;
    const { at } = this.#parts;
    const entry = new Span();
    let asksColours = false;
    reader.reset(at.bytes, at.start, at.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag !== 0x0a) {
        if (tag === 0x1a) asksColours = true;
        reader.skip();
        continue;
      }
      entry.take(reader);
    }
    const { parts } = this.#entries;
    parts.scan(reader, entry.bytes, entry.present ? entry.start : 0, entry.present ? entry.end : 0);
    const meterCounter = asksColours && kind === "direct-meter" && schema.meterCounters;
    const has = (table: TableSchema) =>
      (kind === "direct-counter" ? table.table.counter : table.table.meter) !== undefined;
    if (parts.tableId === 0) {
      if (parts.matches > 0 || parts.priority !== 0)
        throw refusal("bad-filter", "table_id 0 reads all tables and takes no match or priority");
      return {
        kind,
        meterCounter,
        tables: [...schema.tables.values()].filter(has),
        defaults: parts.isDefault,
        key: undefined,
        match: undefined,
        priority: undefined,
      };
    }
    const table = tableSchema(parts.tableId, schema);
    if (!has(table))
      throw refusal(
        kind === "direct-counter" ? "no-direct-counter" : "no-direct-meter",
        `table '${table.table.alias}' has no ${kind.replace("-", " ")}`,
      );
    if (kind === "direct-meter" && asksColours && !meterCounter && parts.matches > 0) throw noMeterCounters(table);
    return { kind, meterCounter, tables: [table], defaults: parts.isDefault, ...this.#key(table, schema) };
  }
}
