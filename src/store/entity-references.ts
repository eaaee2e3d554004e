/** What entities of each kind refer to, and by what they are referred to. */
import { headNumber } from "../entity/record-layout.js";
import { keyTuple, referenceTuple, replicaTuple } from "../entity/reference-tuple.js";
import type { MulticastGroup } from "../entity/replication.js";
import type { ActionSchema, EntitySchema, TableSchema } from "../entity/schema.js";
import type { Extras } from "../entity/table-entry.js";
import type { ReferenceTarget } from "../pipeline/pipeline.js";
import type { LinkRules, NamedTuple } from "./reference-index.js";
import { defaultKey } from "./table-store.js";
import type { Version } from "./version.js";

const none: readonly NamedTuple[] = [];

/** What an action refers to, wherever it is: in an entry, a member, a set. `record` in latin1; "" = no action. */
export type ActionReferences = (record: string) => readonly NamedTuple[];

/** Undefined if no action of the program refers to anything. */
export function actionReferences({ pipeline, tables }: EntitySchema): ActionReferences | undefined {
  const { ofAction } = pipeline.references;
  if (ofAction.size === 0) return undefined;
  const schemas = new Map<number, ActionSchema>();
  for (const { actions } of tables.values()) for (const [id, action] of actions) schemas.set(id, action);
  return (record) => {
    if (record === "") return none;
    const id = headNumber(record);
    const references = ofAction.get(id);
    const schema = schemas.get(id);
    if (references === undefined || schema === undefined) return none;
    const named: NamedTuple[] = [];
    for (const reference of references) {
      const tuple = referenceTuple(schema.layout, reference, record);
      if (tuple !== undefined) named.push({ target: reference.target, tuple });
    }
    return named;
  };
}

/**
 * The rules of one table; undefined if its entries neither refer nor are referred to. A default entry as the program
 * loads it refers to nothing: no controller asked for it.
 * @param ofAction undefined: no action refers
 * @param initialDefault action record of the default entry as loaded, in latin1
 */
export function tableLinks(
  schema: TableSchema,
  { pipeline: { references } }: EntitySchema,
  ofAction: ActionReferences | undefined,
  initialDefault: string,
): LinkRules<Extras> | undefined {
  const { table, key: layout, actions } = schema;
  const targets = references.targets.filter((target) => target.kind === "table" && target.table === table);
  const ofKey = references.ofKey.get(table.id) ?? [];
  const acts = ofAction !== undefined && [...actions.keys()].some((id) => references.ofAction.has(id));
  if (targets.length === 0 && ofKey.length === 0 && !acts) return undefined;
  return {
    tuplesOf: (key) => (key === defaultKey || targets.length === 0 ? none : keyTuples(layout, targets, key)),
    references: ({ key, action, extras }) => {
      if (key === defaultKey && action === initialDefault) return none;
      const named = acts ? [...ofAction(action)] : [];
      if (acts && extras.selection?.kind === "set")
        for (const one of extras.selection.actions) named.push(...ofAction(one.action));
      if (key === defaultKey) return named;
      for (const reference of ofKey) {
        const tuple = referenceTuple(layout, reference, key);
        if (tuple !== undefined) named.push({ target: reference.target, tuple });
      }
      return named;
    },
  };
}

function keyTuples(
  layout: TableSchema["key"],
  targets: readonly ReferenceTarget[],
  key: string,
): readonly NamedTuple[] {
  const named: NamedTuple[] = [];
  for (const target of targets)
    if (target.kind === "table") named.push({ target, tuple: keyTuple(layout, target, key) });
  return named;
}

/** The rules of the members of action profiles: nothing refers to them by annotation, but their actions may refer. */
export function memberLinks(ofAction: ActionReferences): LinkRules<undefined> {
  return { tuplesOf: () => none, references: ({ action }) => ofAction(action) };
}

/** The rules of multicast groups: each replica, those that stand in included, may need an entry. Undefined as above. */
export function multicastLinks({ pipeline, tables }: EntitySchema): LinkRules<MulticastGroup> | undefined {
  const { targets, ofReplica } = pipeline.references;
  const groups = targets.find((target) => target.kind === "multicast-group");
  if (groups === undefined && ofReplica.length === 0) return undefined;
  return {
    tuplesOf: (key) => (groups === undefined ? none : [{ target: groups, tuple: key }]),
    references: ({ extras: { replicas } }: Version<MulticastGroup>) => {
      const named: NamedTuple[] = [];
      for (const reference of ofReplica) {
        const { target } = reference;
        const layout = tables.get(target.table.id)?.key;
        if (layout === undefined) continue;
        for (const replica of replicas)
          for (const one of [replica, ...replica.backups])
            named.push({ target, tuple: replicaTuple(layout, reference, one) });
      }
      return named;
    },
  };
}
