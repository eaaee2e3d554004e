/** Life of a Write: updates are pulled, staged and planned one by one, then made visible at one instant. */
import { refusal } from "../base/situation.js";
import type { Clock } from "../base/clock.js";
import { Slices } from "../base/slices.js";
import type { Steps } from "../base/steps.js";
import { statusOf, type Status, type StatusError } from "../base/status.js";
import { explain, type Violation } from "../constraints/restriction.js";
import type { Datapath, Plan } from "../datapath/datapath.js";
import { Activity } from "../entity/aging.js";
import {
  extrasEmpty,
  noExtras,
  type CounterData,
  type Extras,
  type MeterConfig,
  type TableEntryDraft,
  type UpdateType,
} from "../entity/table-entry.js";
import { sameMeterConfig } from "../entity/meter-config.js";
import { describeKey, describeSlots } from "../entity/describe-key.js";
import type { ChangeRecord } from "../entity/change-record.js";
import type { Update, UpdateDecoder } from "../entity/update.js";
import type { Stage } from "../store/stage.js";
import type { Version } from "../store/version.js";
import type { Caller } from "./caller.js";
import { CounterWrites } from "./counters.js";
import type { Program, ProgramTable } from "./program.js";
import type { Realiser } from "./realise.js";
import type { Rehearsal } from "./rehearsal.js";
import type { RoleAccess } from "./role-access.js";
import { applyCell } from "./write-cells.js";
import { ProfileWrites } from "./write-profile.js";
import { applyReplication, type ReplicationTarget } from "./write-replication.js";

export type Atomicity = "continue-on-error" | "rollback-on-error" | "dataplane-atomic";

/** By the enum's number. @see P4Runtime §12.2.1 */
export const atomicities: Readonly<Record<number, Atomicity>> = {
  0: "continue-on-error",
  1: "rollback-on-error",
  2: "dataplane-atomic",
};

/** undefined: done. */
export type UpdateResult = Status | undefined;

export interface WriteOutcome {
  /** One per update, in request order. */
  readonly results: readonly UpdateResult[];
  /** Set if the commit failed: the datapath is lost, nothing was published. */
  readonly lost?: Status;
}

const notTried = refusal("not-tried", "not tried: an earlier update of the batch failed").status;
const undone = refusal("undone", "undone: a later update of the batch failed").status;
/** Plain entries between two looks at the clock. */
const stride = 16;

export interface WriteOptions {
  /** What the caller's role lets it write. */
  readonly access: RoleAccess;
  /** Set while the program is saved but not committed: then it stands for the datapath (SFP-11). */
  readonly rehearsal: Rehearsal | undefined;
  /** Told what each commit changed; undefined: nobody asks, and no record is made. */
  readonly committed: ((changes: ChangeRecord) => void) | undefined;
  readonly caller: Caller;
  /** By which entries of tables with idle timeouts begin to age. */
  readonly clock: Clock;
  /** Told of each update that was staged, with the version it made last. */
  readonly applied?: (index: number, version: Version<unknown> | undefined) => void;
}

/** An update that is done in steps: as many entries may depend on a member or a group as there are. */
class LongUpdate {
  constructor(readonly work: Steps<void>) {}
}

/** One Write in progress. @precondition the turn is held */
export class WriteBatch {
  readonly #program: Program;
  readonly #options: WriteOptions;
  readonly #realiser: Realiser;
  readonly #stage: Stage;
  readonly #plan: Plan | undefined;
  readonly #counters: CounterWrites;
  readonly #replication: ReplicationTarget;
  readonly #profiles: ProfileWrites;
  /** True if the last update may have taken long: it was no plain entry, or it failed. */
  #large = false;

  constructor(program: Program, realiser: Realiser, datapath: Datapath, options: WriteOptions) {
    this.#program = program;
    this.#options = options;
    this.#realiser = realiser;
    this.#stage = program.store.begin();
    this.#plan = options.rehearsal === undefined ? datapath.plan() : undefined;
    this.#counters = new CounterWrites(datapath);
    this.#replication = { stage: this.#stage, program, plan: this.#plan, realiser: realiser.replication };
    const { rehearsal } = options;
    this.#profiles = new ProfileWrites(program, this.#stage, {
      realiser,
      plan: this.#plan,
      rehearsal,
      counters: this.#counters,
    });
  }

  /** Applies `updates` in list order (AMB-25). */
  async run(updates: UpdateDecoder, atomicity: Atomicity): Promise<WriteOutcome> {
    let results: readonly UpdateResult[];
    try {
      results = await this.#attemptAll(updates, atomicity);
      await this.#counters.keep();
    } catch (error) {
      await this.#abandon();
      throw error;
    }
    if (atomicity === "continue-on-error" || results.at(-1) === undefined) return this.#commit(results);
    await this.#abandon();
    return { results: rolledBack(results, updates.count) };
  }

  /** The results of all updates, or up to the first failure where the batch is all or nothing. */
  async #attemptAll(updates: UpdateDecoder, atomicity: Atomicity): Promise<readonly UpdateResult[]> {
    const results: UpdateResult[] = [];
    const slices = new Slices();
    for (let i = 0; i < updates.count; i++) {
      const attempt = this.#attempt(updates, i);
      const result = attempt instanceof LongUpdate ? await this.#carryOut(attempt, i, slices) : attempt;
      results.push(result);
      if (result !== undefined && atomicity !== "continue-on-error") break;
      if ((this.#large || i % stride === stride - 1) && slices.due) await slices.pause();
    }
    return results;
  }

  async #commit(results: readonly UpdateResult[]): Promise<WriteOutcome> {
    if (this.#stage.size === 0) {
      await this.#abandon();
      return { results };
    }
    const applied = await this.#plan?.commit();
    if (applied?.ok === false) {
      this.#program.replicas.abandon();
      await new Slices().run(this.#program.store.abandonSteps(this.#stage));
      const lost = refusal("lost", `the datapath is lost: ${applied.status.message}`).status;
      return { results: results.map(() => lost), lost };
    }
    try {
      await this.#counters.apply();
    } finally {
      this.#options.rehearsal?.keep();
      this.#program.replicas.keep();
      this.#program.store.publish(this.#stage); // frames see it already
    }
    this.#options.committed?.(this.#stage.changes(this.#options.caller.principal));
    return { results };
  }

  async #abandon(): Promise<void> {
    this.#plan?.abandon();
    this.#options.rehearsal?.abandon();
    this.#program.replicas.abandon();
    await new Slices().run(this.#program.store.abandonSteps(this.#stage));
  }

  #attempt(updates: UpdateDecoder, index: number): UpdateResult | LongUpdate {
    this.#large = true;
    try {
      const long = this.#apply(updates.decode(index, this.#program.schema));
      if (long !== undefined) return long;
      this.#options.applied?.(index, this.#stage.newest);
      return undefined;
    } catch (error) {
      return statusOf(error);
    }
  }

  async #carryOut({ work }: LongUpdate, index: number, slices: Slices): Promise<UpdateResult> {
    try {
      await slices.run(work);
      this.#options.applied?.(index, this.#stage.newest);
      return undefined;
    } catch (error) {
      return statusOf(error);
    }
  }

  /** @returns what is left to do of an update that may take long */
  #apply(update: Update): LongUpdate | undefined {
    switch (update.kind) {
      case "table-entry": {
        this.#large = update.entry.selection?.kind === "set";
        this.#tableEntry(update.type, this.#tableOf(update.entry), update.entry);
        return undefined;
      }
      case "direct-counter": {
        this.#directCounter(this.#tableOf(update.entry), update.entry, update.data);
        return undefined;
      }
      case "direct-meter": {
        this.#directMeter(this.#tableOf(update.entry), update.entry, update.config);
        return undefined;
      }
      case "multicast-group":
      case "clone-session":
        this.#options.access.checkEngine(update.kind === "multicast-group" ? "multicast groups" : "clone sessions");
        applyReplication(this.#replication, update);
        return undefined;
      case "counter-cell":
      case "meter-cell":
        this.#options.access.checkWrite(update.array.id);
        applyCell(this.#stage, this.#program, update);
        return undefined;
      case "action-member":
      case "action-group":
        this.#options.access.checkWrite(update.profile.profile.id);
        return new LongUpdate(this.#profiles.apply(update));
    }
  }

  /** The table of `entry`, which the caller's role may write. @throws StatusError PERMISSION_DENIED */
  #tableOf({ schema }: TableEntryDraft): ProgramTable {
    const table = schema === undefined ? undefined : this.#program.tables.get(schema.table.id);
    if (table === undefined) throw refusal("missing-part", "the update names no table");
    this.#options.access.checkWrite(table.schema.table.id);
    return table;
  }

  #tableEntry(type: UpdateType, table: ProgramTable, entry: TableEntryDraft): void {
    switch (type) {
      case "insert": {
        this.#insert(table, entry);
        return;
      }
      case "modify": {
        this.#modify(table, entry);
        return;
      }
      case "delete": {
        const version = this.#stage.delete(table.store, entry.key());
        this.#counters.forget(version);
        if (this.#plan !== undefined) this.#realiser.remove(this.#plan, version);
        else this.#options.rehearsal?.remove(table, version);
      }
    }
  }

  #insert(table: ProgramTable, entry: TableEntryDraft): void {
    this.#restrict(table, entry);
    const version = this.#stage.insert(table.store, entry.key(), entry.actionRecord(), this.#extras(table, entry));
    try {
      if (table.profile !== undefined) this.#profiles.check(table.profile, version);
      if (this.#plan === undefined) this.#options.rehearsal?.add(table, version, entry.keyBytes);
      else this.#realiser.add(this.#plan, table, version, entry.keyBytes);
    } catch (error) {
      this.#stage.undoLast();
      throw error;
    }
    if (entry.counter !== undefined) this.#counters.set(version, entry.counter);
  }

  /** WRT-14, ACT-15, DIR-02 … DIR-06, DIR-12, DEF-05, DEF-06, CON-15. */
  #modify(table: ProgramTable, entry: TableEntryDraft): void {
    const before = this.#stage.require(table.store, entry.key());
    const resets = entry.isDefault && entry.action === undefined;
    this.#restrict(table, entry);
    const action = entry.action !== undefined ? entry.actionRecord() : resets ? table.initialDefault : before.action;
    const given = resets ? noExtras : this.#extras(table, entry, before);
    const keeps = given.selection === undefined && before.extras.selection !== undefined;
    const extras = keeps ? { ...given, selection: before.extras.selection } : given;
    if (table.schema.table.isConst && !entry.isDefault && !sameAttributes(extras, before.extras))
      throw refusal(
        "constant",
        `table '${table.schema.table.alias}' is constant: only direct resources of its entries can be modified`,
      );
    const version = this.#change(table, before, action, extras, entry.isDefault ? undefined : entry.keyBytes);
    const counter = resets ? { packets: 0n, bytes: 0n } : entry.counter;
    if (counter !== undefined) this.#counters.set(version, counter);
    if (resets || entry.clearsMeterCounters) this.#counters.clearColours(version);
  }

  /** What the entry holds beside key and action. A MODIFY is no hit: the entry ages on, by the timeout that it names now. */
  #extras(table: ProgramTable, entry: TableEntryDraft, before?: Version): Extras {
    const extras = entry.extras();
    if (!table.schema.table.idleTimeout || entry.isDefault) return extras;
    const activity = before?.extras.aging?.activity ?? this.#newActivity();
    return { ...extras, aging: { timeoutNs: entry.idleTimeoutNs, activity } };
  }

  /** No frame can hit an entry of a saved program: it ages from its COMMIT on. */
  #newActivity(): Activity {
    const { rehearsal, clock } = this.#options;
    return new Activity(rehearsal === undefined ? Number(clock.monotonicNs()) : undefined);
  }

  /** The next version of an entry, realised; if the datapath refuses, nothing of the update stays. */
  #change(table: ProgramTable, before: Version, action: string, given: Extras, key?: Uint8Array): Version {
    const { meter } = before.extras;
    const extras = given.meter !== meter && sameMeterConfig(given.meter, meter) ? { ...given, meter } : given;
    const version = this.#stage.modify(table.store, before.key, action, extrasEmpty(extras) ? noExtras : extras);
    try {
      if (table.profile !== undefined) this.#profiles.check(table.profile, version);
      if (this.#plan === undefined) this.#options.rehearsal?.modify(table, version, before, key);
      else this.#realiser.modify(this.#plan, table, version, before, key);
    } catch (error) {
      this.#stage.undoLast();
      throw error;
    }
    this.#counters.carry(before, version);
    return version;
  }

  /** CTR-02, CTR-03, CTR-05. */
  #directCounter(table: ProgramTable, entry: TableEntryDraft, data: CounterData | undefined): void {
    const before = this.#stage.require(table.store, entry.key());
    if (data !== undefined) this.#counters.set(this.#change(table, before, before.action, before.extras), data);
  }

  /** MTR-08 … MTR-10, MTR-21, MTR-23. */
  #directMeter(table: ProgramTable, entry: TableEntryDraft, config: MeterConfig | undefined): void {
    const before = this.#stage.require(table.store, entry.key());
    const version = this.#change(table, before, before.action, { ...before.extras, meter: config });
    if (entry.clearsMeterCounters) this.#counters.clearColours(version);
  }

  /** @throws StatusError INVALID_ARGUMENT naming entry, clause and values */
  #restrict(table: ProgramTable, entry: TableEntryDraft): void {
    const brokenEntry = entry.isDefault ? undefined : table.restriction?.violated(entry.keyBytes);
    if (brokenEntry !== undefined)
      throw violated(brokenEntry, `table '${table.schema.table.alias}': ${describeKey(table.schema, entry.key())}`);
    if (entry.action === undefined) return;
    const { action, layout } = entry.action;
    const brokenCall = this.#program.actionRestrictions.get(action.id)?.violated(entry.actionBytes);
    if (brokenCall !== undefined)
      throw violated(brokenCall, `action '${action.alias}': ${describeSlots(layout, entry.actionBytes).join(", ")}`);
  }
}

function rolledBack(results: readonly UpdateResult[], count: number): readonly UpdateResult[] {
  const last = results.length - 1;
  return Array.from({ length: count }, (_, i) => (i < last ? undone : i > last ? notTried : results[last]));
}

function violated(violation: Violation, subject: string): StatusError {
  return refusal("restricted", explain(violation, subject), { clause: violation.clause });
}

function sameAttributes(a: Extras, b: Extras): boolean {
  return (
    a.controllerMetadata === b.controllerMetadata &&
    (a.aging?.timeoutNs ?? 0n) === (b.aging?.timeoutNs ?? 0n) &&
    Buffer.compare(a.metadata, b.metadata) === 0
  );
}
