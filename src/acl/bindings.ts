/** Binds a pipeline's ACL tables to the rule model, or says what stands in the way. */
import type { Capabilities } from "../datapath/datapath.js";
import type { KeyFieldName } from "../datapath/frame-key.js";
import type { PuntAction, QueueSpec, TableIndex, TableSpec, Verdict } from "../datapath/rule.js";
import { annotationBodies } from "../pipeline/annotation.js";
import type { MatchField, Param, Pipeline, Table } from "../pipeline/pipeline.js";
import { bindAction, declaredUnsupported } from "./action-binding.js";
import { bindingMismatch, bindKey, type KeyBinding } from "./key-binding.js";

export interface BoundField {
  readonly field: MatchField;
  readonly binding: KeyBinding;
}

/** `action` lacks its queue where `queueParam` names it per entry. */
export interface BoundAction {
  readonly action: PuntAction;
  readonly queueParam: Param | undefined;
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

function precedenceOf(table: Table): number {
  return Number(annotationBodies(table.annotations, "sai_acl_priority")[0] ?? 0) || 0;
}

/**
 * Binds every table. A table whose stage and keys bind is realised; an action that does not bind is reported and
 * left out of it. Precedence: `@sai_acl_priority` descending (absent 0), then table id.
 */
export function bindPipeline(pipeline: Pipeline, options: BindingOptions): Bindings {
  const byTable = new Map<number, BoundTable>();
  const specs: TableSpec[] = [];
  const unrealised: Unrealised[] = [];
  const tables = [...pipeline.tables.values()].sort((a, b) => precedenceOf(b) - precedenceOf(a) || a.id - b.id);
  for (const table of tables) {
    const problem = (reason: string, blocking = true) => void unrealised.push({ table, reason, blocking });
    const fields = bindFields(table, options, problem);
    const { actions, unrealised: unbound } = bindActions(table, options, problem);
    if (fields === undefined) continue;
    byTable.set(table.id, { table, index: specs.length as TableIndex, fields, actions, unrealised: unbound });
    const { name } = table;
    const meter = table.meter === undefined ? {} : { meter: { type: table.meter.type, unit: table.meter.unit } };
    specs.push({ name, maxMasks: options.maxMasks, ...meter });
  }
  return { byTable, specs, unrealised };
}

function bindFields(
  table: Table,
  options: BindingOptions,
  problem: (reason: string) => void,
): readonly BoundField[] | undefined {
  const stage = stageOf(table);
  let failures = 0;
  const fail = (reason: string) => {
    failures++;
    problem(reason);
  };
  if (stage !== "INGRESS") fail(`stage @sai_acl(${stage}): only INGRESS is realised`);
  if (table.implementation !== undefined) fail(`action profile '${table.implementation.name}'`);
  if (table.meter !== undefined && !options.capabilities.meters)
    fail(`direct meter '${table.meter.name}': backend ${options.capabilities.backend} has no meters`);
  const fields: BoundField[] = [];
  for (const field of table.fields) {
    const binding = bindKey(table, field, options.bindings);
    const reason = "reason" in binding ? binding.reason : bindingMismatch(field, binding);
    if (reason !== undefined || "reason" in binding) fail(`match field '${field.name}': ${reason ?? ""}`);
    else if (!options.capabilities.keyFields.has(binding.key))
      fail(`match field '${field.name}': backend ${options.capabilities.backend} has no key ${binding.key}`);
    else fields.push({ field, binding });
  }
  return failures === 0 ? fields : undefined;
}

function bindActions(table: Table, options: BindingOptions, problem: (reason: string, blocking: boolean) => void) {
  const actions = new Map<number, BoundAction>();
  const unrealised = new Map<number, string>();
  for (const ref of table.actions) {
    const { action } = ref;
    const binding = bindAction(action, options.actions);
    const lacking = "reason" in binding ? binding.reason : lackingVerdict(binding.verdicts, options.capabilities);
    if (lacking !== undefined || "reason" in binding) {
      unrealised.set(action.id, lacking ?? "");
      problem(`action '${action.alias || action.name}': ${lacking ?? ""}`, !declaredUnsupported(ref));
    } else actions.set(action.id, { action: binding.verdicts, queueParam: binding.queueParam });
  }
  return { actions, unrealised };
}

function lackingVerdict(verdicts: Omit<PuntAction, "queue">, capabilities: Capabilities): string | undefined {
  const missing = [verdicts.green, verdicts.yellow, verdicts.red].find(
    (verdict) => !capabilities.verdicts.has(verdict),
  );
  return missing === undefined ? undefined : `backend ${capabilities.backend} cannot ${missing}`;
}
