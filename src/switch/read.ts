/** Life of a Read: a snapshot, query by query, in slices. */
import { refusal } from "../base/situation.js";
import { InvariantError } from "../base/invariant.js";
import type { Logger } from "../base/logger.js";
import { Slices } from "../base/slices.js";
import { StatusError, type Status } from "../base/status.js";
import type { Datapath } from "../datapath/datapath.js";
import { describeKey } from "../entity/describe-key.js";
import type { FlowingSink } from "../entity/entity-sink.js";
import type {
  DirectQuery,
  ProfileQuery,
  QueryDecoder,
  ReadQuery,
  ReplicationQuery,
  TableEntryQuery,
} from "../entity/read-query.js";
import { headBytes, headNumber } from "../entity/record-layout.js";
import type { TableSchema } from "../entity/schema.js";
import type { Collection } from "../store/collection.js";
import type { EntityStore, Snapshot } from "../store/entity-store.js";
import { defaultKey, type TableStore } from "../store/table-store.js";
import { Version } from "../store/version.js";
import { readCounters, readMeterCounters } from "./counters.js";
import type { Program } from "./program.js";
import { readCells } from "./read-cells.js";
import type { RoleAccess } from "./role-access.js";

/** Entries whose counters are read at once. */
const batchEntries = 256;

export interface ReadOptions {
  /** What there is to find: what is in the role, or nothing, since the device does not have it (RED-04). */
  readonly access: RoleAccess | undefined;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Time since the last hit of entries of one program's store, in the same order; undefined where they do not age. */
  readonly elapsed: (store: EntityStore, versions: readonly Version[]) => Promise<readonly (bigint | undefined)[]>;
}

/** One Read in progress. */
export class ReadBatch {
  readonly #program: Program;
  readonly #datapath: Datapath;
  readonly #sink: FlowingSink;
  readonly #options: ReadOptions;
  readonly #slices = new Slices();

  constructor(program: Program, datapath: Datapath, sink: FlowingSink, options: ReadOptions) {
    this.#program = program;
    this.#datapath = datapath;
    this.#sink = sink;
    this.#options = options;
  }

  /** Answers all queries from one snapshot. One result per query: undefined, or why it failed (RED-13, RED-16). */
  async run(queries: QueryDecoder): Promise<readonly (Status | undefined)[]> {
    const results: (Status | undefined)[] = [];
    using snapshot = this.#program.store.snapshot();
    if (this.#slices.crowded) await this.#slices.pause();
    for (let i = 0; i < queries.count; i++) {
      try {
        await this.#query(queries.decode(i, this.#program.schema), snapshot);
        results.push(undefined);
      } catch (error) {
        this.#options.signal.throwIfAborted();
        results.push(this.#failure(error));
      }
    }
    return results;
  }

  /** What a query is answered that failed; a broken invariant or a client that went away ends the whole Read (RED-14). */
  #failure(error: unknown): Status {
    if (error instanceof StatusError) return error.status;
    this.#options.signal.throwIfAborted();
    if (error instanceof InvariantError) throw error;
    this.#options.log.error("read.failed", { error });
    return refusal("fault", "reading failed; the log of p4rtd has the cause").status;
  }

  async #query(query: ReadQuery, snapshot: Snapshot): Promise<void> {
    const { access } = this.#options;
    if (access === undefined) return;
    if (query.kind === "replication") return this.#replication(query, access, snapshot);
    if ("profiles" in query) return this.#profiles(query, access, snapshot);
    if (query.kind === "counter-cell" || query.kind === "meter-cell") {
      const breathe = () => this.#breathe();
      return readCells(query, {
        program: this.#program,
        datapath: this.#datapath,
        sink: this.#sink,
        access,
        snapshot,
        breathe,
      });
    }
    let found = 0;
    for (const schema of query.tables) {
      const store = this.#program.store.tables.get(schema.table.id);
      // A role is a filter (RED-04).
      if (store !== undefined && access.reads(schema.table.id)) found += await this.#table(query, store, snapshot);
    }
    if (found === 0 && query.kind !== "table-entry" && (query.key !== undefined || query.match !== undefined))
      throw refusal("not-found", missing(query));
  }

  /** A group or session that is not there is an empty answer, as for tables (RDT-04). */
  async #replication(
    { groups, sessions, id }: ReplicationQuery,
    access: RoleAccess,
    snapshot: Snapshot,
  ): Promise<void> {
    const { multicastGroups, cloneSessions } = this.#program.store;
    if (groups && access.readsEngine("multicast groups"))
      await this.#byNumber(multicastGroups, id, snapshot, (n, one) => this.#sink.multicastGroup(n, one.extras));
    if (sessions && access.readsEngine("clone sessions"))
      await this.#byNumber(cloneSessions, id, snapshot, (n, one) => this.#sink.cloneSession(n, one.extras));
  }

  async #profiles({ kind, profiles, id }: ProfileQuery, access: RoleAccess, snapshot: Snapshot): Promise<void> {
    for (const schema of profiles) {
      const store = this.#program.store.profiles.get(schema.profile.id);
      if (store === undefined || !access.reads(schema.profile.id)) continue;
      if (kind === "action-groups")
        await this.#byNumber(store.groups, id, snapshot, (n, { extras }) => this.#sink.actionGroup(schema, n, extras));
      else
        await this.#byNumber(store.members, id, snapshot, (n, one) => this.#sink.actionMember(schema, n, one.action));
    }
  }

  /** Emits the entity that `id` names, or all of them if it is 0. */
  async #byNumber<E>(
    collection: Collection<E>,
    id: number,
    snapshot: Snapshot,
    emit: (id: number, version: Version<E>) => void,
  ): Promise<void> {
    const heads = id === 0 ? collection.heads.values() : [collection.heads.get(id.toString())];
    for (const head of heads) {
      const version = Version.visible(head, snapshot.generation);
      if (version !== undefined) emit(Number(version.key), version);
      await this.#breathe();
    }
  }

  /** Hands on what has been collected if that is enough, and pauses if that is due. */
  async #breathe(): Promise<void> {
    if (this.#sink.full) await this.#sink.flush();
    if (!this.#slices.due) return;
    await this.#slices.pause();
    this.#options.signal.throwIfAborted();
  }

  async #table(query: TableEntryQuery | DirectQuery, store: TableStore, snapshot: Snapshot): Promise<number> {
    let batch: Version[] = [];
    let found = 0;
    for (const head of candidates(query, store)) {
      const version = Version.visible(head, snapshot.generation);
      if (version !== undefined && selects(query, version)) {
        batch.push(version);
        found++;
        if (batch.length === batchEntries) {
          await this.#emit(query, store.schema, batch);
          batch = [];
        }
      }
      if (this.#slices.due) {
        await this.#slices.pause();
        this.#options.signal.throwIfAborted();
      }
    }
    if (batch.length > 0) await this.#emit(query, store.schema, batch);
    return found;
  }

  async #emit(query: TableEntryQuery | DirectQuery, schema: TableSchema, batch: readonly Version[]): Promise<void> {
    const { table } = schema;
    const wanted =
      query.kind === "table-entry"
        ? query.wanted
        : {
            counter: query.kind === "direct-counter",
            meter: true,
            meterCounter: query.meterCounter,
            timeSinceLastHit: false,
          };
    const counters =
      wanted.counter && table.counter !== undefined ? await readCounters(this.#datapath, batch) : undefined;
    const colours =
      wanted.meterCounter && table.meter !== undefined ? await readMeterCounters(this.#datapath, batch) : undefined;
    const elapsed =
      wanted.timeSinceLastHit && table.idleTimeout
        ? await this.#options.elapsed(this.#program.store, batch)
        : undefined;
    const wantMeter = wanted.meter && table.meter !== undefined;
    for (const [i, { key, action, extras }] of batch.entries()) {
      const isDefault = key === defaultKey;
      const isConst = isDefault ? table.constDefault : table.isConst;
      const [counter, meterCounter, elapsedNs] = [counters?.[i], colours?.[i], elapsed?.[i]];
      const entry = { key, action, extras, isDefault, isConst, wantMeter, counter, meterCounter, elapsedNs };
      if (query.kind === "table-entry") this.#sink.tableEntry(schema, entry);
      else if (query.kind === "direct-meter") this.#sink.directMeter(schema, entry);
      else if (counter !== undefined) this.#sink.directCounter(schema, entry, counter);
      if (this.#sink.full) await this.#breathe(); // one entry may be large
    }
  }
}

/** The heads worth a look: one key, the default entry, or all. */
function candidates(query: TableEntryQuery | DirectQuery, store: TableStore): Iterable<Version | undefined> {
  if (query.defaults) return [store.heads.get(defaultKey)];
  if (query.key !== undefined) return [store.heads.get(query.key)];
  return store.heads.values();
}

/** RDT-07 … RDT-15. */
function selects(query: TableEntryQuery | DirectQuery, version: Version): boolean {
  if (query.defaults !== (version.key === defaultKey)) return false;
  if (query.match !== undefined && version.key.slice(headBytes) !== query.match) return false;
  if (query.priority !== undefined && headNumber(version.key) !== query.priority) return false;
  if (query.kind !== "table-entry") return true;
  if (query.actionId !== undefined && (version.action === "" || headNumber(version.action) !== query.actionId))
    return false;
  if (query.metadata !== undefined && Buffer.compare(query.metadata, version.extras.metadata) !== 0) return false;
  return query.controllerMetadata === undefined || query.controllerMetadata === version.extras.controllerMetadata;
}

/** What a query of one direct resource did not find. */
function missing({ tables: [schema], key }: DirectQuery): string {
  if (schema === undefined) return "there is no such table";
  return `table '${schema.table.alias}' has no entry ${key === undefined ? "with this match" : describeKey(schema, key)}`;
}
