/** Direct counters: what the datapath counted, plus what the controller wrote. */
import type { Datapath } from "../datapath/datapath.js";
import type { RuleHandle } from "../datapath/rule.js";
import type { CounterData } from "../entity/table-entry.js";
import type { Version } from "../store/version.js";
import { ruleOf } from "./realise.js";

/** What the rules of `versions` have counted; zero where nothing realises one. */
async function counted(datapath: Datapath, versions: readonly Version[]): Promise<readonly CounterData[]> {
  const rules: RuleHandle[] = [];
  for (const version of versions) {
    const rule = ruleOf(version);
    if (rule !== undefined) rules.push(rule);
  }
  const counts = new Float64Array(2 * rules.length);
  await datapath.counters(rules, counts);
  let at = 0;
  return versions.map((version) => {
    if (ruleOf(version) === undefined) return { packets: 0n, bytes: 0n };
    return { packets: BigInt(counts[at++] ?? 0), bytes: BigInt(counts[at++] ?? 0) };
  });
}

/** The counters of `versions` as a controller sees them, in the same order. */
export async function readCounters(datapath: Datapath, versions: readonly Version[]): Promise<readonly CounterData[]> {
  const counts = await counted(datapath, versions);
  return counts.map(({ packets, bytes }, i) => {
    const base = versions[i]?.counterBase;
    return base === undefined ? { packets, bytes } : { packets: packets + base.packets, bytes: bytes + base.bytes };
  });
}

/** Counters that take a new value when their batch becomes visible; they count on from there. */
export class CounterWrites {
  readonly #datapath: Datapath;
  readonly #versions: Version[] = [];
  readonly #data: CounterData[] = [];

  constructor(datapath: Datapath) {
    this.#datapath = datapath;
  }

  set(version: Version, data: CounterData): void {
    this.#versions.push(version);
    this.#data.push(data);
  }

  /** Takes off what the rules have counted so far. @precondition the plan is committed */
  async apply(): Promise<void> {
    if (this.#versions.length === 0) return;
    const counts = await counted(this.#datapath, this.#versions);
    for (const [i, version] of this.#versions.entries()) {
      const [data, count] = [this.#data[i], counts[i]];
      if (data === undefined || count === undefined) continue;
      version.counterBase = { packets: data.packets - count.packets, bytes: data.bytes - count.bytes };
    }
  }
}
