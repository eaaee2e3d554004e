/** Direct counters, those per meter colour too: what the datapath counted, plus what the controller wrote. */
import type { Datapath } from "../datapath/datapath.js";
import type { RuleHandle } from "../datapath/rule.js";
import { zeroCounter, zeroMeterCounter } from "../entity/cell.js";
import type { CounterData, MeterCounterData } from "../entity/table-entry.js";
import type { Version } from "../store/version.js";
import { ruleOf } from "./realise.js";

type Rules = readonly (RuleHandle | undefined)[];

/** What `rules` have counted, in the same order; zero where there is none. */
async function counted(datapath: Datapath, rules: Rules): Promise<readonly CounterData[]> {
  const there = rules.filter((rule) => rule !== undefined);
  const counts = new Float64Array(2 * there.length);
  await datapath.counters(there, counts);
  let at = 0;
  return rules.map((rule) => (rule === undefined ? zeroCounter : counterAt(counts, 2 * at++)));
}

/** What `rules` have counted per colour, in the same order; zero where there is none. */
async function countedByColour(datapath: Datapath, rules: Rules): Promise<readonly MeterCounterData[]> {
  const there = rules.filter((rule) => rule !== undefined);
  const counts = new Float64Array(6 * there.length);
  await datapath.meterCounters(there, counts);
  let next = 0;
  return rules.map((rule) => {
    if (rule === undefined) return zeroMeterCounter;
    const at = 6 * next++;
    return { green: counterAt(counts, at), yellow: counterAt(counts, at + 2), red: counterAt(counts, at + 4) };
  });
}

function counterAt(counts: Float64Array, at: number): CounterData {
  return { packets: BigInt(counts[at] ?? 0), bytes: BigInt(counts[at + 1] ?? 0) };
}

/** The counters of `versions` as a controller sees them, in the same order. */
export async function readCounters(datapath: Datapath, versions: readonly Version[]): Promise<readonly CounterData[]> {
  const counts = await counted(datapath, versions.map(ruleOf));
  return counts.map((count, i) => sum(versions[i]?.counterBase, count));
}

/** Their counters per meter colour. @precondition the datapath counts by colour */
export async function readMeterCounters(
  datapath: Datapath,
  versions: readonly Version[],
): Promise<readonly MeterCounterData[]> {
  const counts = await countedByColour(datapath, versions.map(ruleOf));
  return counts.map((count, i) => sumByColour(versions[i]?.counterBase?.colours, count));
}

/** Wraps like a counter of 63 bits, which is what fits the message. */
function sum(base: CounterData | undefined, { packets, bytes }: CounterData): CounterData {
  if (base === undefined) return { packets, bytes };
  return { packets: BigInt.asUintN(63, base.packets + packets), bytes: BigInt.asUintN(63, base.bytes + bytes) };
}

function sumByColour(base: MeterCounterData | undefined, count: MeterCounterData): MeterCounterData {
  return eachColour((colour) => sum(base?.[colour], count[colour]));
}

function eachColour(of: (colour: keyof MeterCounterData) => CounterData): MeterCounterData {
  return { green: of("green"), yellow: of("yellow"), red: of("red") };
}

/** `written` as something to add to `counted`. */
function difference(written: CounterData, count: CounterData): CounterData {
  return { packets: written.packets - count.packets, bytes: written.bytes - count.bytes };
}

/** The rule of `version` begins to count from zero again: what a written value took off for it is void, and no hit is seen in it. */
export function restartCounter(version: Version): void {
  version.extras.aging?.activity.restart();
  const { counterBase: base } = version;
  if (base === undefined) return;
  const { colours } = base;
  version.counterBase = {
    ...notBelowZero(base),
    colours: colours && eachColour((colour) => notBelowZero(colours[colour])),
  };
}

function notBelowZero({ packets, bytes }: CounterData): CounterData {
  return { packets: packets < 0n ? 0n : packets, bytes: bytes < 0n ? 0n : bytes };
}

/** Counters that a batch writes, or whose rule it takes away; they count on from there. */
export class CounterWrites {
  readonly #datapath: Datapath;
  /** Values to take, by the version that will have them. */
  readonly #written = new Map<Version, CounterData>();
  /** Versions whose counters per colour will be zero. */
  readonly #cleared = new Set<Version>();
  /** Rules whose counts are to be kept, by the version that goes on without them. */
  readonly #retired = new Map<Version, RuleHandle>();

  constructor(datapath: Datapath) {
    this.#datapath = datapath;
  }

  set(version: Version, data: CounterData): void {
    this.#written.set(version, data);
  }

  /** Where nothing counts by colour, nothing is cleared. */
  clearColours(version: Version): void {
    if (this.#datapath.capabilities.meterCounters) this.#cleared.add(version);
  }

  /** `version` takes the place of `before` within the batch. */
  carry(before: Version, version: Version): void {
    const gone = ruleOf(version) === undefined ? ruleOf(before) : undefined;
    if (gone === undefined && this.#written.size + this.#cleared.size + this.#retired.size === 0) return;
    const data = this.#written.get(before);
    const cleared = this.#cleared.has(before);
    const rule = this.#retired.get(before) ?? gone;
    this.forget(before);
    if (data !== undefined) this.#written.set(version, data);
    if (cleared) this.#cleared.add(version);
    if (rule !== undefined) this.#retired.set(version, rule);
  }

  /** `version` ends within the batch. */
  forget(version: Version): void {
    this.#written.delete(version);
    this.#cleared.delete(version);
    this.#retired.delete(version);
  }

  /** Keeps what rules have counted that the plan takes away. @precondition the plan is not yet committed */
  async keep(): Promise<void> {
    if (this.#retired.size === 0) return;
    const rules = [...this.#retired.values()];
    const counts = await counted(this.#datapath, rules);
    const byColour = this.#datapath.capabilities.meterCounters ? await countedByColour(this.#datapath, rules) : [];
    for (const [i, version] of [...this.#retired.keys()].entries()) {
      const [base, count, colours] = [version.counterBase, counts[i], byColour[i]];
      if (count === undefined) continue;
      version.counterBase = { ...sum(base, count), colours: colours && sumByColour(base?.colours, colours) };
    }
  }

  /** Takes off what the rules have counted so far. @precondition the plan is committed */
  async apply(): Promise<void> {
    if (this.#written.size > 0) {
      const counts = await counted(this.#datapath, [...this.#written.keys()].map(ruleOf));
      for (const [i, [version, data]] of [...this.#written].entries()) {
        const count = counts[i];
        if (count === undefined) continue;
        version.counterBase = { ...difference(data, count), colours: version.counterBase?.colours };
      }
    }
    if (this.#cleared.size === 0) return;
    const byColour = await countedByColour(this.#datapath, [...this.#cleared].map(ruleOf));
    for (const [i, version] of [...this.#cleared].entries()) {
      const count = byColour[i];
      if (count === undefined) continue;
      const colours = eachColour((colour) => difference(zeroCounter, count[colour]));
      version.counterBase = { ...(version.counterBase ?? zeroCounter), colours };
    }
  }
}
