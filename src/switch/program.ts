/** One pushed pipeline with everything built from it: what writes are checked against and what holds their outcome. */
import { bindPipeline, type BindingOptions, type Bindings, type BoundTable, type Unrealised } from "../acl/bindings.js";
import { KeyCompiler } from "../acl/lower.js";
import { clip } from "../base/clip.js";
import { invalidArgument, type StatusError } from "../base/status.js";
import { actionRestriction, entryRestriction, type Restriction } from "../constraints/restriction.js";
import { entitySchema, type EntitySchema, type TableSchema, type TableSizePolicy } from "../entity/schema.js";
import { PacketInMetadata, type EgressFallback } from "../packetio/packet-in.js";
import { PacketOutMetadata, type MissingMetadata } from "../packetio/packet-out.js";
import { indexP4Info } from "../pipeline/index-p4info.js";
import type { P4InfoSpec } from "../pipeline/p4info.js";
import type { Pipeline, Table } from "../pipeline/pipeline.js";
import { EntityStore } from "../store/entity-store.js";
import { defaultKey, isLive, type TableStore } from "../store/table-store.js";
import { initialDefaults } from "./initial-defaults.js";

/** A P4Info as pushed; decoded only when the caller has been found to be primary. */
export interface P4InfoSource {
  readonly bytes: Uint8Array;
  /** @throws StatusError INVALID_ARGUMENT */
  decode(): P4InfoSpec;
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
}

/** A table as writes meet it. */
export interface ProgramTable {
  readonly schema: TableSchema;
  readonly store: TableStore;
  readonly restriction: Restriction | undefined;
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
  readonly packetIn: PacketInMetadata;
  readonly packetOut: PacketOutMetadata;
}

/**
 * Builds a program with an empty store.
 * @throws StatusError INVALID_ARGUMENT if the P4Info is wrong, a restriction does not compile, or something in it
 *   cannot be realised and unbound tables are refused (SFP-09)
 */
export function buildProgram(config: PipelineConfig, options: ProgramOptions): Program {
  const pipeline = indexP4Info(config.p4info.decode());
  const schema = entitySchema(pipeline, options.tableSize, options.isPort);
  const bindings = bindPipeline(pipeline, options);
  const blocking = bindings.unrealised.filter((problem) => problem.blocking);
  if (options.unboundTables === "refuse" && blocking.length > 0)
    throw cannotRealise(blocking, options.capabilities.backend);
  const defaults = initialDefaults(schema);
  const store = new EntityStore(schema, defaults);
  const tables = new Map<number, ProgramTable>();
  for (const [id, tableStore] of store.tables) {
    const table = tableStore.schema;
    const bound = bindings.byTable.get(id);
    tables.set(id, {
      schema: table,
      store: tableStore,
      restriction: entryRestriction(table.table, table.key),
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
    actionRestrictions: actionRestrictions(schema),
    packetIn: new PacketInMetadata(pipeline.packetIn, options.egressFallback),
    packetOut: new PacketOutMetadata(pipeline.packetOut, options.missingMetadata),
  };
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

function actionRestrictions(schema: EntitySchema): ReadonlyMap<number, Restriction> {
  const restrictions = new Map<number, Restriction>();
  const seen = new Set<number>();
  for (const table of schema.tables.values()) {
    for (const [id, action] of table.actions) {
      if (seen.has(id)) continue;
      seen.add(id);
      const restriction = actionRestriction(action.action, action.layout);
      if (restriction !== undefined) restrictions.set(id, restriction);
    }
  }
  return restrictions;
}

/** Match entries of `program` that are control-plane state only. Looks at entries only where something is unrealised. */
export function countUnrealised(program: Program): number {
  const partly = new Set(program.bindings.unrealised.map(({ table }) => table.id));
  let count = 0;
  for (const [id, { store }] of program.tables) {
    if (!partly.has(id)) continue;
    for (const head of store.heads.values())
      if (head.key !== defaultKey && head.rule === undefined && isLive(head)) count++;
  }
  return count;
}
