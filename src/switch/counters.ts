/** Direct counters: what the datapath counted, plus what the controller wrote. */
import type { Datapath } from "../datapath/datapath.js";
import type { RuleHandle } from "../datapath/rule.js";
import type { CounterData } from "../entity/table-entry.js";
import type { Version } from "../store/version.js";
import { ruleOf } from "./realise.js";

/** What `rules` have counted, in the same order; zero where there is none. */
async function counted(
  datapath: Datapath,
  rules: readonly (RuleHandle | undefined)[],
): Promise<readonly CounterData[]> {
  const there = rules.filter((rule) => rule !== undefined);
  const counts = new Float64Array(2 * there.length);
  await datapath.counters(there, counts);
  let at = 0;
  return rules.map((rule) => {
    if (rule === undefined) return { packets: 0n, bytes: 0n };
    return { packets: BigInt(counts[at++] ?? 0), bytes: BigInt(counts[at++] ?? 0) };
  });
}

/** The counters of `versions` as a controller sees them, in the same order. */
export async function readCounters(datapath: Datapath, versions: readonly Version[]): Promise<readonly CounterData[]> {
  const counts = await counted(datapath, versions.map(ruleOf));
  return counts.map((count, i) => sum(versions[i]?.counterBase, count));
}

/** Wraps like a counter of 63 bits, which is what fits the message. */
function sum(base: CounterData | undefined, { packets, bytes }: CounterData): CounterData {
  if (base === undefined) return { packets, bytes };
  return { packets: BigInt.asUintN(63, base.packets + packets), bytes: BigInt.asUintN(63, base.bytes + bytes) };
}

/** The rule of `version` begins to count from zero again: what a written value took off for it is void. */
export function restartCounter(version: Version): void {
  const { counterBase: base } = version;
  if (base === undefined) return;
  version.counterBase = { packets: base.packets < 0n ? 0n : base.packets, bytes: base.bytes < 0n ? 0n : base.bytes };
}

/** Counters that a batch writes, or whose rule it takes away; they count on from there. */
export class CounterWrites {
  readonly #datapath: Datapath;
  /** Values to take, by the version that will have them. */
  readonly #written = new Map<Version, CounterData>();
  /** Rules whose counts are to be kept, by the version that goes on without them. */
  readonly #retired = new Map<Version, RuleHandle>();

  constructor(datapath: Datapath) {
    this.#datapath = datapath;
  }

  set(version: Version, data: CounterData): void {
    this.#written.set(version, data);
    this.#retired.delete(version);
  }

  /** `version` takes the place of `before` within the batch. */
  carry(before: Version, version: Version): void {
    const data = this.#written.get(before);
    const rule = this.#retired.get(before) ?? (ruleOf(version) === undefined ? ruleOf(before) : undefined);
    this.forget(before);
    if (data !== undefined) this.#written.set(version, data);
    else if (rule !== undefined) this.#retired.set(version, rule);
  }

  /** `version` ends within the batch. */
  forget(version: Version): void {
    this.#written.delete(version);
    this.#retired.delete(version);
  }

  /** Keeps what rules have counted that the plan takes away. @precondition the plan is not yet committed */
  async keep(): Promise<void> {
    if (this.#retired.size === 0) return;
    const counts = await counted(this.#datapath, [...this.#retired.values()]);
    for (const [i, version] of [...this.#retired.keys()].entries()) {
      const count = counts[i];
      if (count !== undefined) version.counterBase = sum(version.counterBase, count);
    }
  }

  /** Takes off what the rules have counted so far. @precondition the plan is committed */
  async apply(): Promise<void> {
    if (this.#written.size === 0) return;
    const counts = await counted(this.#datapath, [...this.#written.keys()].map(ruleOf));
    for (const [i, [version, data]] of [...this.#written].entries()) {
      const count = counts[i];
      if (count === undefined) continue;
      version.counterBase = { packets: data.packets - count.packets, bytes: data.bytes - count.bytes };
    }
  }
}
