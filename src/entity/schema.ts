/** What the entities of one pipeline look like: records, limits, restrictions' subjects. */
import { finish, type Steps } from "../base/steps.js";
import { portFormatOf } from "../pipeline/index-p4info.js";
import type { Action, ActionProfile, ActionRef, Pipeline, Table, ValueFormat } from "../pipeline/pipeline.js";
import type { PortList } from "./port-number.js";
import { headBytes, layoutRecord, type RecordLayout } from "./record-layout.js";

export interface ActionSchema {
  readonly action: Action;
  /** Head: the action's id; one slot per parameter by ascending id. */
  readonly layout: RecordLayout;
  /** The record in latin1 if the action has no parameters: entries share it. */
  readonly bare: string | undefined;
}

export interface TableSchema {
  readonly table: Table;
  /** Head: the priority; one slot per match field by ascending id. */
  readonly key: RecordLayout;
  /** By action id: every action the table lists. */
  readonly actions: ReadonlyMap<number, ActionSchema>;
  readonly refs: ReadonlyMap<number, ActionRef>;
  /** The key record with priority 0 whose fields are all don't care. */
  readonly emptyKey: Uint8Array;
  /** Most entries the table takes (TBL-14); default entries do not count. */
  readonly capacity: number;
}

export interface ProfileSchema {
  readonly profile: ActionProfile;
  /** The tables it implements, in P4Info order; they list the same actions (INF-16). */
  readonly tables: readonly TableSchema[];
  /** Most members, most groups, and the largest sum of the sizes of all groups and action sets (APM-07, APG-20, ONE-09). */
  readonly capacity: number;
}

export interface EntitySchema {
  readonly pipeline: Pipeline;
  readonly tables: ReadonlyMap<number, TableSchema>;
  readonly profiles: ReadonlyMap<number, ProfileSchema>;
  /** How ports travel outside of match fields and parameters: translated if the program translates its port type. */
  readonly portFormat: ValueFormat;
  /** True if the controller may name this port: configured, or reserved and served. */
  readonly isPort: (port: number) => boolean;
  /** Those for which it is true, for messages. */
  readonly ports: PortList;
  /** True if frames are counted by the colour of their entry's meter. */
  readonly meterCounters: boolean;
}

/** What the entities of a program may ask of the device. */
export type DeviceTraits = Pick<EntitySchema, "isPort" | "ports" | "meterCounters">;

/** How `Table.size` limits a table: as it says, or as a wish that more may exceed. */
export type TableSizePolicy = "exact" | "at-least";

/** Entries a table takes under `at-least`: only the datapath limits it. */
const unlimited = 2 ** 24;

/** What an action profile takes whose size the program does not tell, and what any takes at most. */
const unstatedProfileSize = 65_536;
const largestProfileSize = 2 ** 24;

/** Derives the schema of `pipeline`. */
export function* entitySchemaSteps(
  pipeline: Pipeline,
  policy: TableSizePolicy,
  { isPort, ports, meterCounters }: DeviceTraits,
): Steps<EntitySchema> {
  const actions = new Map<number, ActionSchema>();
  for (const action of pipeline.actions.values()) {
    const layout = layoutRecord(action.params.map(({ name, format }) => ({ name, format, kind: "param" })));
    actions.set(action.id, { action, layout, bare: action.params.length === 0 ? bareRecord(action) : undefined });
  }
  const tables = new Map<number, TableSchema>();
  for (const table of pipeline.tables.values()) {
    yield;
    const key = layoutRecord(table.fields);
    tables.set(table.id, {
      table,
      key,
      emptyKey: emptyKey(key),
      actions: actionsOf(table, actions),
      refs: table.actionRefById,
      capacity: policy === "exact" ? table.size : unlimited,
    });
  }
  const users = new Map<ActionProfile, TableSchema[]>();
  for (const profile of pipeline.profiles.values()) users.set(profile, []);
  for (const schema of tables.values())
    if (schema.table.implementation !== undefined) users.get(schema.table.implementation)?.push(schema);
  const profiles = new Map<number, ProfileSchema>();
  for (const [profile, implemented] of users)
    profiles.set(profile.id, { profile, tables: implemented, capacity: profileCapacity(profile) });
  return { pipeline, tables, profiles, portFormat: portFormatOf(pipeline.spec), isPort, ports, meterCounters };
}

/** `entitySchemaSteps` in one go. */
export function entitySchema(...args: Parameters<typeof entitySchemaSteps>): EntitySchema {
  return finish(entitySchemaSteps(...args));
}

function profileCapacity({ size }: ActionProfile): number {
  return size === 0n ? unstatedProfileSize : Math.min(Number(size), largestProfileSize);
}

/** The actions `table` lists, and its initial default. */
function actionsOf(table: Table, all: ReadonlyMap<number, ActionSchema>): ReadonlyMap<number, ActionSchema> {
  const initial = table.initialDefault?.action.id;
  const actions = new Map<number, ActionSchema>();
  for (const id of initial === undefined ? table.actionRefById.keys() : [...table.actionRefById.keys(), initial]) {
    const schema = all.get(id);
    if (schema !== undefined) actions.set(id, schema);
  }
  return actions;
}

function bareRecord({ id }: Action): string {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(id, 0);
  return head.toString("latin1");
}

/** Only a RANGE has a don't care that is not zero: low 0, high all ones. */
function emptyKey(layout: RecordLayout): Uint8Array {
  const record = new Uint8Array(layout.fixedBytes);
  for (const { kind, format, offset, bytes } of layout.slots) {
    if (kind !== "range" || format.kind !== "bits") continue;
    record.fill(0xff, offset + bytes, offset + 2 * bytes);
    if (format.width % 8 !== 0) record[offset + bytes] = (1 << (format.width % 8)) - 1;
  }
  return record;
}
