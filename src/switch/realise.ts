/** From an entry to its rule on the datapath. */
import { refusal } from "../base/situation.js";
import type { BoundAction } from "../acl/bindings.js";
import { queueName } from "../acl/lower.js";
import type { SteeringParams } from "../acl/param-role.js";
import { absurd, defined } from "../base/invariant.js";
import type { Capabilities, Plan } from "../datapath/datapath.js";
import { ordinaryPort } from "../datapath/port.js";
import type {
  ActionChoice,
  ActionSelector,
  PuntAction,
  PuntRule,
  QueueSpec,
  RuleAction,
  RuleHandle,
} from "../datapath/rule.js";
import { shareOf, type ActionGroup, type Selection, type Weighted } from "../entity/action-profile.js";
import { headNumber } from "../entity/record-layout.js";
import { defaultKey } from "../store/table-store.js";
import type { Version } from "../store/version.js";
import { backendRefusal } from "./backend-refusal.js";
import type { ProgramTable } from "./program.js";
import { ReplicationRealiser } from "./realise-replication.js";
import { steeringOf, type DevicePorts } from "./steering.js";

/** What becomes of entries that nothing realises. */
export type Unrealisable = "refuse" | "store";

export interface RealiserOptions extends DevicePorts {
  /** Those that entries name. */
  readonly queues: readonly QueueSpec[];
  readonly unboundTables: Unrealisable;
  readonly capabilities: Pick<Capabilities, "replicates">;
}

/** The rule that realises `version`; only this file sets it. */
export function ruleOf(version: Version): RuleHandle | undefined {
  return version.rule as RuleHandle | undefined;
}

/** Turns versions of one program's tables into rules of one plan. */
export class Realiser {
  /** For groups and sessions. */
  readonly replication: ReplicationRealiser;
  readonly #queues: readonly QueueSpec[];
  readonly #unrealisable: Unrealisable;
  readonly #devicePorts: DevicePorts;
  /** Actions with a queue, by action and queue: rules share them. */
  readonly #queued = new WeakMap<BoundAction, PuntAction[]>();
  /** By the version of a group; rules share them. */
  readonly #groups = new WeakMap<Version<ActionGroup>, ActionSelector>();
  #record = Buffer.alloc(256);

  constructor({ queues, unboundTables, isPort, ports, capabilities }: RealiserOptions) {
    this.replication = new ReplicationRealiser(queues, capabilities.replicates);
    this.#queues = queues;
    this.#unrealisable = unboundTables;
    this.#devicePorts = { isPort, ports };
  }

  /**
   * Adds the rule of a new entry and remembers it in the version.
   * @param key its key record, if the caller has it at hand
   * @param before the entry it goes on for after a reset
   * @throws StatusError if the datapath does not take it
   */
  add(plan: Plan, table: ProgramTable, version: Version, key?: Uint8Array, before?: Version): void {
    const rule = this.rule(table, version, key);
    if (rule === undefined) return;
    const succeeds = before && ruleOf(before);
    const added = plan.add(succeeds === undefined ? rule : { ...rule, succeeds });
    if (!added.ok) throw backendRefusal(added.status);
    version.rule = added.value;
  }

  /** Gives a modified entry's rule its new action and meter. `before` is the state it had. @throws StatusError as `add` */
  modify(plan: Plan, table: ProgramTable, version: Version, before: Version, key?: Uint8Array): void {
    const same =
      version.action === before.action &&
      version.extras.meter === before.extras.meter &&
      version.extras.selection === before.extras.selection;
    if (!same || ruleOf(before) === undefined) this.renew(plan, table, version, before, key);
  }

  /** The same where members or groups that the entry names may have changed, and nothing of the entry itself. */
  renew(plan: Plan, table: ProgramTable, version: Version, before: Version, key?: Uint8Array): void {
    const old = ruleOf(before);
    const action = this.#action(table, version);
    if (action === undefined || old === undefined) {
      version.rule = undefined;
      if (action !== undefined) this.add(plan, table, version, key);
      else if (old !== undefined) plan.remove(old);
      return;
    }
    const replaced = plan.replace(old, { action, meter: version.extras.meter, cookie: version });
    if (!replaced.ok) throw backendRefusal(replaced.status);
    version.rule = replaced.value;
  }

  /** True if there is a rule for the entry. @throws StatusError as `rule` */
  realises(table: ProgramTable, version: Version): boolean {
    return this.#action(table, version) !== undefined;
  }

  remove(plan: Plan, version: Version): void {
    const rule = ruleOf(version);
    if (rule !== undefined) plan.remove(rule);
  }

  /**
   * The rule of an entry; undefined if nothing realises it. The key words belong to the table's compiler.
   * @throws StatusError UNIMPLEMENTED or INVALID_ARGUMENT if its action cannot be realised
   */
  rule(table: ProgramTable, version: Version, key?: Uint8Array): PuntRule | undefined {
    const { bound, compiler } = table;
    const action = this.#action(table, version);
    if (action === undefined || bound === undefined || compiler === undefined) return undefined;
    let priority = 0;
    if (version.key === defaultKey) compiler.compileDefault();
    else {
      const record = key ?? this.#load(version.key);
      compiler.compile(record);
      priority = compiler.priority(record);
    }
    const { values, masks, count } = compiler;
    return { table: bound.index, priority, values, masks, count, action, meter: version.extras.meter, cookie: version };
  }

  /** The action of `version` on the datapath; undefined if nothing realises the entry, or a default entry does nothing. */
  #action(table: ProgramTable, version: Version): RuleAction | undefined {
    const { bound } = table;
    if (bound === undefined) return undefined;
    const { selection } = version.extras;
    if (selection !== undefined) return this.#selected(table, selection);
    if (version.action === "") return undefined;
    if (version.key === defaultKey) {
      const action = bound.actions.get(headNumber(version.action));
      if (action === undefined || (action.steering === undefined && forwardsOnly(action.action))) return undefined;
    }
    return this.#called(table, version.action);
  }

  /** The action that `record` calls; undefined: nothing realises it. */
  #called(table: ProgramTable, record: string): PuntAction | undefined {
    const id = headNumber(record);
    const action = table.bound?.actions.get(id);
    if (action === undefined)
      return this.#unrealised(table, id, table.bound?.unrealised.get(id) ?? "it has no binding");
    const queued = action.queueParam === undefined ? action.action : this.#withQueue(table, record, action);
    return action.steering === undefined ? queued : this.#steered(table, record, action.steering, queued);
  }

  /** `queued` with the ways and clones that the action names. */
  #steered(table: ProgramTable, record: string, steering: SteeringParams, queued: PuntAction): PuntAction | undefined {
    const { layout } = defined(table.schema.actions.get(headNumber(record)), "an entry's action is the table's");
    const found = steeringOf(steering, this.#load(record), layout, this.#devicePorts);
    if ("reason" in found) return this.#unrealised(table, headNumber(record), found.reason);
    return { ...queued, ...found };
  }

  /** @throws StatusError UNIMPLEMENTED unless such entries are stored */
  #unrealised({ schema }: ProgramTable, action: number, why: string): PuntAction | undefined {
    if (this.#unrealisable === "store") return undefined;
    const name = schema.actions.get(action)?.action.alias ?? action;
    throw refusal("not-realised", `table '${schema.table.alias}': action '${name}' is not realised: ${why}`);
  }

  /** What an entry with `selection` does: undefined unless all it may select is realised. */
  #selected(table: ProgramTable, selection: Selection): RuleAction | undefined {
    switch (selection.kind) {
      case "member":
        return this.#member(table, selection.id);
      case "group":
        return this.#group(table, selection.id);
      case "set":
        return this.#selector(selection.actions, selection.mode, ({ action }) => this.#called(table, action));
      default:
        absurd(selection);
    }
  }

  #member(table: ProgramTable, id: number): PuntAction | undefined {
    return this.#called(table, defined(table.profile?.memberAction(id), "a selected member is there"));
  }

  /** Made once for each version of a group, which is another one whenever one of its members is. */
  #group(table: ProgramTable, id: number): ActionSelector | undefined {
    const group = defined(table.profile?.group(id), "a selected group is there");
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const made = this.#selector(group.extras.members, 0, ({ memberId }) => this.#member(table, memberId));
    if (made !== undefined) this.#groups.set(group, made);
    return made;
  }

  /** @param mode number of `ActionSelectionMode`; the selectors of programs hash, whatever their algorithm is called */
  #selector<T extends Weighted>(
    parts: readonly T[],
    mode: number,
    actionOf: (part: T) => PuntAction | undefined,
  ): ActionSelector | undefined {
    const choices: ActionChoice[] = [];
    for (const part of parts) {
      const action = actionOf(part);
      if (action === undefined) return undefined;
      const watch = part.watch && defined(ordinaryPort(part.watch.id), "only ordinary ports are watched");
      choices.push({ action, weight: shareOf(part), watch });
    }
    return { mode: mode === randomMode ? "random" : "hash", choices };
  }

  #withQueue(table: ProgramTable, record: string, action: BoundAction): PuntAction {
    const schema = table.schema.actions.get(headNumber(record));
    const param = action.queueParam;
    if (schema === undefined || param === undefined) return action.action;
    const name = queueName(this.#load(record), schema.layout, param.index);
    const index = this.#queues.findIndex((queue) => queue.name === name);
    if (index < 0) {
      const known = this.#queues.map((queue) => queue.name).join(", ");
      throw refusal(
        "unknown-queue",
        `parameter '${param.name}': '${name}' is no queue of punt.queues (${known === "" ? "none is configured" : known})`,
      );
    }
    const shared = this.#queued.get(action) ?? [];
    this.#queued.set(action, shared);
    return (shared[index] ??= { ...action.action, queue: index });
  }

  #load(record: string): Buffer {
    if (this.#record.length < record.length) this.#record = Buffer.alloc(2 * record.length);
    this.#record.write(record, 0, "latin1");
    return this.#record;
  }
}

/** Number of RANDOM in `ActionSelectionMode`. */
const randomMode = 2;

function forwardsOnly(action: PuntAction): boolean {
  return action.green === "forward" && action.yellow === "forward" && action.red === "forward";
}
