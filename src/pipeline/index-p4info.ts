/** Builds a `Pipeline` from a verified P4Info. */
import { clip } from "../base/clip.js";
import { invalidArgument } from "../base/status.js";
import { defined } from "../base/invariant.js";
import { finish, type Steps } from "../base/steps.js";
import { annotationBodies, parseAnnotations, stringLiteral, type Annotation } from "./annotation.js";
import type {
  ActionProfileSpec,
  ActionSpec,
  CounterInfoSpec,
  FieldSpec,
  MeterInfoSpec,
  P4InfoSpec,
  PacketHeaderSpec,
  PreambleSpec,
  TableInfoSpec,
} from "./p4info.js";
import type {
  Action,
  ActionProfile,
  ActionRef,
  ActionScope,
  CellIndex,
  DirectCounter,
  DirectMeter,
  MatchField,
  MatchKind,
  ObjectKind,
  P4Object,
  PacketHeader,
  Param,
  Pipeline,
  Table,
  ValueFormat,
} from "./pipeline.js";
import { readReferenceSteps } from "./read-references.js";
import { verifyP4InfoSteps } from "./verify.js";

/** Problems named in one message; the rest are counted. Each is cut, for names and annotations have no limit. */
const maxProblems = 20;
const maxProblemLength = 300;

/** Entries a table has room for when the program states no size, as P4 compilers assume. */
export const defaultTableSize = 1024;

const matchKinds: Readonly<Record<number, MatchKind>> = {
  2: "exact",
  3: "lpm",
  4: "ternary",
  5: "range",
  6: "optional",
};
const scopes: Readonly<Record<number, ActionScope>> = {
  0: "table-and-default",
  1: "table-only",
  2: "default-only",
  3: "group-action",
};
const counterUnits: Readonly<Record<number, DirectCounter["unit"]>> = { 1: "bytes", 2: "packets", 3: "both" };
const meterUnits: Readonly<Record<number, DirectMeter["unit"]>> = { 1: "bytes", 2: "packets" };
const meterTypes: Readonly<Record<number, DirectMeter["type"]>> = {
  0: "two-rate-three-color",
  1: "single-rate-three-color",
  2: "single-rate-two-color",
};

/** Metadata fields that carry a port, by name. */
const portMetadata = new Set(["ingress_port", "egress_port", "target_egress_port"]);
/** Names and URIs under which programs declare their port type. */
const portTypeNames = new Set(["port_id_t", "PortId_t"]);
const portUris = new Set(["p4.org/psa/v1/PortId_t", "p4.org/pna/v1/PortId_t"]);

/**
 * Verifies and indexes a P4Info.
 * @throws StatusError INVALID_ARGUMENT naming every problem, at most 20 of them (SFP-09, INF-04)
 */
export function* indexP4InfoSteps(spec: P4InfoSpec): Steps<Pipeline> {
  refuse(yield* verifyP4InfoSteps(spec));
  const problems: string[] = [];
  const pipeline = yield* new Indexer(spec).build((problem) => problems.push(problem));
  refuse(problems);
  return pipeline;
}

function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const more = problems.length > maxProblems ? `; and ${problems.length - maxProblems} more` : "";
  const named = problems.slice(0, maxProblems).map((problem) => clip(problem, maxProblemLength));
  throw invalidArgument(`P4Info: ${named.join("; ")}${more}`, { problems: problems.length });
}

/** `indexP4InfoSteps` in one go. */
export function indexP4Info(spec: P4InfoSpec): Pipeline {
  return finish(indexP4InfoSteps(spec));
}

const byId = <T extends { readonly id: number }>(items: readonly T[]) => new Map(items.map((item) => [item.id, item]));
const ascending = <T extends { readonly id: number }>(items: readonly T[]) => [...items].sort((a, b) => a.id - b.id);

function rolesOf(annotations: readonly Annotation[]): ReadonlySet<string> {
  const bodies = annotationBodies(annotations, "p4runtime_role");
  return new Set(bodies.map((body) => stringLiteral(body) ?? body.trim()).filter((role) => role !== ""));
}

class Indexer {
  readonly #spec: P4InfoSpec;
  readonly #portTypes: ReadonlySet<string>;
  readonly #actions: ReadonlyMap<number, Action>;
  readonly #noAction: Action | undefined;
  readonly #profiles: ReadonlyMap<number, ActionProfile>;
  readonly #counters: ReadonlyMap<number, DirectCounter>;
  readonly #meters: ReadonlyMap<number, DirectMeter>;

  constructor(spec: P4InfoSpec) {
    this.#spec = spec;
    this.#portTypes = portTypesOf(spec);
    this.#actions = byId(spec.actions.map((action) => this.#action(action)));
    this.#noAction = [...this.#actions.values()].find((action) => action.name === "NoAction");
    this.#profiles = byId(spec.actionProfiles.map(actionProfile));
    this.#counters = byId(spec.directCounters.map(directCounter));
    this.#meters = byId(spec.directMeters.map(directMeter));
  }

  /** @param problem told what is wrong with annotations that refer to other entities */
  *build(problem: (text: string) => void): Steps<Pipeline> {
    const spec = this.#spec;
    const tables = new Map<number, Table>();
    for (const table of spec.tables) {
      yield;
      tables.set(table.preamble.id, this.#table(table));
    }
    const objects = objectsOf(spec);
    return {
      spec,
      tables,
      actions: this.#actions,
      counters: byId(spec.counters.map((counter) => ({ ...directCounter(counter), ...this.#cells(counter) }))),
      meters: byId(spec.meters.map((meter) => ({ ...directMeter(meter), ...this.#cells(meter) }))),
      profiles: this.#profiles,
      packetIn: this.#header("packet_in"),
      packetOut: this.#header("packet_out"),
      objects,
      roles: new Set([...objects.values()].flatMap(({ roles }) => [...roles])),
      references: yield* readReferenceSteps(tables, this.#actions, portFormatOf(spec), problem),
    };
  }

  /** Only the first type decides about translation (INF-09, TRN-15). */
  #format(field: FieldSpec): ValueFormat {
    const type = field.typeName === undefined ? undefined : this.#spec.newTypes.get(field.typeName);
    const port = field.typeName !== undefined && this.#portTypes.has(field.typeName);
    if (type?.kind === "translated-string") return { kind: "sdn-string", port };
    return { kind: "bits", width: field.bitwidth, bytes: (field.bitwidth + 7) >> 3, port };
  }

  /** CTR-24: a number that is no port is the same to the controller and to the program. */
  #cells({ size, indexTypeName: name }: CounterInfoSpec | MeterInfoSpec): { size: bigint; index: CellIndex } {
    const type = name === undefined ? undefined : this.#spec.newTypes.get(name);
    if (type?.kind === "translated-string") return { size, index: "text" };
    const isPort = name !== undefined && type?.kind === "translated" && this.#portTypes.has(name);
    return { size, index: isPort ? "port" : "number" };
  }

  #action({ preamble, params }: ActionSpec): Action {
    const sorted: readonly Param[] = ascending(params).map((param, index) => ({
      id: param.id,
      name: param.name,
      format: this.#format(param),
      annotations: parseAnnotations(param.annotations),
      index,
    }));
    const { id, name, alias } = preamble;
    return {
      id,
      name,
      alias,
      params: sorted,
      paramById: byId(sorted),
      annotations: parseAnnotations(preamble.annotations),
    };
  }

  #table(table: TableInfoSpec): Table {
    const { id, name, alias } = table.preamble;
    const fields: readonly MatchField[] = ascending(table.matchFields).map((field, index) => ({
      id: field.id,
      name: field.name,
      kind: defined(matchKinds[Number(field.match)], "match kinds are verified"),
      format: this.#format(field),
      annotations: parseAnnotations(field.annotations),
      index,
    }));
    const actions: readonly ActionRef[] = table.actionRefs.map((ref) => ({
      action: this.#actionById(ref.id),
      scope: defined(scopes[ref.scope], "scopes are verified"),
      annotations: parseAnnotations(ref.annotations),
    }));
    const annotations = parseAnnotations(table.preamble.annotations);
    return {
      id,
      name,
      alias,
      fields,
      fieldById: byId(fields),
      actions,
      actionRefById: new Map(actions.map((ref) => [ref.action.id, ref])),
      needsPriority: fields.some(
        (field) => field.kind === "ternary" || field.kind === "range" || field.kind === "optional",
      ),
      constDefault: table.constDefaultActionId !== 0 || table.implementationId !== 0,
      initialDefault: this.#initialDefault(table),
      implementation: this.#profiles.get(table.implementationId),
      counter: resourceOf(table, this.#counters),
      meter: resourceOf(table, this.#meters),
      size: table.size === 0n ? defaultTableSize : Number(table.size),
      idleTimeout: table.idleTimeoutBehavior === 1,
      isConst: table.isConstTable,
      roles: rolesOf(annotations),
      annotations,
    };
  }

  #actionById(id: number): Action {
    return defined(this.#actions.get(id), "action references are verified");
  }

  /** DEF-14: what the program says; else the constant default; else NoAction; else none. */
  #initialDefault(table: TableInfoSpec): Table["initialDefault"] {
    const call = table.initialDefaultAction;
    if (call !== undefined)
      return {
        action: this.#actionById(call.actionId),
        args: new Map(call.args.map((arg) => [arg.paramId, arg.value])),
      };
    if (table.constDefaultActionId !== 0)
      return { action: this.#actionById(table.constDefaultActionId), args: new Map() };
    return this.#noAction && { action: this.#noAction, args: new Map() };
  }

  #header(name: string): PacketHeader | undefined {
    const header = this.#spec.packetHeaders.find((candidate) => candidate.preamble.name === name);
    if (header === undefined) return undefined;
    const fields = header.metadata.map((field) => {
      const format = this.#format(field);
      return {
        id: field.id,
        name: field.name,
        format: portMetadata.has(field.name) ? { ...format, port: true } : format,
        padding: parseAnnotations(field.annotations).some((annotation) => annotation.name === "padding"),
      };
    });
    return { fields, fieldById: byId(fields) };
  }
}

/** Unset semantics mean the sum of weights (INF-22). */
function actionProfile({ preamble, semantics, ...rest }: ActionProfileSpec): ActionProfile {
  const { withSelector, size, maxGroupSize, maxMemberWeight, weightsDisallowed } = rest;
  return {
    id: preamble.id,
    name: preamble.name,
    withSelector,
    size,
    maxGroupSize,
    semantics: semantics === "unset" ? "sum-of-weights" : semantics,
    maxMemberWeight,
    weightsDisallowed,
  };
}

function directCounter({ preamble, unit }: CounterInfoSpec): DirectCounter {
  return { id: preamble.id, name: preamble.name, unit: defined(counterUnits[unit], "counter units are verified") };
}

function directMeter({ preamble, unit, type }: MeterInfoSpec): DirectMeter {
  return {
    id: preamble.id,
    name: preamble.name,
    unit: defined(meterUnits[unit], "meter units are verified"),
    type: defined(meterTypes[type], "meter types are verified"),
  };
}

/** The one of `resources` that `table` lists; verified to be at most one. */
function resourceOf<T>(table: TableInfoSpec, resources: ReadonlyMap<number, T>): T | undefined {
  for (const id of table.directResourceIds) {
    const resource = resources.get(id);
    if (resource !== undefined) return resource;
  }
  return undefined;
}

/** The form in which a program with port translation names ports; undefined if it declares no translated port type. */
export function portTranslation(spec: P4InfoSpec): ValueFormat | undefined {
  for (const name of portTypesOf(spec)) {
    const type = spec.newTypes.get(name);
    if (type?.kind === "translated-string") return { kind: "sdn-string", port: true };
    if (type?.kind === "translated")
      return { kind: "bits", width: type.sdnBitwidth, bytes: (type.sdnBitwidth + 7) >> 3, port: true };
  }
  return undefined;
}

/** A port of a program that does not translate ports. @see P4Runtime §18.1 */
const plainPort: ValueFormat = { kind: "bits", width: 32, bytes: 4, port: true };

/** How ports travel outside of match fields and parameters: translated if the program translates its port type. */
export function portFormatOf(spec: P4InfoSpec): ValueFormat {
  return portTranslation(spec) ?? plainPort;
}

/** The types whose values are ports: those the packet metadata uses for ports, and the usual names and URIs. */
function portTypesOf(spec: P4InfoSpec): ReadonlySet<string> {
  const types = new Set<string>();
  for (const [name, type] of spec.newTypes) {
    const uri = type.kind === "translated" || type.kind === "translated-string" ? type.uri : "";
    if (portTypeNames.has(name) || portUris.has(uri)) types.add(name);
  }
  const headers: readonly PacketHeaderSpec[] = spec.packetHeaders;
  for (const field of headers.flatMap((header) => header.metadata))
    if (portMetadata.has(field.name) && field.typeName !== undefined) types.add(field.typeName);
  return types;
}

function objectsOf(spec: P4InfoSpec): Pipeline["objects"] {
  const objects = new Map<number, P4Object>();
  const all = (kind: ObjectKind, preambles: readonly PreambleSpec[]) => {
    for (const { id, name, alias, annotations } of preambles)
      objects.set(id, { kind, name, alias, roles: rolesOf(parseAnnotations(annotations)) });
  };
  const preambles = (items: readonly { readonly preamble: PreambleSpec }[]) => items.map((item) => item.preamble);
  all("table", preambles(spec.tables));
  all("action", preambles(spec.actions));
  all("action profile", preambles(spec.actionProfiles));
  all("counter", preambles(spec.counters));
  all("direct counter", preambles(spec.directCounters));
  all("meter", preambles(spec.meters));
  all("direct meter", preambles(spec.directMeters));
  all("controller header", preambles(spec.packetHeaders));
  all("value set", spec.valueSets);
  all("register", spec.registers);
  all("digest", spec.digests);
  for (const extern of spec.externs) all("extern", extern.instances);
  return objects;
}
