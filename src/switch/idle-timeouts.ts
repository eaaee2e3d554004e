/**
 * Idle timeouts of one device: looks from time to time at what the rules of entries that age have counted, and tells
 * controllers of entries that were not hit for their timeouts. Costs nothing while no table has idle timeouts.
 */
import type { Clock } from "../base/clock.js";
import { InvariantError } from "../base/invariant.js";
import type { Logger } from "../base/logger.js";
import { Slices } from "../base/slices.js";
import type { Datapath } from "../datapath/datapath.js";
import type { IdleNotification } from "../entity/idle-notification.js";
import type { Table } from "../pipeline/pipeline.js";
import type { EntityStore } from "../store/entity-store.js";
import type { TableStore } from "../store/table-store.js";
import { Version } from "../store/version.js";
import type { ControllerStream } from "./controllers.js";
import type { Program } from "./program.js";
import { ruleOf } from "./realise.js";

/** Least time between two scans. */
const minPauseMs = 250;
/** Rest for each millisecond of work: scans take at most a fiftieth of the time. */
const restPerWork = 49;
/** Entries whose counters are read at once, and the most that one notification names. */
const batchEntries = 256;
/** A notification ends with the entry that brings it here, by estimate; far below what clients take (RED-11). */
const notificationBytes = 256 * 1024;
/** Time until a scan that failed is tried again. */
const failedPauseMs = 5000;

/**
 * Time between two scans: hits and timeouts are noticed that much late, and no timeout is effectively shorter (IDL-05).
 * @param workedMs what the last scan took of the event loop
 */
export function pauseMs(workedMs: number): number {
  return Math.max(minPauseMs, restPerWork * workedMs);
}

export interface IdleOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who is told: the streams of the primaries in whose roles a Read shows the table (ARB-76, AMB-61). */
export interface Audience {
  primariesFor(table: Table): readonly Pick<ControllerStream, "idle">[];
}

export class IdleTimeouts {
  readonly #datapath: Datapath;
  readonly #audience: Audience;
  readonly #options: IdleOptions;
  /** What frames meet. */
  #store: EntityStore | undefined;
  #tables: readonly TableStore[] = [];
  #wake: () => void = () => undefined;
  /** Notifications queued for controllers, and those that none was there for, or that did not read (IDL-11). */
  notified = 0;
  dropped = 0;

  constructor(datapath: Datapath, audience: Audience, options: IdleOptions) {
    this.#datapath = datapath;
    this.#audience = audience;
    this.#options = options;
  }

  /** Entries of `program` can be hit from now on; undefined: there are none. */
  use(program: Program | undefined): void {
    if (this.#store === program?.store) return;
    this.#store = program?.store;
    this.#tables = [...(program?.store.tables.values() ?? [])].filter(({ schema }) => schema.table.idleTimeout);
    this.#wake();
  }

  /** Scans until `signal` says stop. @throws InvariantError; what else fails is logged, and tried again */
  async run(signal: AbortSignal): Promise<void> {
    let restMs: number | undefined = minPauseMs;
    for (;;) {
      await this.#rest(this.#tables.length === 0 ? undefined : restMs, signal);
      if (signal.aborted) return;
      try {
        restMs = pauseMs(await this.scan(signal));
      } catch (error) {
        if (error instanceof InvariantError) throw error;
        this.#options.log.warn("idle.scan_failed", { error });
        restMs = failedPauseMs;
      }
    }
  }

  /** Looks once at every entry that ages. @returns how long it kept the event loop, in milliseconds */
  async scan(signal: AbortSignal): Promise<number> {
    const store = this.#store;
    if (store === undefined) return 0;
    const slices = new Slices();
    let worked = 0;
    let began = performance.now();
    for (const table of this.#tables) {
      let batch: Version[] = [];
      for (const head of table.heads.values()) {
        const version = Version.visible(head, store.generation);
        if (version?.extras.aging === undefined) continue;
        if (batch.push(version) < batchEntries) continue;
        await this.#look(store, table, batch);
        batch = [];
        if (!slices.due) continue;
        worked += performance.now() - began;
        await slices.pause();
        began = performance.now();
        if (signal.aborted || this.#store !== store) return worked;
      }
      if (batch.length > 0) await this.#look(store, table, batch);
    }
    return worked + performance.now() - began;
  }

  /**
   * Time since the last hit of `versions`, in the same order, as precise as a look at their counters makes it; undefined
   * for entries that do not age. A hit before that which no scan saw counts as of now.
   * @param store theirs
   */
  async elapsed(store: EntityStore, versions: readonly Version[]): Promise<readonly (bigint | undefined)[]> {
    if (store === this.#store) await this.#count(store, versions);
    const nowNs = this.#nowNs();
    return versions.map(({ extras: { aging } }) => aging && BigInt(Math.round(aging.activity.elapsedNs(nowNs))));
  }

  /** Reads the counters of `batch`, and tells of those of them that are due. */
  async #look(store: EntityStore, table: TableStore, batch: readonly Version[]): Promise<void> {
    const nowNs = await this.#count(store, batch);
    let entries: Version[] = [];
    let bytes = 0;
    for (const version of batch) {
      const { aging } = version.extras;
      if (aging?.activity.isDue(aging.timeoutNs, nowNs) !== true || !this.#isCurrent(store, version)) continue;
      aging.activity.notified(nowNs);
      entries.push(version);
      bytes += estimatedBytes(version, table);
      if (bytes < notificationBytes) continue;
      this.#tell(table, entries);
      entries = [];
      bytes = 0;
    }
    if (entries.length > 0) this.#tell(table, entries);
  }

  /** Tells each version's activity what its rule has counted. @returns when */
  async #count(store: EntityStore, versions: readonly Version[]): Promise<number> {
    const rules = versions.map(ruleOf);
    const there = rules.filter((rule) => rule !== undefined);
    const counts = new Float64Array(2 * there.length);
    await this.#datapath.counters(there, counts);
    const nowNs = this.#nowNs();
    let at = 0;
    for (const [i, version] of versions.entries()) {
      const rule = rules[i];
      const packets = rule === undefined ? 0 : (counts[2 * at++] ?? 0);
      // What is past, or has got another rule meanwhile, is for the next scan.
      if (!this.#isCurrent(store, version) || ruleOf(version) !== rule) continue;
      version.extras.aging?.activity.counted(packets, nowNs);
    }
    return nowNs;
  }

  /** False if `version` is of a state that is past, or its program is not active. */
  #isCurrent(store: EntityStore, { from, to }: Version): boolean {
    return store === this.#store && from <= store.generation && to > store.generation;
  }

  /** To the primary of each role that sees the table. */
  #tell(table: TableStore, entries: readonly Version[]): void {
    const timestampNs = this.#options.clock.realtimeNs();
    const notification: IdleNotification = { schema: table.schema, entries, timestampNs };
    const streams = this.#audience.primariesFor(notification.schema.table);
    if (streams.length === 0) this.dropped++;
    for (const stream of streams) {
      if (stream.idle(notification)) this.notified++;
      else this.dropped++;
    }
  }

  #nowNs(): number {
    return Number(this.#options.clock.monotonicNs());
  }

  /** Ends after `ms`, if that is given, when a program comes, or with `signal`. */
  #rest(ms: number | undefined, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = ms === undefined ? undefined : setTimeout(done, ms);
      signal.addEventListener("abort", done);
      this.#wake = done;
    });
  }
}

/** About what an entry takes in a notification: the bytes of its key, of its metadata, and what frames them. */
function estimatedBytes({ key, extras }: Version, { schema }: TableStore): number {
  return key.length + extras.metadata.length + 16 * schema.key.slots.length + 64;
}
