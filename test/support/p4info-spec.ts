/** Small P4Infos in domain form: each part valid by itself, what a test is about is given over the defaults. */
import type {
  ActionProfileSpec,
  ActionRefSpec,
  ActionSpec,
  CounterInfoSpec,
  FieldSpec,
  MatchFieldSpec,
  MeterInfoSpec,
  P4InfoSpec,
  PacketHeaderSpec,
  PreambleSpec,
  TableInfoSpec,
} from "../../src/pipeline/p4info.js";

/** Enum numbers of `MatchField.MatchType`. */
export const matchType = { exact: 2, lpm: 3, ternary: 4, range: 5, optional: 6 } as const;

const bare = { annotations: [], structured: [], locations: 0 } as const;

export function preamble(id: number, name: string, more: Partial<PreambleSpec> = {}): PreambleSpec {
  return { ...bare, id, name, alias: name, ...more };
}

export function matchField(id: number, name: string, more: Partial<MatchFieldSpec> = {}): MatchFieldSpec {
  return { ...bare, id, name, bitwidth: 16, match: matchType.ternary, typeName: undefined, ...more };
}

/** A parameter or a metadata field. */
export function field(id: number, name: string, more: Partial<FieldSpec> = {}): FieldSpec {
  return { ...bare, id, name, bitwidth: 8, typeName: undefined, ...more };
}

export function ref(id: number, more: Partial<ActionRefSpec> = {}): ActionRefSpec {
  return { ...bare, id, scope: 0, ...more };
}

export function action(
  id: number,
  name: string,
  params: readonly FieldSpec[] = [],
  annotations: readonly string[] = [],
) {
  return { preamble: preamble(id, name, { annotations }), params } satisfies ActionSpec;
}

export function table(id: number, name: string, more: Partial<TableInfoSpec> = {}): TableInfoSpec {
  return {
    preamble: preamble(id, name),
    matchFields: [],
    actionRefs: [],
    constDefaultActionId: 0,
    initialDefaultAction: undefined,
    implementationId: 0,
    directResourceIds: [],
    size: 16n,
    idleTimeoutBehavior: 0,
    isConstTable: false,
    hasInitialEntries: false,
    ...more,
  };
}

export function counter(id: number, name: string, more: Partial<CounterInfoSpec> = {}): CounterInfoSpec {
  return { preamble: preamble(id, name), unit: 3, size: 0n, directTableId: 0, indexTypeName: undefined, ...more };
}

export function meter(id: number, name: string, more: Partial<MeterInfoSpec> = {}): MeterInfoSpec {
  return { ...counter(id, name), unit: 1, type: 0, ...more };
}

export function profile(id: number, name: string, more: Partial<ActionProfileSpec> = {}): ActionProfileSpec {
  return {
    preamble: preamble(id, name),
    tableIds: [],
    withSelector: false,
    size: 8n,
    maxGroupSize: 0,
    semantics: "unset",
    maxMemberWeight: 0,
    weightsDisallowed: false,
    ...more,
  };
}

export function header(id: number, name: string, metadata: readonly FieldSpec[] = []): PacketHeaderSpec {
  return { preamble: preamble(id, name), metadata };
}

export function p4info(more: Partial<P4InfoSpec> = {}): P4InfoSpec {
  return {
    packageName: "",
    packageVersion: "",
    platform: undefined,
    tables: [],
    actions: [],
    actionProfiles: [],
    counters: [],
    directCounters: [],
    meters: [],
    directMeters: [],
    packetHeaders: [],
    valueSets: [],
    registers: [],
    digests: [],
    externs: [],
    newTypes: new Map(),
    serializableEnums: new Map(),
    ...more,
  };
}
