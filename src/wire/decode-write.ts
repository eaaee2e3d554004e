/** `WriteRequest` bytes → header at once, updates one by one when the switch pulls them. */
import { refusal } from "../base/situation.js";
import type { EntitySchema } from "../entity/schema.js";
import { TableEntryDraft, type UpdateType } from "../entity/table-entry.js";
import type { TableUpdate, Update, UpdateDecoder } from "../entity/update.js";
import { electionId, type ElectionId } from "../session/election-id.js";
import { ByteReader } from "./byte-reader.js";
import { ActionProfileDecoder } from "./decode-action-profile.js";
import { CellDecoder } from "./decode-cell.js";
import { TableEntryDecoder, tableSchema } from "./decode-table-entry.js";
import { ReplicationDecoder } from "./decode-replication.js";
import { decodeCounterData } from "./decode-resource.js";
import { Span } from "./span.js";

/** Everything of a WriteRequest but its updates. `atomicity` is the enum's number as sent. */
export interface WriteHeader {
  readonly deviceId: bigint;
  readonly role: string;
  readonly electionId: ElectionId | undefined;
  readonly atomicity: number;
  readonly updates: UpdateDecoder;
}

/** Updates in one Write. */
export const maxUpdates = 262_144;
/** Other fields of its header, nested and unknown ones too. */
const maxHeaderFields = 1024;

/** @throws StatusError INVALID_ARGUMENT if `bytes` are no WriteRequest, RESOURCE_EXHAUSTED if it has too many updates */
export function decodeWriteRequest(bytes: Uint8Array): WriteHeader {
  const reader = new ByteReader();
  let deviceId = 0n;
  let role = "";
  let atomicity = 0;
  const election = new Span();
  const at: number[] = [];
  reader.begin(bytes, 0, bytes.length, maxUpdates + maxHeaderFields);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case 0x08:
        deviceId = reader.uint64();
        break;
      case 0x1a: {
        election.take(reader);
        break;
      }
      case 0x22: {
        const length = reader.length();
        if (at.length === 2 * maxUpdates)
          throw refusal("full", `more than ${maxUpdates} updates in one Write; split it`);
        at.push(reader.pos, reader.pos + length);
        reader.pos += length;
        break;
      }
      case 0x28:
        atomicity = reader.int32();
        break;
      case 0x32:
        role = reader.string();
        break;
      default:
        reader.skip();
    }
  }
  return {
    deviceId,
    role,
    electionId: decodeElectionId(reader, election),
    atomicity,
    updates: new Updates(reader, bytes, at),
  };
}

/** A `Uint128` as an election id; undefined if the message is absent (ARB-23, ARB-24). */
export function decodeElectionId(reader: ByteReader, at: Span): ElectionId | undefined {
  if (!at.present) return undefined;
  let high = 0n;
  let low = 0n;
  reader.reset(at.bytes, at.start, at.end);
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 0x08) high = reader.uint64();
    else if (tag === 0x10) low = reader.uint64();
    else reader.skip();
  }
  return electionId(high, low);
}

const types: Readonly<Record<number, UpdateType>> = { 1: "insert", 2: "modify", 3: "delete" };

/** Fields of `Entity`, for messages. */
const entityNames: Readonly<Record<number, string>> = {
  1: "ExternEntry",
  2: "TableEntry",
  3: "ActionProfileMember",
  4: "ActionProfileGroup",
  5: "MeterEntry",
  6: "DirectMeterEntry",
  7: "CounterEntry",
  8: "DirectCounterEntry",
  9: "PacketReplicationEngineEntry",
  10: "ValueSetEntry",
  11: "RegisterEntry",
  12: "DigestEntry",
};

/** Which member of the `Entity` oneof a message holds, and where; number 0 if none. */
export class EntityParts {
  number = 0;
  readonly at = new Span();

  get name(): string {
    return entityNames[this.number] ?? `entity ${this.number}`;
  }

  scan(reader: ByteReader, span: Span): void {
    this.number = 0;
    this.at.clear();
    reader.reset(span.bytes, span.start, span.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      const number = reader.fieldNumber;
      if (reader.wireType !== 2 || entityNames[number] === undefined) {
        reader.skip();
        continue;
      }
      const length = reader.length();
      if (number !== this.number) this.at.clear();
      this.number = number;
      this.at.add(reader.bytes, reader.pos, reader.pos + length);
      reader.pos += length;
    }
  }
}

class Updates implements UpdateDecoder {
  readonly count: number;
  readonly #reader: ByteReader;
  readonly #bytes: Uint8Array;
  /** Start and end of update i at 2i and 2i + 1. */
  readonly #at: readonly number[];
  readonly #entity = new Span();
  readonly #parts = new EntityParts();
  readonly #entries: TableEntryDecoder;
  readonly #replication: ReplicationDecoder;
  readonly #cells: CellDecoder;
  readonly #profiles: ActionProfileDecoder;
  readonly #draft = new TableEntryDraft();
  /** One object per type, given out again and again. */
  readonly #tableEntry: Readonly<Record<UpdateType, TableUpdate>>;

  constructor(reader: ByteReader, bytes: Uint8Array, at: readonly number[]) {
    this.#reader = reader;
    this.#bytes = bytes;
    this.#at = at;
    this.count = at.length / 2;
    this.#entries = new TableEntryDecoder(reader);
    this.#replication = new ReplicationDecoder(reader);
    this.#cells = new CellDecoder(reader);
    this.#profiles = new ActionProfileDecoder(reader, this.#entries.actions.actions);
    const entry = this.#draft;
    this.#tableEntry = {
      insert: { kind: "table-entry", type: "insert", entry },
      modify: { kind: "table-entry", type: "modify", entry },
      delete: { kind: "table-entry", type: "delete", entry },
    };
  }

  decode(index: number, schema: EntitySchema): Update {
    const type = this.#type(this.#at[2 * index] ?? 0, this.#at[2 * index + 1] ?? 0);
    this.#parts.scan(this.#reader, this.#entity);
    const { at } = this.#parts;
    switch (this.#parts.number) {
      case 0:
        throw refusal("no-entity", "the update has no entity");
      case 2:
        this.#entries.update(at.bytes, at.start, at.end, type, schema, this.#draft);
        return this.#tableEntry[type];
      case 3:
        return this.#profiles.member(at, type, schema);
      case 4:
        return this.#profiles.group(at, type, schema);
      case 6:
        return this.#directMeter(type, schema);
      case 8:
        return this.#directCounter(type, schema);
      case 5:
        return this.#cells.meterUpdate(at, type, schema);
      case 7:
        return this.#cells.counterUpdate(at, type, schema);
      case 9:
        return this.#replication.update(at, type, schema);
      default:
        throw refusal("unsupported-entity", `${this.#parts.name} is not implemented`);
    }
  }

  /** Finds the entity of the update at [start, end) and tells its type. */
  #type(start: number, end: number): UpdateType {
    const reader = this.#reader;
    let number = 0;
    this.#entity.clear();
    reader.begin(this.#bytes, start, end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x08) number = reader.int32();
      else if (tag === 0x12) {
        const length = reader.length();
        this.#entity.add(this.#bytes, reader.pos, reader.pos + length);
        reader.pos += length;
      } else reader.skip();
    }
    const type = types[number];
    if (type === undefined)
      throw refusal(
        "unknown-update-type",
        number === 0
          ? "update type is UNSPECIFIED"
          : `update type ${number} is unknown; it must be INSERT, MODIFY or DELETE`,
      );
    return type;
  }

  /** The table entry, config or data, and counter data of a direct resource. */
  #direct(type: UpdateType, schema: EntitySchema) {
    const name = this.#parts.name;
    if (type !== "modify")
      throw refusal("wrong-update-type", `${name}: only MODIFY is possible, not ${type.toUpperCase()}`);
    const reader = this.#reader;
    const entry = new Span();
    const value = new Span();
    const meterCounters = new Span();
    const { at } = this.#parts;
    reader.reset(at.bytes, at.start, at.end);
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 0x0a) entry.take(reader);
      else if (tag === 0x12) value.take(reader);
      else if (tag === 0x1a) meterCounters.take(reader);
      else reader.skip();
    }
    if (!entry.present) throw refusal("missing-part", `${name} has no table_entry`);
    this.#entries.parts.scan(reader, entry.bytes, entry.start, entry.end);
    const table = tableSchema(this.#entries.parts.tableId, schema);
    this.#draft.begin(table);
    return { table, value, meterCounters };
  }

  #directCounter(type: UpdateType, schema: EntitySchema): TableUpdate {
    const { table, value } = this.#direct(type, schema);
    if (table.table.counter === undefined)
      throw refusal("no-direct-counter", `table '${table.table.alias}' has no direct counter`);
    this.#entries.key(table, schema, this.#draft);
    return {
      kind: "direct-counter",
      entry: this.#draft,
      data: value.present ? decodeCounterData(this.#reader, value) : undefined,
    };
  }

  #directMeter(type: UpdateType, schema: EntitySchema): TableUpdate {
    const { table, value, meterCounters } = this.#direct(type, schema);
    if (table.table.meter === undefined)
      throw refusal("no-direct-meter", `table '${table.table.alias}' has no direct meter`);
    if (meterCounters.present) this.#draft.clearsMeterCounters = this.#entries.clears(meterCounters, table, schema);
    this.#entries.key(table, schema, this.#draft);
    return {
      kind: "direct-meter",
      entry: this.#draft,
      config: value.present ? this.#entries.meterConfig(value, table) : undefined,
    };
  }
}
