/** Every table of the software switch, and the steps from one published state to the next. */
import { defined, invariant } from "../../base/invariant.js";
import type { Result, ResultOf } from "../../base/status.js";
import { ok } from "../../base/status.js";
import type { Plan } from "../datapath.js";
import type { CloneSpec, Replica } from "../replication.js";
import { isSelector, sameConfig } from "../rule.js";
import type { ActionSelector, InstalledRule, MeterSpec, PuntRule, RuleAction, RuleHandle, TableSpec } from "../rule.js";
import { Classifier } from "./classifier.js";
import { Meter } from "./meter.js";
import { SoftSelector } from "./selector.js";
import { SoftRule } from "./soft-rule.js";
import type { HeldAction } from "./soft-rule.js";
import type { Ticks } from "./ticks.js";

/** One table: its rules and how they meter. */
export class Table {
  readonly rules: Classifier;
  readonly meter: MeterSpec | undefined;

  constructor(spec: TableSpec) {
    this.rules = new Classifier(spec.name, spec.maxMasks);
    this.meter = spec.meter;
  }
}

/** Tables in falling precedence, and the generation that frames see. */
export class RuleBase {
  tables: readonly Table[] = [];
  generation = 1;
  /** Replicas by the number of the multicast group. */
  groups = new Map<number, readonly Replica[]>();
  sessions = new Map<number, CloneSpec>();
  /** Rules of one selector share what is made of it. */
  readonly #selectors = new WeakMap<ActionSelector, SoftSelector>();
  #rulesEver = 0;
  #open = false;

  constructor(
    readonly ticks: Ticks,
    readonly queues: number,
  ) {}

  /** @precondition no other plan is open */
  plan(): Plan {
    invariant(!this.#open, "one plan is open at a time");
    this.#open = true;
    return new SoftPlan(this, () => (this.#open = false));
  }

  nextAge(): number {
    return this.#rulesEver++;
  }

  /** `action` as rules hold it. */
  held(action: RuleAction): HeldAction {
    if (!isSelector(action)) {
      invariant(action.queue === undefined || action.queue < this.queues, "a rule names a queue there is");
      return action;
    }
    const known = this.#selectors.get(action);
    if (known !== undefined) return known;
    for (const choice of action.choices) {
      this.held(choice.action);
      invariant(choice.weight > 0, "a choice has a weight");
    }
    const made = new SoftSelector(action);
    this.#selectors.set(action, made);
    return made;
  }

  /** @see Datapath.dump */
  *dump(): Generator<InstalledRule, void, void> {
    const { generation } = this;
    for (const { rules } of this.tables)
      for (const { rule, value, mask } of rules.keys(generation)) {
        const { table, priority, action, cookie } = rule;
        yield { table, priority, value, mask, action: toldAction(action), cookie };
      }
  }
}

/** The rule behind `handle`. @throws InvariantError for the handle of another backend */
export function ruleOf(handle: RuleHandle): SoftRule {
  const rule: object = handle;
  invariant(rule instanceof SoftRule, "a rule handle of the software switch");
  return rule;
}

/**
 * New rules are linked at once, to live from the next generation on; removals and changes are noted in the rules. So
 * `commit` is one step of the generation, and then clean-up of what this plan touched, before any frame is looked at.
 */
class SoftPlan implements Plan {
  readonly #base: RuleBase;
  readonly #closed: () => void;
  readonly #next: number;
  #tables: readonly Table[];
  readonly #added: SoftRule[] = [];
  readonly #removed: SoftRule[] = [];
  readonly #changed: SoftRule[] = [];
  readonly #groups = new Map<number, readonly Replica[] | undefined>();
  readonly #sessions = new Map<number, CloneSpec | undefined>();
  /** Added rules and those before the reset that they go on for. */
  readonly #successions: { readonly rule: SoftRule; readonly before: SoftRule }[] = [];
  #state: "fresh" | "open" | "ended" = "fresh";
  #wasReset = false;

  constructor(base: RuleBase, closed: () => void) {
    this.#base = base;
    this.#closed = closed;
    this.#next = base.generation + 1;
    this.#tables = base.tables;
  }

  reset(tables: readonly TableSpec[]): Result {
    invariant(this.#state === "fresh", "reset is the first call of a plan");
    this.#state = "open";
    this.#wasReset = true;
    this.#tables = tables.map((spec) => new Table(spec));
    return ok;
  }

  add(rule: PuntRule): ResultOf<RuleHandle> {
    this.#work();
    const table = defined(this.#tables[rule.table], "a rule names a table of the plan");
    const before = rule.succeeds && this.#dropped(rule.succeeds);
    const made = new SoftRule(rule.table, rule.priority, this.#base.nextAge(), this.#next, {
      action: this.#base.held(rule.action),
      cookie: rule.cookie,
      meter: this.#meter(table, rule.meter, table.meter && before?.meter),
    });
    const added = table.rules.add(rule, made);
    if (!added.ok) return added;
    this.#added.push(made);
    if (before !== undefined) this.#successions.push({ rule: made, before });
    return { ok: true, value: handleOf(made) };
  }

  replace(handle: RuleHandle, change: Pick<PuntRule, "action" | "meter" | "cookie">): ResultOf<RuleHandle> {
    const rule = this.#living(handle);
    const same = sameConfig(rule.meter?.config, change.meter);
    const meter = same ? rule.meter : this.#meter(this.#tableOf(rule), change.meter, rule.meter);
    if (rule.pending === undefined) this.#changed.push(rule);
    rule.pending = { action: this.#base.held(change.action), cookie: change.cookie, meter };
    return { ok: true, value: handle };
  }

  remove(handle: RuleHandle): void {
    const rule = this.#living(handle);
    rule.leaving = true;
    this.#tableOf(rule).rules.forget(rule);
    this.#removed.push(rule);
  }

  setMulticastGroup(id: number, replicas: readonly Replica[] | undefined): Result {
    this.#work();
    this.#groups.set(id, replicas);
    return ok;
  }

  setCloneSession(id: number, session: CloneSpec | undefined): Result {
    this.#work();
    invariant(session?.queue === undefined || session.queue < this.#base.queues, "a session names a queue there is");
    this.#sessions.set(id, session);
    return ok;
  }

  commit(): Promise<Result> {
    this.#work();
    if (this.#wasReset) {
      this.#base.groups = new Map();
      this.#base.sessions = new Map();
    }
    settle(this.#base.groups, this.#groups);
    settle(this.#base.sessions, this.#sessions);
    this.#base.tables = this.#tables;
    this.#base.generation = this.#next;
    for (const { rule, before } of this.#successions) rule.succeed(before);
    for (const rule of this.#changed) rule.settle();
    for (const rule of this.#removed) this.#tableOf(rule).rules.unlink(rule);
    this.#end();
    return Promise.resolve(ok);
  }

  abandon(): void {
    this.#work();
    for (const rule of this.#changed) rule.pending = undefined;
    for (const rule of this.#removed) {
      rule.leaving = false;
      this.#tableOf(rule).rules.keep(rule);
    }
    for (const rule of this.#added) {
      const { rules } = this.#tableOf(rule);
      rule.leaving = true;
      rules.forget(rule);
      rules.unlink(rule);
    }
    this.#end();
  }

  #end(): void {
    for (const table of this.#tables) table.rules.publish();
    this.#state = "ended";
    this.#closed();
  }

  #work(): void {
    invariant(this.#state !== "ended", "a plan ends once");
    this.#state = "open";
  }

  #living(handle: RuleHandle): SoftRule {
    this.#work();
    const rule = ruleOf(handle);
    invariant(!rule.leaving, "a rule is removed once and then left alone");
    invariant(!this.#wasReset || rule.from === this.#next, "a reset ends the rules there were");
    return rule;
  }

  #dropped(handle: RuleHandle): SoftRule {
    const rule = ruleOf(handle);
    invariant(this.#wasReset && rule.from < this.#next, "a rule goes on for one that a reset drops");
    return rule;
  }

  #tableOf(rule: SoftRule): Table {
    return defined(this.#tables[rule.table], "a rule's table is one of the plan");
  }

  /** A rule that loses its meter keeps one that does nothing, for what was counted by colour. */
  #meter(table: Table, config: PuntRule["meter"], before: Meter | undefined): Meter | undefined {
    if (config === undefined && before === undefined) return undefined;
    const spec = defined(table.meter, "only rules of metering tables meter");
    return new Meter(spec, config, { nowNs: this.#base.ticks.nowNs(), before });
  }
}

/** Makes `changes` in `held`; undefined: there is no such thing any more. */
function settle<T>(held: Map<number, T>, changes: ReadonlyMap<number, T | undefined>): void {
  for (const [id, value] of changes) {
    if (value === undefined) held.delete(id);
    else held.set(id, value);
  }
}

/** What the rule was given. */
export function toldAction(action: HeldAction): RuleAction {
  return action instanceof SoftSelector ? action.told : action;
}

function handleOf(rule: SoftRule): RuleHandle {
  const handle: object = rule;
  return handle as RuleHandle;
}
