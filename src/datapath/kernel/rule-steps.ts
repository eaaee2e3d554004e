/** Steps of the tc program's rules from one published state to the next. */
import { tooManyKeys, tooManyMasks, tooManyTuples } from "../../addon/addon.js";
import type { BpfDatapath, BpfTable } from "../../addon/addon.js";
import { absurd, defined, invariant } from "../../base/invariant.js";
import { Slices } from "../../base/slices.js";
import type { Result, ResultOf, Status } from "../../base/status.js";
import { Code, ok } from "../../base/status.js";
import type { Plan } from "../datapath.js";
import { isSelector, sameConfig } from "../rule.js";
import type {
  InstalledRule,
  MeterConfig,
  MeterType,
  PuntRule,
  RuleAction,
  RuleCookie,
  RuleHandle,
  TableIndex,
  TableSpec,
} from "../rule.js";
import { KernelRule, handleOf, packAction, packMeter, ruleOf, unpackAction } from "./kernel-rule.js";
import { isSystemError } from "./system-error.js";

/** Tables that the tc program walks at most. */
export const maxTables = 16;

/** Keys that one call of `BpfDatapath.commit` works on: about half a millisecond. */
const keysPerSlice = 512;

/** What the tables of a device may hold together, and what rules may name. */
export interface RuleLimits {
  readonly capacity: number;
  readonly maxTuples: number;
  readonly queues: number;
}

/** Tables in falling precedence, and who is told when a step fails. */
export class RuleSteps {
  tables: readonly TableSpec[] = [];
  /** How often everything was dropped. */
  epoch = 0;
  /** Every rule by its number. */
  readonly rules: (KernelRule | undefined)[] = [];
  #open = false;

  constructor(
    readonly bpf: BpfDatapath,
    readonly limits: RuleLimits,
    readonly onLost: (reason: string) => void,
  ) {}

  /** @precondition no other plan is open */
  plan(): Plan {
    invariant(!this.#open, "one plan is open at a time");
    this.bpf.begin();
    this.#open = true;
    return new KernelPlan(this, () => (this.#open = false));
  }

  /** @see Datapath.dump */
  *dump(): Generator<InstalledRule, void, void> {
    for (const { rule, table, priority, value, mask, action } of this.bpf.dump())
      yield {
        table: table as TableIndex,
        priority,
        value,
        mask,
        action: unpackAction(action),
        cookie: this.rules[rule]?.cookie,
      };
  }

  /** Packets and bytes of `rules` into pairs of `into`. Those that a reset dropped have zeros. */
  counters(rules: readonly RuleHandle[], into: Float64Array): void {
    const found = rules.map((handle) => ruleOf(handle));
    const live = found.filter((rule) => rule.epoch === this.epoch && rule.last === undefined);
    const counts = new Float64Array(2 * live.length);
    this.bpf.counters(
      Uint32Array.from(live, (rule) => rule.number),
      counts,
    );
    let at = 0;
    found.forEach((rule, i) => {
      const isLive = rule === live[at / 2];
      const last = rule.epoch === this.epoch ? rule.last : undefined;
      const inherited = rule.epoch === this.epoch ? rule.inherited : undefined;
      into[2 * i] = ((isLive ? counts[at] : last?.[0]) ?? 0) + (inherited?.[0] ?? 0);
      into[2 * i + 1] = ((isLive ? counts[at + 1] : last?.[1]) ?? 0) + (inherited?.[1] ?? 0);
      if (isLive) at += 2;
    });
  }

  /** Green, yellow and red packets and bytes of `rules`, six numbers each. Those that a reset dropped have zeros. */
  meterCounters(rules: readonly RuleHandle[], into: Float64Array): void {
    const found = rules.map((handle) => ruleOf(handle));
    const live = found.filter((rule) => rule.epoch === this.epoch && rule.last === undefined);
    const colours = this.coloursOf(live); // before the sums, of which they are part
    const sums = new Float64Array(2 * rules.length);
    this.counters(rules, sums);
    let next = 0;
    found.forEach((rule, i) => {
      const last = rule.epoch === this.epoch ? rule.lastColours : undefined;
      const others = rule === live[next] ? colours.subarray(4 * next, 4 * ++next) : last;
      const inherited = rule.epoch === this.epoch ? rule.inheritedColours : undefined;
      const of = (number: number) => (others?.[number] ?? 0) + (inherited?.[number] ?? 0);
      const [yellowPackets, yellowBytes, redPackets, redBytes] = [of(0), of(1), of(2), of(3)];
      const greenPackets = (sums[2 * i] ?? 0) - yellowPackets - redPackets;
      const greenBytes = (sums[2 * i + 1] ?? 0) - yellowBytes - redBytes;
      into.set([greenPackets, greenBytes, yellowPackets, yellowBytes, redPackets, redBytes], 6 * i);
    });
  }

  /** Yellow and red packets and bytes of live rules, four numbers each. */
  coloursOf(rules: readonly KernelRule[]): Float64Array {
    const colours = new Float64Array(4 * rules.length);
    this.bpf.colours(
      Uint32Array.from(rules, (rule) => rule.number),
      colours,
    );
    return colours;
  }
}

class KernelPlan implements Plan {
  readonly #steps: RuleSteps;
  readonly #closed: () => void;
  #tables: readonly TableSpec[];
  #epoch: number;
  #wasReset = false;
  #state: "fresh" | "open" | "ended" = "fresh";
  /** Why a removal failed: `remove` cannot say so, `commit` does. */
  #failure: Result | undefined;
  readonly #added = new Set<KernelRule>();
  readonly #removed: KernelRule[] = [];
  /** Added rules and those before the reset that they go on for. */
  readonly #successions: { readonly rule: KernelRule; readonly before: RuleHandle }[] = [];
  /** Changed rules with the meters they had and the cookies they will have. */
  readonly #changed: { rule: KernelRule; meterBefore: MeterConfig | undefined; cookie: RuleCookie }[] = [];

  constructor(steps: RuleSteps, closed: () => void) {
    this.#steps = steps;
    this.#closed = closed;
    this.#tables = steps.tables;
    this.#epoch = steps.epoch;
  }

  reset(tables: readonly TableSpec[]): Result {
    invariant(this.#state === "fresh", "reset is the first call of a plan");
    this.#state = "open";
    if (tables.length > maxTables)
      return exhausted(`${tables.length} tables, the kernel datapath has room for ${maxTables}`, {});
    return this.#tried(() => {
      this.#steps.bpf.reset(tables.map(bpfTable));
      this.#tables = tables;
      this.#wasReset = true;
      this.#epoch = this.#steps.epoch + 1;
      return ok;
    });
  }

  add(rule: PuntRule): ResultOf<RuleHandle> {
    this.#work();
    const table = defined(this.#tables[rule.table], "a rule names a table of the plan");
    invariant(rule.meter === undefined || table.meter !== undefined, "only rules of metering tables meter");
    const action = this.#packed(rule.action);
    return this.#tried(() => {
      const { table: index, priority, values, masks, count, meter } = rule;
      const number = this.#steps.bpf.add(index, priority, values, masks, count, action, packMeter(meter));
      if (number < 0) return { ok: false, status: this.#full(number, table) };
      const made = new KernelRule(number, index, this.#epoch, meter, rule.cookie);
      this.#added.add(made);
      if (rule.succeeds !== undefined) {
        invariant(this.#wasReset, "a rule goes on for one that a reset drops");
        this.#successions.push({ rule: made, before: rule.succeeds });
      }
      return { ok: true, value: handleOf(made) };
    });
  }

  replace(handle: RuleHandle, change: Pick<PuntRule, "action" | "meter" | "cookie">): ResultOf<RuleHandle> {
    const rule = this.#living(handle);
    const table = defined(this.#tables[rule.table], "a rule's table is one of the plan");
    invariant(change.meter === undefined || table.meter !== undefined, "only rules of metering tables meter");
    const action = this.#packed(change.action);
    const keep = sameConfig(rule.meter, change.meter) ? "keep" : "renew";
    return this.#tried(() => {
      this.#steps.bpf.replace(rule.number, action, packMeter(change.meter), keep);
      this.#changed.push({ rule, meterBefore: rule.meter, cookie: change.cookie });
      rule.meter = change.meter;
      return { ok: true, value: handle };
    });
  }

  remove(handle: RuleHandle): void {
    const rule = this.#living(handle);
    const removed = this.#tried(() => {
      this.#steps.bpf.remove(rule.number);
      return ok;
    });
    if (!removed.ok) this.#failure ??= removed;
    rule.leaving = true;
    this.#removed.push(rule);
  }

  setMulticastGroup(): Result {
    return noReplication;
  }

  setCloneSession(): Result {
    return noReplication;
  }

  async commit(): Promise<Result> {
    this.#work();
    this.#state = "ended";
    let result = this.#tried(() => {
      this.#keepCounts();
      this.#inherit();
      if (this.#failure !== undefined) this.#steps.bpf.abandon();
      return this.#failure ?? ok;
    });
    // What a reset dropped answers from now on as it will: its numbers go to others in one of the next slices.
    this.#steps.epoch = this.#epoch;
    if (result.ok) result = await this.#commitInSlices();
    this.#number();
    this.#steps.tables = this.#tables;
    this.#end();
    if (!result.ok) this.#steps.onLost(result.status.message);
    return result;
  }

  async #commitInSlices(): Promise<Result> {
    const slices = new Slices();
    for (;;) {
      const some = this.#tried((): ResultOf<boolean> => ({ ok: true, value: this.#steps.bpf.commit(keysPerSlice) }));
      if (!some.ok) return some;
      if (some.value) return ok;
      if (slices.due) await slices.pause();
    }
  }

  abandon(): void {
    this.#work();
    this.#steps.bpf.abandon();
    for (const { rule, meterBefore } of this.#changed.reverse()) rule.meter = meterBefore;
    for (const rule of this.#removed) rule.leaving = false;
    this.#end();
  }

  /** The numbers of removed rules are given to others: what they counted is read while they are theirs. */
  #keepCounts(): void {
    const counted = this.#removed.filter((rule) => !this.#added.has(rule)); // the others no frame has met
    if (counted.length === 0) return;
    const counts = new Float64Array(2 * counted.length);
    this.#steps.bpf.counters(
      Uint32Array.from(counted, (rule) => rule.number),
      counts,
    );
    const colours = this.#steps.coloursOf(counted);
    counted.forEach((rule, i) => {
      rule.last = [counts[2 * i] ?? 0, counts[2 * i + 1] ?? 0];
      rule.lastColours = colours.slice(4 * i, 4 * i + 4);
    });
  }

  /** Frames that the rules before count from here to the end of the commit are in no counter. */
  #inherit(): void {
    if (this.#successions.length === 0) return;
    const counts = new Float64Array(6 * this.#successions.length);
    this.#steps.meterCounters(
      this.#successions.map(({ before }) => before),
      counts,
    );
    this.#successions.forEach(({ rule }, i) => {
      const of = (number: number) => counts[6 * i + number] ?? 0;
      rule.inherited = [of(0) + of(2) + of(4), of(1) + of(3) + of(5)];
      if (of(2) + of(4) > 0) rule.inheritedColours = counts.slice(6 * i + 2, 6 * i + 6);
    });
  }

  /** Enters the step's rules by their numbers, and their cookies. One that was added may have the number of one that was removed. */
  #number(): void {
    const { rules } = this.#steps;
    if (this.#wasReset) rules.length = 0;
    for (const rule of this.#removed) if (rules[rule.number] === rule) rules[rule.number] = undefined;
    for (const rule of this.#added) if (!rule.leaving) rules[rule.number] = rule;
    for (const { rule, cookie } of this.#changed) rule.cookie = cookie;
  }

  #end(): void {
    this.#state = "ended";
    this.#closed();
  }

  #work(): void {
    invariant(this.#state !== "ended", "a plan ends once");
    this.#state = "open";
  }

  #living(handle: RuleHandle): KernelRule {
    this.#work();
    const rule = ruleOf(handle);
    invariant(!rule.leaving, "a rule is removed once and then left alone");
    invariant(rule.epoch === this.#epoch, "a reset ends the rules there were");
    return rule;
  }

  #packed(action: RuleAction): number {
    invariant(!isSelector(action), "no rule asks for what is no capability");
    invariant(action.redirect === undefined && action.mirror === undefined, "no rule asks for what is no capability");
    invariant(action.queue === undefined || action.queue < this.#steps.limits.queues, "a rule names a queue there is");
    return packAction(action);
  }

  #full(code: number, table: TableSpec): Status {
    const { capacity, maxTuples } = this.#steps.limits;
    const fields = { table: table.name };
    switch (code) {
      case tooManyMasks:
        return fullStatus(
          `table '${table.name}' holds ${table.maxMasks} distinct masks, its limit is ${table.maxMasks}`,
          fields,
        );
      case tooManyKeys:
        return fullStatus(
          `table '${table.name}' has no room: the tables of the device hold ${capacity} keys at most`,
          fields,
        );
      case tooManyTuples:
        return fullStatus(
          `table '${table.name}' has no room: the tables of the device hold ${maxTuples} distinct masks at most`,
          fields,
        );
      default:
        throw new TypeError(`unknown code ${code} of a refused rule`);
    }
  }

  #tried<T>(work: () => T | { ok: false; status: Status }): T | { ok: false; status: Status } {
    try {
      return work();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const message = `the kernel refused: ${error.message}`;
      return { ok: false, status: { code: Code.UNAVAILABLE, message, fields: { syscall: error.syscall } } };
    }
  }
}

const noReplication: Result = {
  ok: false,
  status: { code: Code.UNIMPLEMENTED, message: "the kernel datapath makes no copies of frames" },
};

function exhausted(message: string, fields: Status["fields"]): { readonly ok: false; readonly status: Status } {
  return { ok: false, status: fullStatus(message, fields) };
}

function fullStatus(message: string, fields: Status["fields"]): Status {
  return { code: Code.RESOURCE_EXHAUSTED, message, ...(fields && { fields }) };
}

function bpfTable({ maxMasks, meter }: TableSpec): BpfTable {
  return { maxMasks, meter: meter && { type: meterType(meter.type), bytes: meter.unit === "bytes" } };
}

function meterType(type: MeterType): number {
  switch (type) {
    case "two-rate-three-color":
      return 0;
    case "single-rate-three-color":
      return 1;
    case "single-rate-two-color":
      return 2;
    default:
      return absurd(type);
  }
}
