/** A program with one table per shape that updates can meet, and the parts to build others from. */
import { entitySchema, type EntitySchema } from "../../src/entity/schema.js";
import { indexP4Info } from "../../src/pipeline/index-p4info.js";
import type {
  ActionSpec,
  FieldSpec,
  MatchFieldSpec,
  MeterInfoSpec,
  NewTypeSpec,
  P4InfoSpec,
  PreambleSpec,
  TableInfoSpec,
} from "../../src/pipeline/p4info.js";

/** A number of so many bits, or the name of a type. */
export type Width = number | keyof typeof portTypes;

const portTypes = { textPort: 0, numberPort: 32 } as const;
const newTypes: ReadonlyMap<string, NewTypeSpec> = new Map<string, NewTypeSpec>([
  ["textPort", { kind: "translated-string", uri: "p4.org/psa/v1/PortId_t" }],
  ["numberPort", { kind: "translated", uri: "p4.org/psa/v1/PortId_t", sdnBitwidth: portTypes.numberPort }],
]);

const matchTypes = { exact: 2, lpm: 3, ternary: 4, range: 5, optional: 6 } as const;
const scopes = { both: 0, "table-only": 1, "default-only": 2, group: 3 } as const;
const meterTypes = { "two-rate": 0, "single-rate": 1, "two-color": 2 } as const;

const unannotated = { annotations: [], structured: [], locations: 0 };
const preamble = (id: number, name: string, annotations: readonly string[] = []): PreambleSpec => ({
  ...unannotated,
  annotations,
  id,
  name,
  alias: name,
});

function field(id: number, name: string, width: Width): FieldSpec {
  return {
    ...unannotated,
    id,
    name,
    bitwidth: typeof width === "number" ? width : portTypes[width],
    typeName: typeof width === "number" ? undefined : width,
  };
}

/** Field ids count from 1 in the order given. */
export type FieldSketch = readonly [name: string, kind: keyof typeof matchTypes, width: Width];

export interface TableSketch {
  /** Low part of its id; the direct counter and meter have the same. */
  readonly at: number;
  readonly name: string;
  readonly fields: readonly FieldSketch[];
  readonly actions?: Readonly<Record<number, keyof typeof scopes>>;
  readonly counter?: true;
  readonly meter?: keyof typeof meterTypes;
  readonly size?: number;
  readonly isConst?: true;
  readonly constDefault?: number;
  readonly initialDefault?: TableInfoSpec["initialDefaultAction"];
  readonly idleTimeout?: true;
  readonly profile?: number;
  readonly annotations?: readonly string[];
}

export const tableId = (at: number) => 0x0200_0000 + at;
export const counterId = (at: number) => 0x1300_0000 + at;
export const meterId = (at: number) => 0x1500_0000 + at;

function tableSpec(sketch: TableSketch): TableInfoSpec {
  const { at, counter, meter } = sketch;
  const scoped: NonNullable<TableSketch["actions"]> = sketch.actions ?? {
    [actions.drop]: "both",
    [actions.noAction]: "default-only",
  };
  return {
    preamble: preamble(tableId(at), sketch.name, sketch.annotations),
    matchFields: sketch.fields.map(([name, kind, width], i): MatchFieldSpec => ({
      ...field(i + 1, name, width),
      match: matchTypes[kind],
    })),
    actionRefs: Object.entries(scoped).map(([id, scope]) => ({ ...unannotated, id: Number(id), scope: scopes[scope] })),
    constDefaultActionId: sketch.constDefault ?? 0,
    initialDefaultAction: sketch.initialDefault,
    implementationId: sketch.profile ?? 0,
    directResourceIds: [...(counter ? [counterId(at)] : []), ...(meter === undefined ? [] : [meterId(at)])],
    size: BigInt(sketch.size ?? 1024),
    idleTimeoutBehavior: sketch.idleTimeout ? 1 : 0,
    isConstTable: sketch.isConst ?? false,
    hasInitialEntries: false,
  };
}

/** Action ids of the program. */
export const actions = {
  noAction: 0x0100_0001,
  drop: 0x0100_0002,
  trap: 0x0100_0003,
  copy: 0x0100_0004,
  /** bit<9> and bit<16>. */
  set: 0x0100_0005,
  /** A `textPort` and a bit<4>. */
  send: 0x0100_0006,
  /** A `numberPort`. */
  output: 0x0100_0007,
  /** A `textPort` that names a queue. */
  queue: 0x0100_0008,
} as const;

const params = (...list: readonly (readonly [string, Width])[]) =>
  list.map(([name, width], i) => field(i + 1, name, width));
const actionSpecs: readonly ActionSpec[] = [
  { preamble: preamble(actions.noAction, "NoAction"), params: [] },
  { preamble: preamble(actions.drop, "drop"), params: [] },
  { preamble: preamble(actions.trap, "trap"), params: [] },
  { preamble: preamble(actions.copy, "copy_to_cpu"), params: [] },
  { preamble: preamble(actions.set, "set"), params: params(["class", 9], ["mark", 16]) },
  { preamble: preamble(actions.send, "send"), params: params(["port", "textPort"], ["queue", 4]) },
  { preamble: preamble(actions.output, "output"), params: params(["port", "numberPort"]) },
  {
    preamble: preamble(actions.queue, "queue", ["@sai_action(SAI_PACKET_ACTION_TRAP)"]),
    params: params(["queue", 8]).map((param) => ({ ...param, annotations: ["@sai_action_param(QOS_QUEUE)"] })),
  },
];

export const profiles = { members: 0x1100_0001, selector: 0x1100_0002 } as const;
export const indexedCounter = 0x1200_0001;
export const indexedMeter = 0x1400_0001;

/** A P4Info with `tables`, every action, and nothing else beside what `extra` adds. */
export function p4info(tables: readonly TableSketch[], extra: Partial<P4InfoSpec> = {}): P4InfoSpec {
  const direct = (at: number) => ({ size: 0n, directTableId: tableId(at), indexTypeName: undefined });
  return {
    packageName: "",
    packageVersion: "",
    platform: undefined,
    tables: tables.map(tableSpec),
    actions: actionSpecs,
    actionProfiles: [],
    counters: [],
    directCounters: tables.flatMap(({ at, name, counter }) =>
      counter ? [{ ...direct(at), preamble: preamble(counterId(at), `${name}_counter`), unit: 3 }] : [],
    ),
    meters: [],
    directMeters: tables.flatMap(({ at, name, meter }): MeterInfoSpec[] =>
      meter === undefined
        ? []
        : [{ ...direct(at), preamble: preamble(meterId(at), `${name}_meter`), unit: 2, type: meterTypes[meter] }],
    ),
    packetHeaders: [],
    valueSets: [],
    registers: [],
    digests: [],
    externs: [],
    newTypes,
    serializableEnums: new Map(),
    ...extra,
  };
}

/** Low parts of the program's table ids, by what the table is for. */
export const tables = {
  acl: 1,
  routes: 2,
  hosts: 3,
  ranges: 4,
  mixed: 5,
  widths: 6,
  textPorts: 7,
  numberPorts: 8,
  fixed: 9,
  members: 10,
  selector: 11,
  singleRate: 12,
  twoColor: 13,
  aging: 14,
  scoped: 15,
  keyless: 16,
} as const;

const everyAction = {
  [actions.noAction]: "default-only",
  [actions.drop]: "both",
  [actions.trap]: "both",
  [actions.copy]: "both",
  [actions.queue]: "both",
} as const;

const sketches: readonly TableSketch[] = [
  {
    at: tables.acl,
    name: "acl",
    fields: [
      ["is_ipv4", "optional", 1],
      ["ether_type", "ternary", 16],
      ["ttl", "ternary", 8],
      ["vlan_id", "ternary", 12],
    ],
    actions: everyAction,
    counter: true,
    meter: "two-rate",
    size: 8,
    constDefault: actions.noAction,
  },
  {
    at: tables.routes,
    name: "routes",
    fields: [["dst_ipv4", "lpm", 32]],
    actions: { ...everyAction, [actions.noAction]: "both" },
    counter: true,
    meter: "two-rate",
    initialDefault: { actionId: actions.copy, args: [] },
  },
  { at: tables.hosts, name: "hosts", fields: [["dst_mac", "exact", 48]], actions: everyAction },
  { at: tables.ranges, name: "ranges", fields: [["l4_dst_port", "range", 16]], actions: everyAction },
  {
    at: tables.mixed,
    name: "mixed",
    fields: [
      ["a", "exact", 9],
      ["b", "lpm", 33],
      ["c", "ternary", 20],
      ["d", "range", 12],
      ["e", "optional", 128],
      ["f", "exact", "textPort"],
      ["g", "optional", "textPort"],
    ],
    actions: { [actions.set]: "both", [actions.send]: "both", [actions.drop]: "both" },
    counter: true,
    meter: "two-rate",
  },
  {
    at: tables.widths,
    name: "widths",
    fields: [
      ["bit8", "optional", 8],
      ["bit12", "optional", 12],
      ["bit16", "optional", 16],
      ["bit128", "optional", 128],
    ],
  },
  {
    at: tables.textPorts,
    name: "text_ports",
    fields: [
      ["in_port", "exact", "textPort"],
      ["other", "optional", "textPort"],
    ],
    actions: { [actions.send]: "both" },
  },
  {
    at: tables.numberPorts,
    name: "number_ports",
    fields: [
      ["in_port", "exact", "numberPort"],
      ["other", "optional", "numberPort"],
    ],
    actions: { [actions.output]: "both" },
  },
  {
    at: tables.fixed,
    name: "fixed",
    fields: [["dst_mac", "exact", 48]],
    actions: everyAction,
    counter: true,
    meter: "two-rate",
    isConst: true,
  },
  { at: tables.members, name: "members", fields: [["dst_mac", "exact", 48]], profile: profiles.members },
  { at: tables.selector, name: "selector", fields: [["dst_mac", "exact", 48]], profile: profiles.selector },
  { at: tables.singleRate, name: "single_rate", fields: [["ttl", "ternary", 8]], meter: "single-rate" },
  { at: tables.twoColor, name: "two_color", fields: [["ttl", "ternary", 8]], meter: "two-color" },
  { at: tables.aging, name: "aging", fields: [["dst_mac", "exact", 48]], idleTimeout: true },
  {
    at: tables.scoped,
    name: "scoped",
    fields: [["dst_mac", "exact", 48]],
    actions: { [actions.drop]: "table-only", [actions.noAction]: "default-only", [actions.trap]: "group" },
  },
  {
    at: tables.keyless,
    name: "keyless",
    fields: [],
    actions: { [actions.set]: "both", [actions.drop]: "both" },
    initialDefault: {
      actionId: actions.set,
      args: [
        { paramId: 2, value: Buffer.from("0007", "hex") },
        { paramId: 1, value: Buffer.from("0101", "hex") },
      ],
    },
  },
];

const indexed = { size: 4n, directTableId: 0, indexTypeName: undefined };
const profile = (id: number, name: string, table: number) => ({
  preamble: preamble(id, name),
  tableIds: [tableId(table)],
  size: 16n,
  semantics: "unset" as const,
  maxMemberWeight: 0,
  weightsDisallowed: false,
});

/** Every shape at once. */
export const shapes: P4InfoSpec = p4info(sketches, {
  actionProfiles: [
    { ...profile(profiles.members, "members_profile", tables.members), withSelector: false, maxGroupSize: 0 },
    { ...profile(profiles.selector, "selector_profile", tables.selector), withSelector: true, maxGroupSize: 4 },
  ],
  counters: [{ ...indexed, preamble: preamble(indexedCounter, "cells"), unit: 3 }],
  meters: [{ ...indexed, preamble: preamble(indexedMeter, "meters"), unit: 2, type: 0 }],
});

/** Ports there are: 1 to 4, and the CPU port. */
export const ports = () => [1, 2, 3, 4, 0xffff_fffd];
export const isPort = (port: number) => ports().includes(port);

/** The schema of a program whose sizes are limits. */
export function schemaOf(spec: P4InfoSpec): EntitySchema {
  return entitySchema(indexP4Info(spec), "exact", { isPort, ports, meterCounters: true });
}
