/** The software switch with a script: rules it refuses, commits that fail. Keeps account of the rules it holds. */
import type {
  Capabilities,
  Classification,
  Datapath,
  DatapathEvent,
  DatapathStats,
  OutgoingFrame,
  Plan,
  PuntedBatch,
  RuleSet,
  TransmitResult,
} from "../../src/datapath/datapath.js";
import type { CloneSpec, Replica } from "../../src/datapath/replication.js";
import { keyWords } from "../../src/datapath/frame-key.js";
import type { PortId, PortSpec, PortStatus, WantedPortState } from "../../src/datapath/port.js";
import type { InstalledRule, PuntRule, QueueSpec, RuleHandle, TableSpec } from "../../src/datapath/rule.js";
import { ordinaryPort } from "../../src/datapath/port.js";
import { SoftDatapath } from "../../src/datapath/soft/soft-datapath.js";
import { defined } from "../../src/base/invariant.js";
import type { Result, ResultOf, Status } from "../../src/base/status.js";

/** A rule as it is held: its arrays are copies. */
export type HeldRule = Omit<PuntRule, "meter"> & Pick<Required<PuntRule>, "meter">;

/** What a test wants to go wrong; each holds until it is taken back. */
export interface Script {
  /** Refuses `add` and `replace` of rules for which it gives a status. */
  refuse?: ((rule: Pick<PuntRule, "action" | "meter"> & Partial<PuntRule>) => Status | undefined) | undefined;
  /** Refuses multicast groups and clone sessions for which it gives a status. */
  refuseId?: ((id: number) => Status | undefined) | undefined;
  /** Fails every `commit`; the plan has no effect. */
  failCommit?: Status | undefined;
  /** Capabilities that differ from the software switch's. Looked at when a pipeline is pushed. */
  lacks?: Partial<Capabilities>;
  /** Lets each `commit` wait for it. */
  holdCommit?: Promise<void> | undefined;
  /** Changes what `dump` tells: a datapath that drifted. */
  drift?: ((held: Iterable<InstalledRule>) => Iterable<InstalledRule>) | undefined;
}

const port = (id: number): PortSpec => ({
  id: defined(ordinaryPort(id), "an ordinary port"),
  name: `port${id}`,
});

export class ScriptedDatapath implements Datapath {
  readonly script: Script = {};
  readonly soft: SoftDatapath;
  /** Committed rules, by the handle their owner uses. */
  #rules = new Map<RuleHandle, HeldRule>();

  /** Has ports 1 to 4. */
  constructor(queues: readonly QueueSpec[] = []) {
    this.soft = new SoftDatapath({ ports: [1, 2, 3, 4].map(port), queues });
  }

  get capabilities() {
    return { ...this.soft.capabilities, ...this.script.lacks };
  }

  get rules(): ReadonlyMap<RuleHandle, HeldRule> {
    return this.#rules;
  }

  plan(): Plan {
    return new ScriptedPlan(this.soft.plan(), this.script, this.#rules, (rules) => (this.#rules = rules));
  }

  async resync(desired: RuleSet, signal: AbortSignal): Promise<Result> {
    const rules = new Map<RuleHandle, HeldRule>();
    const watched = function* () {
      for (const { rule, placed } of desired.rules) {
        const note = (handle: RuleHandle) => {
          rules.set(handle, heldRule(rule));
          placed(handle);
        };
        yield { rule, placed: note };
      }
    };
    const result = await this.soft.resync({ ...desired, rules: watched() }, signal);
    if (result.ok) this.#rules = rules;
    return result;
  }

  counters(rules: readonly RuleHandle[], into: Float64Array): Promise<void> {
    return this.soft.counters(rules, into);
  }

  meterCounters(rules: readonly RuleHandle[], into: Float64Array): Promise<void> {
    return this.soft.meterCounters(rules, into);
  }

  dump(): Iterable<InstalledRule> {
    const held = this.soft.dump();
    return this.script.drift?.(held) ?? held;
  }

  transmit(frames: readonly OutgoingFrame[]): readonly TransmitResult[] {
    return this.soft.transmit(frames);
  }

  punted(signal: AbortSignal): AsyncIterable<PuntedBatch> {
    return this.soft.punted(signal);
  }

  events(signal: AbortSignal): AsyncIterable<DatapathEvent> {
    return this.soft.events(signal);
  }

  addPort(spec: PortSpec): Result {
    return this.soft.addPort(spec);
  }

  removePort(id: PortId): Result {
    return this.soft.removePort(id);
  }

  setPortState(id: PortId, state: WantedPortState): Result {
    return this.soft.setPortState(id, state);
  }

  port(id: PortId): PortStatus | undefined {
    return this.soft.port(id);
  }

  setLocalAddresses(addresses: readonly Uint8Array[]): void {
    this.soft.setLocalAddresses(addresses);
  }

  classify(id: PortId, frame: Uint8Array): Classification {
    return this.soft.classify(id, frame);
  }

  stats(): DatapathStats {
    return this.soft.stats();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.soft[Symbol.asyncDispose]();
  }
}

function heldRule(rule: PuntRule): HeldRule {
  const words = rule.count * keyWords;
  return { ...rule, values: rule.values.slice(0, words), masks: rule.masks.slice(0, words), meter: rule.meter };
}

class ScriptedPlan implements Plan {
  readonly #plan: Plan;
  readonly #script: Script;
  readonly #rules: Map<RuleHandle, HeldRule>;
  readonly #committed: (rules: Map<RuleHandle, HeldRule>) => void;

  constructor(
    plan: Plan,
    script: Script,
    rules: ReadonlyMap<RuleHandle, HeldRule>,
    committed: (rules: Map<RuleHandle, HeldRule>) => void,
  ) {
    this.#plan = plan;
    this.#script = script;
    this.#rules = new Map(rules);
    this.#committed = committed;
  }

  reset(tables: readonly TableSpec[]): Result {
    this.#rules.clear();
    return this.#plan.reset(tables);
  }

  add(rule: PuntRule): ResultOf<RuleHandle> {
    const status = this.#script.refuse?.(rule);
    if (status !== undefined) return { ok: false, status };
    const added = this.#plan.add(rule);
    if (added.ok) this.#rules.set(added.value, heldRule(rule));
    return added;
  }

  replace(handle: RuleHandle, change: Pick<PuntRule, "action" | "meter" | "cookie">): ResultOf<RuleHandle> {
    const status = this.#script.refuse?.(change);
    if (status !== undefined) return { ok: false, status };
    const before = defined(this.#rules.get(handle), "a rule there is");
    const replaced = this.#plan.replace(handle, change);
    if (!replaced.ok) return replaced;
    this.#rules.delete(handle);
    this.#rules.set(replaced.value, { ...before, ...change, meter: change.meter });
    return replaced;
  }

  remove(handle: RuleHandle): void {
    this.#plan.remove(handle);
    this.#rules.delete(handle);
  }

  setMulticastGroup(id: number, replicas: readonly Replica[] | undefined): Result {
    return this.#refusedId(id) ?? this.#plan.setMulticastGroup(id, replicas);
  }

  setCloneSession(id: number, session: CloneSpec | undefined): Result {
    return this.#refusedId(id) ?? this.#plan.setCloneSession(id, session);
  }

  #refusedId(id: number): Result | undefined {
    const status = this.#script.refuseId?.(id);
    return status && { ok: false, status };
  }

  async commit(): Promise<Result> {
    await this.#script.holdCommit;
    if (this.#script.failCommit !== undefined) {
      this.#plan.abandon();
      return { ok: false, status: this.#script.failCommit };
    }
    const result = await this.#plan.commit();
    if (result.ok) this.#committed(this.#rules);
    return result;
  }

  abandon(): void {
    this.#plan.abandon();
  }
}
