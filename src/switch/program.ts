/** One pushed pipeline with everything built from it: what writes are checked against and what holds their outcome. */
import {
  bindPipelineSteps,
  type BindingOptions,
  type Bindings,
  type BoundTable,
  type Unrealised,
} from "../acl/bindings.js";
import { KeyCompiler } from "../acl/lower.js";
import { clip } from "../base/clip.js";
import { invalidArgument, resourceExhausted, type StatusError } from "../base/status.js";
import type { Steps } from "../base/steps.js";
import { maxSourceLength } from "../constraints/lexer.js";
import { actionRestrictionSteps, entryRestrictionSteps, type Restriction } from "../constraints/restriction.js";
import { entitySchemaSteps, type EntitySchema, type TableSchema, type TableSizePolicy } from "../entity/schema.js";
import type { PortList } from "../entity/port-number.js";
import { PacketInMetadata, type EgressFallback } from "../packetio/packet-in.js";
import { PacketOutMetadata, type MissingMetadata } from "../packetio/packet-out.js";
import { annotationBodies, type Annotation } from "../pipeline/annotation.js";
import { indexP4InfoSteps } from "../pipeline/index-p4info.js";
import type { P4InfoSpec } from "../pipeline/p4info.js";
import type { Pipeline, Table } from "../pipeline/pipeline.js";
import { EntityStore } from "../store/entity-store.js";
import { isLive } from "../store/collection.js";
import type { ProfileStore } from "../store/profile-store.js";
import { defaultKey, type TableStore } from "../store/table-store.js";
import { initialDefaults } from "./initial-defaults.js";
import { checkPlatform } from "./platform.js";
import { ReplicaCount } from "./replica-count.js";

/** A P4Info as pushed; decoded only when the caller has been found to be primary. */
export interface P4InfoSource {
  readonly bytes: Uint8Array;
  /** @throws StatusError INVALID_ARGUMENT */
  decode(): Steps<P4InfoSpec>;
  /** Equal for P4Infos of equal meaning. @throws StatusError INVALID_ARGUMENT */
  fingerprint(): string;
}

/** A ForwardingPipelineConfig; `cookie` keeps its presence (SFP-26). */
export interface PipelineConfig {
  readonly p4info: P4InfoSource;
  readonly deviceConfig: Uint8Array;
  readonly cookie: bigint | undefined;
}

export interface ProgramOptions extends BindingOptions {
  readonly tableSize: TableSizePolicy;
  readonly unboundTables: "refuse" | "store";
  readonly egressFallback: EgressFallback;
  readonly missingMetadata: MissingMetadata;
  readonly isPort: (port: number) => boolean;
  /** Those for which it is true, for messages. */
  readonly ports: PortList;
}

/** A table as writes meet it. */
export interface ProgramTable {
  readonly schema: TableSchema;
  readonly store: TableStore;
  readonly restriction: Restriction | undefined;
  /** Of a table that an action profile implements. */
  readonly profile: ProfileStore | undefined;
  /** Action record of the default entry as the program loads it. */
  readonly initialDefault: string;
  /** Undefined: nothing realises the table, its entries are control-plane state. */
  readonly bound: BoundTable | undefined;
  readonly compiler: KeyCompiler | undefined;
}

export interface Program {
  readonly config: PipelineConfig;
  readonly pipeline: Pipeline;
  readonly schema: EntitySchema;
  readonly store: EntityStore;
  readonly bindings: Bindings;
  readonly tables: ReadonlyMap<number, ProgramTable>;
  readonly actionRestrictions: ReadonlyMap<number, Restriction>;
  /** Replicas of the groups and sessions in `store`. */
  readonly replicas: ReplicaCount;
  readonly packetIn: PacketInMetadata;
  readonly packetOut: PacketOutMetadata;
}

/** Characters of all restrictions of one P4Info; compiling one takes up to half a microsecond. */
const maxRestrictionLength = 262_144;

/**
 * Builds a program with an empty store.
 * @throws StatusError INVALID_ARGUMENT if the P4Info is wrong, a restriction does not compile, or something in it
 *   cannot be realised and unbound tables are refused (SFP-09); RESOURCE_EXHAUSTED if it is too much
 */
export function* buildProgram(config: PipelineConfig, options: ProgramOptions): Steps<Program> {
  const pipeline = yield* indexP4InfoSteps(yield* config.p4info.decode());
  checkRestrictions(pipeline);
  const schema = yield* entitySchemaSteps(pipeline, options.tableSize, {
    isPort: options.isPort,
    ports: options.ports,
    meterCounters: options.capabilities.meterCounters,
  });
  const bindings = yield* bindPipelineSteps(pipeline, options);
  const blocking = bindings.unrealised.filter((problem) => problem.blocking);
  if (options.unboundTables === "refuse" && blocking.length > 0)
    throw cannotRealise(blocking, options.capabilities.backend);
  checkPlatform(pipeline.spec.platform, options);
  const defaults = initialDefaults(schema);
  const store = new EntityStore(schema, defaults);
  const tables = new Map<number, ProgramTable>();
  for (const [id, tableStore] of store.tables) {
    yield;
    const table = tableStore.schema;
    const bound = bindings.byTable.get(id);
    tables.set(id, {
      schema: table,
      store: tableStore,
      profile: table.table.implementation && store.profiles.get(table.table.implementation.id),
      restriction: yield* entryRestrictionSteps(table.table, table.key),
      initialDefault: defaults.get(id) ?? "",
      bound,
      compiler: bound === undefined ? undefined : new KeyCompiler(bound, table.key),
    });
  }
  return {
    config,
    pipeline,
    schema,
    store,
    bindings,
    tables,
    actionRestrictions: yield* actionRestrictions(schema),
    replicas: new ReplicaCount(),
    packetIn: new PacketInMetadata(pipeline.packetIn, options.egressFallback),
    packetOut: new PacketOutMetadata(pipeline.packetOut, options.missingMetadata),
  };
}

/** One that is too long by itself is refused where it is compiled. @throws StatusError RESOURCE_EXHAUSTED */
function checkRestrictions({ tables, actions }: Pipeline): void {
  let length = 0;
  const add = (annotations: readonly Annotation[], name: string) => {
    for (const body of annotationBodies(annotations, name)) length += Math.min(body.length, maxSourceLength);
  };
  for (const { annotations } of tables.values()) add(annotations, "entry_restriction");
  for (const { annotations } of actions.values()) add(annotations, "action_restriction");
  if (length > maxRestrictionLength)
    throw resourceExhausted(
      `the restrictions of the P4Info have more than ${maxRestrictionLength} characters together, which is the limit`,
      { limit: maxRestrictionLength },
    );
}

/** Reasons named in one message, each cut to so many characters; the rest are counted. */
const maxReasons = 100;
const maxReasonLength = 300;

/** The list of all that stands in the way, by table. */
function cannotRealise(problems: readonly Unrealised[], backend: string): StatusError {
  const byTable = new Map<Table, string[]>();
  for (const { table, reason } of problems.slice(0, maxReasons)) {
    const reasons = byTable.get(table) ?? [];
    byTable.set(table, reasons);
    reasons.push(clip(reason, maxReasonLength));
  }
  const lines = [...byTable].map(
    ([table, reasons]) => `table '${clip(table.alias || table.name, maxReasonLength)}': ${reasons.join("; ")}`,
  );
  if (problems.length > maxReasons) lines.push(`and ${problems.length - maxReasons} more reasons`);
  return invalidArgument(
    `datapath '${backend}' cannot realise this P4Info. Fields and actions are bound by annotations, by pipeline.bindings and pipeline.actions of the configuration, or by well-known names; pipeline.unbound_tables: store keeps such entries without effect.\n${lines.join("\n")}`,
    { reasons: problems.length, backend },
  );
}

function* actionRestrictions(schema: EntitySchema): Steps<ReadonlyMap<number, Restriction>> {
  const restrictions = new Map<number, Restriction>();
  const seen = new Set<number>();
  for (const table of schema.tables.values()) {
    for (const [id, action] of table.actions) {
      if (seen.has(id)) continue;
      seen.add(id);
      yield;
      const restriction = yield* actionRestrictionSteps(action.action, action.layout);
      if (restriction !== undefined) restrictions.set(id, restriction);
    }
  }
  return restrictions;
}

/** True if an entry may ask for clones of a session that no clone session can be. */
function mayLackSession({ actions }: BoundTable): boolean {
  for (const { steering } of actions.values()) if (steering?.session !== undefined) return true;
  return false;
}

/** Match entries of `program` that are control-plane state only. Looks at entries only where something is unrealised. */
export function countUnrealised(program: Program): number {
  const partly = new Set(program.bindings.unrealised.map(({ table }) => table.id));
  let count = 0;
  for (const [id, { store, bound }] of program.tables) {
    if (!partly.has(id) && !(bound && mayLackSession(bound))) continue;
    for (const head of store.heads.values())
      if (head.key !== defaultKey && head.rule === undefined && isLive(head)) count++;
  }
  return count;
}
