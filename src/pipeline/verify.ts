/** What a P4Info must hold before anything is built on it. @see P4Runtime §6 */
import { isUtf8 } from "node:buffer";
import { finish, type Steps } from "../base/steps.js";
import { parseAnnotation } from "./annotation.js";
import type { AnnotatedSpec, FieldSpec, MatchFieldSpec, P4InfoSpec, PreambleSpec } from "./p4info.js";
import { maxTextBytes, type ObjectKind } from "./pipeline.js";
import { implementedTables, profileProblems } from "./verify-profiles.js";

/** Top byte of the ids of each kind of object. @see P4Runtime §6.3 ID Allocation */
const idPrefix: Readonly<Record<Exclude<ObjectKind, "extern">, number>> = {
  action: 0x01,
  table: 0x02,
  "value set": 0x03,
  "controller header": 0x04,
  "action profile": 0x11,
  counter: 0x12,
  "direct counter": 0x13,
  meter: 0x14,
  "direct meter": 0x15,
  register: 0x16,
  digest: 0x17,
};

/** Scopes of actions that no default entry may have. @see P4Runtime §6.4.1 Table */
const notForDefault: Readonly<Record<number, string>> = { 1: "TABLE_ONLY", 3: "GROUP_ACTION" };

/** Widest number taken, in bits. */
export const maxBitwidth = 2048;

const a = (kind: ObjectKind) => (kind.startsWith("a") || kind === "extern" ? `an ${kind}` : `a ${kind}`);
const hexId = (id: number) => `0x${id.toString(16).padStart(8, "0")}`;

/**
 * Checks ids, names, references, types and annotations.
 * @returns one sentence per problem, in the order of the P4Info; empty if there is none (INF-01 … INF-29, SFP-32)
 */
export function* verifyP4InfoSteps(spec: P4InfoSpec): Steps<readonly string[]> {
  const problems: string[] = [];
  const problem = (text: string) => void problems.push(text);
  const objects = new Map<number, { kind: ObjectKind; name: string }>();

  const actions = new Map(spec.actions.map((action) => [action.preamble.id, action]));
  const directResources = new Map(
    [...spec.directCounters, ...spec.directMeters].map((resource) => [resource.preamble.id, resource]),
  );
  const implemented = implementedTables(spec);
  const resourcesOfTable = new Map(spec.tables.map((table) => [table.preamble.id, new Set(table.directResourceIds)]));

  function object(kind: ObjectKind, preamble: PreambleSpec, prefix?: number): void {
    const what = `${kind} '${preamble.name}'`;
    const expected = prefix ?? (kind === "extern" ? undefined : idPrefix[kind]);
    if (preamble.id === 0) problem(`${what} has id 0`);
    else if (preamble.id >>> 24 !== expected)
      problem(`${what}: id ${hexId(preamble.id)} must begin with 0x${(expected ?? 0).toString(16).padStart(2, "0")}`);
    const other = objects.get(preamble.id);
    if (other !== undefined) problem(`${what}: id ${hexId(preamble.id)} is also that of ${other.kind} '${other.name}'`);
    else objects.set(preamble.id, { kind, name: preamble.name });
    if (preamble.name === "") problem(`${kind} ${hexId(preamble.id)} has no name`);
    annotated(what, preamble);
  }

  function annotated(what: string, spec: AnnotatedSpec): void {
    if (spec.locations !== 0 && spec.locations !== spec.annotations.length)
      problem(`${what}: ${spec.locations} annotation_locations for ${spec.annotations.length} annotations`);
    for (const text of spec.annotations)
      if (parseAnnotation(text) === undefined) problem(`${what}: '${text}' is no annotation`);
    unique(
      `${what}: structured annotation`,
      spec.structured.map((annotation) => annotation.name),
    );
    for (const { name, keys } of spec.structured) if (keys !== undefined) unique(`${what}: @${name}: key`, keys);
  }

  function unique(what: string, values: readonly (string | number)[]): void {
    const seen = new Set<string | number>();
    for (const value of values) {
      if (seen.has(value)) problem(`${what} '${value}' appears twice`);
      seen.add(value);
    }
  }

  function* objectsOf(kind: ObjectKind, preambles: readonly PreambleSpec[]): Steps<void> {
    for (const preamble of preambles) {
      yield;
      object(kind, preamble);
    }
    unique(
      `${kind} name`,
      preambles.map((preamble) => preamble.name),
    );
    unique(
      `${kind} alias`,
      preambles.map((preamble) => preamble.alias).filter((alias) => alias !== ""),
    );
  }

  function typed(what: string, field: FieldSpec | MatchFieldSpec): void {
    annotated(what, field);
    if (field.id === 0) problem(`${what} has id 0`);
    const { bitwidth, typeName } = field;
    if (bitwidth < 0 || bitwidth > maxBitwidth) problem(`${what}: bitwidth ${bitwidth} is not in 0 … ${maxBitwidth}`);
    if (typeName === undefined) {
      if (bitwidth === 0) problem(`${what} has neither bitwidth nor type`);
      return;
    }
    const enumWidth = spec.serializableEnums.get(typeName);
    const type = spec.newTypes.get(typeName);
    if (type === undefined) {
      if (enumWidth === undefined) problem(`${what}: type '${typeName}' is not in type_info`);
      else if (bitwidth !== enumWidth) problem(`${what}: bitwidth ${bitwidth}, enum '${typeName}' has ${enumWidth}`);
    } else if (type.kind === "translated-string") {
      if (bitwidth !== 0) problem(`${what}: bitwidth ${bitwidth}, must be 0 for sdn_string type '${typeName}'`);
    } else if (type.kind === "translated") {
      if (bitwidth !== type.sdnBitwidth || bitwidth === 0)
        problem(`${what}: bitwidth ${bitwidth}, type '${typeName}' has sdn_bitwidth ${type.sdnBitwidth}`);
    } else if (type.kind === "unset") problem(`${what}: type '${typeName}' has no representation`);
    else if (bitwidth === 0) problem(`${what} has no bitwidth`);
  }

  yield* objectsOf(
    "table",
    spec.tables.map((table) => table.preamble),
  );
  yield* objectsOf(
    "action",
    spec.actions.map((action) => action.preamble),
  );
  yield* objectsOf(
    "action profile",
    spec.actionProfiles.map((profile) => profile.preamble),
  );
  yield* objectsOf(
    "counter",
    spec.counters.map((counter) => counter.preamble),
  );
  yield* objectsOf(
    "direct counter",
    spec.directCounters.map((counter) => counter.preamble),
  );
  yield* objectsOf(
    "meter",
    spec.meters.map((meter) => meter.preamble),
  );
  yield* objectsOf(
    "direct meter",
    spec.directMeters.map((meter) => meter.preamble),
  );
  yield* objectsOf("value set", spec.valueSets);
  yield* objectsOf("register", spec.registers);
  yield* objectsOf("digest", spec.digests);
  yield* objectsOf(
    "controller header",
    spec.packetHeaders.map((header) => header.preamble),
  );
  unique(
    "extern type",
    spec.externs.map((extern) => extern.typeId),
  );
  for (const extern of spec.externs) {
    if (extern.typeId < 0x81 || extern.typeId > 0xfe)
      problem(`extern '${extern.typeName}': extern_type_id 0x${extern.typeId.toString(16)} is not in 0x81 … 0xfe`);
    for (const preamble of extern.instances) object("extern", preamble, extern.typeId);
  }

  for (const action of spec.actions) {
    yield;
    const what = `action '${action.preamble.name}'`;
    unique(
      `${what}: parameter id`,
      action.params.map((param) => param.id),
    );
    unique(
      `${what}: parameter`,
      action.params.map((param) => param.name),
    );
    for (const param of action.params) typed(`${what}: parameter '${param.name}'`, param);
  }

  for (const header of spec.packetHeaders) {
    const { name } = header.preamble;
    if (name !== "packet_in" && name !== "packet_out")
      problem(`controller header '${name}' must be packet_in or packet_out`);
    unique(
      `${name}: metadata id`,
      header.metadata.map((field) => field.id),
    );
    for (const field of header.metadata) typed(`${name}: metadata '${field.name}'`, field);
  }

  function matchable(what: string, field: MatchFieldSpec): void {
    typed(what, field);
    if (typeof field.match === "string") problem(`${what}: match type '${field.match}' is not supported`);
    else if (field.match === undefined || field.match < 2 || field.match > 6)
      problem(`${what}: match_type ${field.match ?? "unset"} is not EXACT, LPM, TERNARY, RANGE or OPTIONAL`);
  }

  for (const { name, matchFields } of spec.valueSets) {
    yield;
    const what = `value set '${name}'`;
    const ids = matchFields.map((field) => field.id);
    if (ids.length === 0) problem(`${what} has no match field`);
    if (ids.length === 1 && ids[0] !== 1) problem(`${what}: its only match field has id ${ids[0] ?? 0}, not 1`);
    unique(`${what}: match field id`, ids);
    for (const field of matchFields) matchable(`${what}: match field '${field.name}'`, field);
  }

  for (const { name, hasType, size, indexTypeName } of [...spec.registers, ...spec.digests]) {
    yield;
    if (!hasType) problem(`'${name}' has no type_spec`);
    if (size < 0) problem(`'${name}': size ${size} is negative`);
    if (indexTypeName !== undefined && !spec.newTypes.has(indexTypeName))
      problem(`'${name}': index type '${indexTypeName}' is not in type_info`);
  }

  function refers(what: string, id: number, kind: ObjectKind): void {
    const target = objects.get(id);
    if (target?.kind !== kind)
      problem(`${what}: ${hexId(id)} is ${target === undefined ? "nothing" : a(target.kind)}, not ${a(kind)}`);
  }

  for (const table of spec.tables) {
    yield;
    const what = `table '${table.preamble.name}'`;
    unique(
      `${what}: match field id`,
      table.matchFields.map((field) => field.id),
    );
    unique(
      `${what}: match field`,
      table.matchFields.map((field) => field.name),
    );
    for (const field of table.matchFields) {
      const where = `${what}: match field '${field.name}'`;
      matchable(where, field);
      const type = field.typeName === undefined ? undefined : spec.newTypes.get(field.typeName);
      if (type?.kind === "translated-string" && field.match !== 2 && field.match !== 6)
        problem(
          `${where}: a value of sdn_string type '${field.typeName ?? ""}' has no bits; only EXACT and OPTIONAL can match it`,
        );
    }
    unique(
      `${what}: action`,
      table.actionRefs.map((ref) => hexId(ref.id)),
    );
    for (const ref of table.actionRefs) {
      refers(`${what}: action_refs`, ref.id, "action");
      if (ref.scope < 0 || ref.scope > 3) problem(`${what}: scope ${ref.scope} of action ${hexId(ref.id)} is unknown`);
    }
    const listed = new Map(table.actionRefs.map((ref) => [ref.id, ref.scope]));
    if (table.constDefaultActionId !== 0)
      defaultAction(`${what}: const_default_action_id`, table.constDefaultActionId, listed);
    initialDefault(what, table.initialDefaultAction, table.constDefaultActionId, listed);
    if (table.implementationId !== 0) refers(`${what}: implementation_id`, table.implementationId, "action profile");
    const kinds = new Set<ObjectKind>();
    for (const id of table.directResourceIds) {
      const target = objects.get(id);
      if (target?.kind !== "direct counter" && target?.kind !== "direct meter")
        problem(
          `${what}: direct_resource_ids: ${hexId(id)} is ${target === undefined ? "nothing" : a(target.kind)}, not a direct counter or meter`,
        );
      else if (kinds.has(target.kind)) problem(`${what} has more than one ${target.kind}`);
      else kinds.add(target.kind);
      const resource = directResources.get(id);
      if (resource !== undefined && resource.directTableId !== table.preamble.id)
        problem(`${what}: ${resource.preamble.name} belongs to table ${hexId(resource.directTableId)}`);
    }
    if (table.size < 0n) problem(`${what}: size ${table.size.toString()} is negative`);
    if (table.idleTimeoutBehavior < 0 || table.idleTimeoutBehavior > 1)
      problem(`${what}: idle_timeout_behavior ${table.idleTimeoutBehavior} is unknown`);
    if (table.hasInitialEntries)
      problem(`${what} has initial entries, which P4Info does not carry: p4rtd cannot install them`);
  }

  /** The action of a default entry, as a controller could install it (ACT-07, ACT-08). True if it is listed at all. */
  function defaultAction(what: string, id: number, listed: ReadonlyMap<number, number>): boolean {
    const scope = listed.get(id);
    if (scope === undefined) problem(`${what} ${hexId(id)} is not among its actions`);
    else if (scope in notForDefault)
      problem(`${what} ${hexId(id)} has scope ${notForDefault[scope] ?? ""}: it cannot be the default`);
    return scope !== undefined;
  }

  function initialDefault(
    what: string,
    call: P4InfoSpec["tables"][number]["initialDefaultAction"],
    constId: number,
    listed: ReadonlyMap<number, number>,
  ): void {
    if (call === undefined) return;
    const isListed = defaultAction(`${what}: initial_default_action`, call.actionId, listed);
    const action = actions.get(call.actionId);
    if (action === undefined || !isListed) return; // a listed action that is not there has its problem already
    if (constId !== 0 && constId !== call.actionId)
      problem(`${what}: initial_default_action and const_default_action_id differ`);
    const where = `${what}: initial_default_action`;
    unique(
      `${where}: argument`,
      call.args.map((arg) => arg.paramId),
    );
    const given = new Map(call.args.map((arg) => [arg.paramId, arg.value]));
    for (const param of action.params) {
      const value = given.get(param.id);
      if (value === undefined) problem(`${where} lacks parameter '${param.name}'`);
      else argument(`${where}: argument '${param.name}'`, param, value);
      given.delete(param.id);
    }
    for (const id of given.keys()) problem(`${where}: action '${action.preamble.name}' has no parameter ${id}`);
  }

  function argument(what: string, param: FieldSpec, value: Uint8Array): void {
    const type = param.typeName === undefined ? undefined : spec.newTypes.get(param.typeName);
    if (value.length === 0) problem(`${what} is empty`);
    else if (type?.kind === "translated-string") {
      if (value.length > maxTextBytes) problem(`${what} has ${value.length} bytes of text, at most ${maxTextBytes}`);
      else if (!isUtf8(value)) problem(`${what} is not UTF-8`);
    } else if (significantBits(value) > param.bitwidth)
      problem(`${what} needs ${significantBits(value)} bits, it has ${param.bitwidth}`);
  }

  for (const resource of directResources.values()) {
    yield;
    refers(`'${resource.preamble.name}': direct_table_id`, resource.directTableId, "table");
    if (resourcesOfTable.get(resource.directTableId)?.has(resource.preamble.id) === false)
      problem(`'${resource.preamble.name}': its table does not list it among direct_resource_ids`);
  }
  for (const counter of [...spec.counters, ...spec.directCounters])
    if (counter.unit < 1 || counter.unit > 3)
      problem(`counter '${counter.preamble.name}': unit ${counter.unit} is not BYTES, PACKETS or BOTH`);
  for (const meter of [...spec.meters, ...spec.directMeters]) {
    if (meter.unit < 1 || meter.unit > 2)
      problem(`meter '${meter.preamble.name}': unit ${meter.unit} is not BYTES or PACKETS`);
    if (meter.type < 0 || meter.type > 2) problem(`meter '${meter.preamble.name}': type ${meter.type} is unknown`);
  }
  for (const { preamble, size, indexTypeName: type } of [...spec.counters, ...spec.meters]) {
    if (size < 0n) problem(`'${preamble.name}': size ${size.toString()} is negative`);
    if (type !== undefined && !spec.newTypes.has(type) && !spec.serializableEnums.has(type))
      problem(`'${preamble.name}': index type '${type}' is not in type_info`);
  }
  for (const profile of spec.actionProfiles) {
    const what = `action profile '${profile.preamble.name}'`;
    for (const id of profile.tableIds) refers(`${what}: table_ids`, id, "table");
    yield;
    for (const text of profileProblems(profile, implemented.get(profile.preamble.id) ?? [])) problem(text);
  }
  const platform = spec.platform;
  if (
    platform !== undefined &&
    platform.multicastReplicas > 0 &&
    platform.replicasPerGroup > platform.multicastReplicas
  )
    problem(
      `platform_properties: ${platform.replicasPerGroup} replicas per group exceed ${platform.multicastReplicas} in total`,
    );
  return problems;
}

/** `verifyP4InfoSteps` in one go. */
export function verifyP4Info(spec: P4InfoSpec): readonly string[] {
  return finish(verifyP4InfoSteps(spec));
}

/** Bits of the big-endian number `value` without leading zeros. */
function significantBits(value: Uint8Array): number {
  const first = value.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (value.length - first) * 8 - (Math.clz32(value[first] ?? 0) - 24);
}
