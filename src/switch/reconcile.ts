/** RECONCILE_AND_COMMIT: what one program holds, made again in another, or the list of what stands in the way. */
import { clip } from "../base/clip.js";
import { systemClock } from "../base/clock.js";
import { defined } from "../base/invariant.js";
import type { Logger } from "../base/logger.js";
import { Slices } from "../base/slices.js";
import { codeName, invalidArgument, type Status, type StatusError } from "../base/status.js";
import type { Datapath } from "../datapath/datapath.js";
import type { FlowingSink, OpenReplay } from "../entity/entity-sink.js";
import type { ReadQuery } from "../entity/read-query.js";
import type { ProfileSchema } from "../entity/schema.js";
import { extrasEmpty } from "../entity/table-entry.js";
import type { UpdateDecoder } from "../entity/update.js";
import { defaultKey } from "../store/table-store.js";
import type { Version } from "../store/version.js";
import { readCounters, readMeterCounters } from "./counters.js";
import type { Program, ProgramTable } from "./program.js";
import { ReadBatch } from "./read.js";
import type { Realiser } from "./realise.js";
import { entryName, naming, type NameOf } from "./reconcile-names.js";
import { Rehearsal } from "./rehearsal.js";
import { RoleAccess } from "./role-access.js";
import { WriteBatch } from "./write.js";

/** Entries of a new program, each with the one of the old program that it goes on for. */
export type Predecessors = ReadonlyMap<Version, Version>;

/** Reasons named in one message, each cut to so many characters; the rest are counted. */
const maxReasons = 20;
const maxReasonLength = 300;

/**
 * What is asked of a program beside its table entries, in an order in which it can be made again. Direct resources are
 * told with their entries, and cells by array: a Read would tell each of them.
 */
const beforeEntries = (
  profiles: readonly ProfileSchema[],
): Readonly<Record<ReadQuery["kind"], readonly ReadQuery[]>> => ({
  "action-members": [{ kind: "action-members", profiles, id: 0 }],
  "action-groups": [{ kind: "action-groups", profiles, id: 0 }],
  replication: [{ kind: "replication", groups: true, sessions: true, id: 0 }],
  "table-entry": [],
  "direct-counter": [],
  "direct-meter": [],
  "counter-cell": [],
  "meter-cell": [],
});

export interface ReconcileOptions {
  readonly realiser: Realiser;
  readonly datapath: Datapath;
  readonly replay: OpenReplay;
  readonly log: Logger;
}

/**
 * Makes every entity of one program in another, whose store is empty: each is told as by a Read and taken as by a Write,
 * so that whatever the new program says of it is asked. References are looked at when all are there: entries may have
 * been inserted in an order that the references they have now would not allow.
 */
export class Reconciliation {
  readonly #old: Program;
  readonly #next: Program;
  readonly #options: ReconcileOptions;
  readonly #rehearsal: Rehearsal;
  readonly #sink: FlowingSink;
  readonly #slices = new Slices();
  /** What is there is kept whosever it is. */
  readonly #access: RoleAccess;
  readonly #predecessors = new Map<Version, Version>();
  readonly #reasons: string[] = [];
  #told = 0;
  #refused = 0;
  /** What was told and is not yet taken, in order: an entry, or what another entity is called. */
  #waiting: ({ readonly table: ProgramTable; readonly version: Version } | NameOf)[] = [];

  /**
   * @param next nobody else looks at it before it is active
   * @throws StatusError RESOURCE_EXHAUSTED if not even its default entries can be realised
   */
  constructor(old: Program, next: Program, options: ReconcileOptions) {
    this.#old = old;
    this.#next = next;
    this.#options = options;
    this.#rehearsal = new Rehearsal(options.realiser, next);
    this.#access = new RoleAccess("", undefined, next.pipeline);
    const replay = options.replay((updates) => this.#take(updates));
    this.#sink = naming(replay, old.pipeline, (name) => this.#waiting.push(name));
  }

  /**
   * In slices. @precondition the turn is held
   * @throws StatusError INVALID_ARGUMENT with what cannot be kept (SFP-24)
   */
  async run(): Promise<Predecessors> {
    const { references } = this.#next.store;
    if (references !== undefined) references.deferred = true;
    await this.#others();
    await this.#cells();
    for (const table of this.#old.tables.values()) await this.#table(table);
    await this.#sink.flush();
    if (references !== undefined) {
      references.deferred = false;
      for (const dangling of references.dangling()) {
        if (dangling !== undefined) this.#refuse(dangling.message);
        if (this.#slices.due) await this.#slices.pause();
      }
    }
    if (this.#refused > 0) throw cannotKeep(this.#reasons, this.#refused, this.#told);
    return this.#predecessors;
  }

  async #others(): Promise<void> {
    const queries = Object.values(beforeEntries([...this.#old.schema.profiles.values()])).flat();
    const batch = new ReadBatch(this.#old, this.#options.datapath, this.#sink, {
      access: new RoleAccess("", undefined, this.#old.pipeline),
      signal: new AbortController().signal,
      log: this.#options.log,
      elapsed: () => Promise.resolve([]), // of table entries, which are told otherwise
    });
    const decode = (index: number) => defined(queries[index], "a query of the list");
    for (const result of await batch.run({ count: queries.length, decode }))
      if (result !== undefined) this.#refuse(reasonOf(result));
    await this.#sink.flush();
  }

  async #cells(): Promise<void> {
    const { counters, meters, generation } = this.#old.store;
    for (const { id, index, value } of counters.written(generation)) {
      this.#sink.counterCell(id, index, value);
      await this.#breathe();
    }
    for (const { id, index, value } of meters.written(generation)) {
      this.#sink.meterCell(id, index, { config: value, meterCounter: undefined });
      await this.#breathe();
    }
    await this.#sink.flush();
  }

  async #breathe(): Promise<void> {
    if (this.#sink.full) await this.#sink.flush();
    if (this.#slices.due) await this.#slices.pause();
  }

  /** Tells a table's entries in the order of their insertion, which decides between equals. */
  async #table(table: ProgramTable): Promise<void> {
    for (const version of table.store.byAge(this.#old.store.generation)) {
      if (version.key === defaultKey && this.#isInitial(table, version)) continue;
      const { key, action, extras } = version;
      const isDefault = key === defaultKey;
      const asked = { wantMeter: true, counter: undefined, meterCounter: undefined, elapsedNs: undefined };
      const told = { key, action, extras, isDefault, isConst: false, ...asked };
      this.#waiting.push({ table, version });
      // Of a constant default a controller has written the meter only (AMB-45).
      if (isDefault && table.schema.table.constDefault) this.#sink.directMeter(table.schema, told);
      else this.#sink.tableEntry(table.schema, told);
      await this.#breathe();
    }
  }

  /** A default entry that no controller touched becomes the new program's own; what it counted goes on. */
  #isInitial(table: ProgramTable, version: Version): boolean {
    if (version.action !== table.initialDefault || !extrasEmpty(version.extras)) return false;
    const successor = this.#next.tables.get(table.schema.table.id)?.store.heads.get(defaultKey);
    if (successor !== undefined) this.#predecessors.set(successor, version);
    return true;
  }

  async #take(updates: UpdateDecoder): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    const { realiser, datapath } = this.#options;
    const batch = new WriteBatch(this.#next, realiser, datapath, {
      access: this.#access,
      rehearsal: this.#rehearsal,
      committed: undefined,
      caller: { peer: "", principal: "" },
      clock: systemClock,
      applied: (index, version) => {
        const told = waiting[index];
        if (told === undefined || typeof told === "function" || version === undefined) return;
        this.#predecessors.set(version as Version, told.version); // of an entry
      },
    });
    const { results } = await batch.run(updates, "continue-on-error");
    this.#told += results.length;
    for (const [i, result] of results.entries()) {
      if (result === undefined) continue;
      const told = defined(waiting[i], "everything told waits");
      const name = typeof told === "function" ? told() : entryName(told.table.schema, told.version.key);
      this.#refuse(`${name}: ${reasonOf(result)}`);
    }
  }

  #refuse(reason: string): void {
    this.#refused++;
    if (this.#reasons.length < maxReasons) this.#reasons.push(clip(reason, maxReasonLength));
  }
}

function reasonOf({ code, message }: Status): string {
  return `${codeName(code)}: ${message}`;
}

/** SFP-24. */
export function cannotKeep(reasons: readonly string[], refused: number, told: number): StatusError {
  const more = refused > reasons.length ? `\nand ${refused - reasons.length} more` : "";
  return invalidArgument(
    `RECONCILE_AND_COMMIT: ${refused} of ${told} entities cannot be kept, nothing was changed; VERIFY_AND_COMMIT would clear all of them.\n${reasons.join("\n")}${more}`,
    { refused, entities: told },
  );
}

/**
 * Lets the counters of new entries go on from where those before them are, and their time without a hit.
 * @precondition the plan that makes the new ones is not yet committed, and their rules are known
 */
export async function carryCounters(predecessors: Predecessors, datapath: Datapath): Promise<void> {
  const slices = new Slices();
  const retired: { readonly version: Version; readonly before: Version }[] = [];
  for (const [version, before] of predecessors) {
    // A rule goes on counting where the one before it was; what was written is kept beside it.
    version.counterBase = before.counterBase;
    version.extras.aging?.activity.goOn(before.extras.aging?.activity);
    if (before.rule !== undefined && version.rule === undefined) retired.push({ version, before });
    if (slices.due) await slices.pause();
  }
  if (retired.length === 0) return;
  const versions = retired.map(({ before }) => before);
  const counts = await readCounters(datapath, versions);
  const colours = datapath.capabilities.meterCounters ? await readMeterCounters(datapath, versions) : undefined;
  for (const [i, { version }] of retired.entries()) {
    const count = counts[i];
    if (count !== undefined) version.counterBase = { ...count, colours: colours?.[i] };
  }
}
