/** Binds a pipeline's ACL tables to the rule model, or says what stands in the way. */
import { finish, type Steps } from "../base/steps.js";
import type { Capabilities } from "../datapath/datapath.js";
import type { KeyFieldName } from "../datapath/frame-key.js";
import type { PuntAction, QueueSpec, TableIndex, TableSpec, Verdict } from "../datapath/rule.js";
import { annotationBodies } from "../pipeline/annotation.js";
import type { Action, MatchField, Param, Pipeline, Table } from "../pipeline/pipeline.js";
import { bindAction, declaresUnsupported } from "./action-binding.js";
import type { SteeringParams } from "./param-role.js";
import { bindingMismatch, bindKey, type KeyBinding } from "./key-binding.js";

export interface BoundField {
  readonly field: MatchField;
  readonly binding: KeyBinding;
}

/** `action` lacks its queue where `queueParam` names it per entry, and redirect and mirror where `steering` does. */
export interface BoundAction {
  readonly action: PuntAction;
  readonly queueParam: Param | undefined;
  readonly steering: SteeringParams | undefined;
}

/** A table the datapath realises. */
export interface BoundTable {
  readonly table: Table;
  readonly index: TableIndex;
  readonly fields: readonly BoundField[];
  readonly actions: ReadonlyMap<number, BoundAction>;
  /** Why an action of the table that is not in `actions` cannot be realised. */
  readonly unrealised: ReadonlyMap<number, string>;
}

/** What nothing realises. `blocking`: refused at push unless unbound tables are stored. */
export interface Unrealised {
  readonly table: Table;
  readonly reason: string;
  readonly blocking: boolean;
}

export interface Bindings {
  readonly byTable: ReadonlyMap<number, BoundTable>;
  /** In falling precedence: position = `TableIndex`. */
  readonly specs: readonly TableSpec[];
  readonly unrealised: readonly Unrealised[];
}

export interface BindingOptions {
  readonly bindings: ReadonlyMap<string, KeyFieldName>;
  readonly actions: ReadonlyMap<string, Verdict>;
  readonly maxMasks: number;
  readonly queues: readonly QueueSpec[];
  readonly capabilities: Capabilities;
}

/** Stage of a table: what `@sai_acl` says; tables without it are taken as ingress. */
function stageOf(table: Table): string {
  return annotationBodies(table.annotations, "sai_acl")[0]?.trim() ?? "INGRESS";
}

/** @returns NaN if the annotation holds no number */
function precedenceOf(table: Table): number {
  const body = annotationBodies(table.annotations, "sai_acl_priority")[0]?.trim() ?? "0";
  return /^\d{1,10}$/.test(body) ? Number(body) : NaN;
}

/**
 * Binds every table. A table whose stage and keys bind is realised; an action that does not bind is reported and
 * left out of it. Precedence: `@sai_acl_priority` descending (absent 0), then table id.
 */
export function* bindPipelineSteps(pipeline: Pipeline, options: BindingOptions): Steps<Bindings> {
  const byTable = new Map<number, BoundTable>();
  const specs: TableSpec[] = [];
  const unrealised: Unrealised[] = [];
  const actionBindings = new Map<Action, ActionOutcome>();
  const ranked = [...pipeline.tables.values()].map((table) => ({ table, precedence: precedenceOf(table) }));
  const order = (precedence: number) => (Number.isNaN(precedence) ? 0 : precedence);
  ranked.sort((a, b) => order(b.precedence) - order(a.precedence) || a.table.id - b.table.id);
  for (const { table, precedence } of ranked) {
    yield;
    const problem = (reason: string, blocking = true) => void unrealised.push({ table, reason, blocking });
    const { fields, reasons } = bindFields(table, precedence, options);
    for (const reason of reasons) problem(reason);
    const { actions, unrealised: unbound } = bindActions(table, actionBindings, options, problem);
    if (reasons.length > 0) continue;
    byTable.set(table.id, { table, index: specs.length as TableIndex, fields, actions, unrealised: unbound });
    const { name } = table;
    const meter = table.meter === undefined ? {} : { meter: { type: table.meter.type, unit: table.meter.unit } };
    specs.push({ name, maxMasks: options.maxMasks, ...meter });
  }
  return { byTable, specs, unrealised };
}

/** `bindPipelineSteps` in one go. */
export function bindPipeline(pipeline: Pipeline, options: BindingOptions): Bindings {
  return finish(bindPipelineSteps(pipeline, options));
}

/** The bindings of the fields, and all that keeps the table from being realised. */
function bindFields(table: Table, precedence: number, { bindings, capabilities }: BindingOptions) {
  const stage = stageOf(table);
  const { backend } = capabilities;
  const fields: BoundField[] = [];
  const reasons: string[] = [];
  if (stage !== "INGRESS") reasons.push(`stage @sai_acl(${stage}): only INGRESS is realised`);
  if (Number.isNaN(precedence)) reasons.push("@sai_acl_priority holds no number");
  if (table.implementation !== undefined && !capabilities.selectors)
    reasons.push(`action profile '${table.implementation.name}': backend ${backend} has no selectors`);
  if (table.meter !== undefined && !capabilities.meters)
    reasons.push(`direct meter '${table.meter.name}': backend ${backend} has no meters`);
  for (const field of table.fields) {
    const binding = bindKey(table, field, bindings);
    const reason = "reason" in binding ? binding.reason : bindingMismatch(field, binding);
    if (reason !== undefined || "reason" in binding) reasons.push(`match field '${field.name}': ${reason ?? ""}`);
    else if (!capabilities.keyFields.has(binding.key))
      reasons.push(`match field '${field.name}': backend ${backend} has no key ${binding.key}`);
    else fields.push({ field, binding });
  }
  return { fields, reasons: [...reasons, ...conflicts(table, fields)] };
}

/** What fields that bind one by one cannot do together. */
function conflicts(table: Table, fields: readonly BoundField[]): readonly string[] {
  const reasons: string[] = [];
  const byKey = new Map<KeyFieldName, MatchField>();
  const ranged = new Set(fields.filter(({ field }) => field.kind === "range").map(({ binding }) => binding.key));
  for (const { field, binding } of fields) {
    const other = byKey.get(binding.key);
    if (other !== undefined && ranged.has(binding.key))
      reasons.push(`match fields '${other.name}' and '${field.name}': both are ${binding.key}, one of them by RANGE`);
    byKey.set(binding.key, field);
  }
  const prefixed = table.fields.filter((field) => field.kind === "lpm");
  if (prefixed.length > 1 && !table.needsPriority)
    reasons.push(`match fields ${prefixed.map((field) => `'${field.name}'`).join(", ")}: which LPM is the longest?`);
  return reasons;
}

/** The binding of an action, or why it has none; the same in every table. `optional`: it may lack one. */
type ActionOutcome = BoundAction | { readonly reason: string; readonly optional: boolean };

function bindActions(
  table: Table,
  known: Map<Action, ActionOutcome>,
  options: BindingOptions,
  problem: (reason: string, blocking: boolean) => void,
) {
  const actions = new Map<number, BoundAction>();
  const unrealised = new Map<number, string>();
  for (const ref of table.actions) {
    const { action } = ref;
    const outcome = known.get(action) ?? boundAction(action, options);
    known.set(action, outcome);
    if ("reason" in outcome) {
      unrealised.set(action.id, outcome.reason);
      problem(
        `action '${action.alias || action.name}': ${outcome.reason}`,
        !(outcome.optional || declaresUnsupported(ref.annotations)),
      );
    } else actions.set(action.id, outcome);
  }
  return { actions, unrealised };
}

function boundAction(action: Action, { actions, capabilities }: BindingOptions): ActionOutcome {
  const optional = declaresUnsupported(action.annotations);
  const binding = bindAction(action, actions);
  if ("reason" in binding) return { reason: binding.reason, optional };
  const { verdicts, queueParam, steering } = binding;
  const lacking = [verdicts.green, verdicts.yellow, verdicts.red].find(
    (verdict) => !capabilities.verdicts.has(verdict),
  );
  if (lacking !== undefined) return { reason: `backend ${capabilities.backend} cannot ${lacking}`, optional };
  const unable = cannotSteer(steering, capabilities);
  return unable === undefined ? { action: verdicts, queueParam, steering } : { reason: unable, optional };
}

/** What of an action's ways and clones the backend lacks. */
function cannotSteer(steering: SteeringParams | undefined, capabilities: Capabilities): string | undefined {
  const { backend, redirects, replicates } = capabilities;
  if (steering?.port !== undefined && !redirects) return `backend ${backend} cannot redirect to a port`;
  if (steering?.group !== undefined && !replicates) return `backend ${backend} cannot redirect to a multicast group`;
  if (steering?.session !== undefined && !replicates) return `backend ${backend} cannot clone to a session`;
  return undefined;
}
