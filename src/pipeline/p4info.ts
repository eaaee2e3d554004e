/** P4Info as pushed, in domain form and not yet checked: names, ids and numbers exactly as the message held them. */

export interface PreambleSpec {
  readonly id: number;
  readonly name: string;
  readonly alias: string;
  /** Unstructured annotations as text, such as `@sai_acl(INGRESS)`. */
  readonly annotations: readonly string[];
  readonly structured: readonly StructuredAnnotationSpec[];
  /** Entries of `annotation_locations`. */
  readonly locations: number;
}

/** `keys` is undefined for an expression list or an empty body. */
export interface StructuredAnnotationSpec {
  readonly name: string;
  readonly keys: readonly string[] | undefined;
}

export interface AnnotatedSpec {
  readonly annotations: readonly string[];
  readonly structured: readonly StructuredAnnotationSpec[];
  readonly locations: number;
}

/** `match` is the enum number of `MatchField.MatchType`, the text of `other_match_type`, or undefined. */
export interface MatchFieldSpec extends AnnotatedSpec {
  readonly id: number;
  readonly name: string;
  readonly bitwidth: number;
  readonly match: number | string | undefined;
  readonly typeName: string | undefined;
}

/** An action parameter or a packet metadata field. */
export interface FieldSpec extends AnnotatedSpec {
  readonly id: number;
  readonly name: string;
  readonly bitwidth: number;
  readonly typeName: string | undefined;
}

export interface ActionRefSpec extends AnnotatedSpec {
  readonly id: number;
  /** Enum number of `ActionRef.Scope`. */
  readonly scope: number;
}

export interface ActionCallSpec {
  readonly actionId: number;
  readonly args: readonly { readonly paramId: number; readonly value: Uint8Array }[];
}

export interface TableInfoSpec {
  readonly preamble: PreambleSpec;
  readonly matchFields: readonly MatchFieldSpec[];
  readonly actionRefs: readonly ActionRefSpec[];
  readonly constDefaultActionId: number;
  readonly initialDefaultAction: ActionCallSpec | undefined;
  readonly implementationId: number;
  readonly directResourceIds: readonly number[];
  readonly size: bigint;
  /** Enum number of `Table.IdleTimeoutBehavior`. */
  readonly idleTimeoutBehavior: number;
  readonly isConstTable: boolean;
  readonly hasInitialEntries: boolean;
}

export interface ActionSpec {
  readonly preamble: PreambleSpec;
  readonly params: readonly FieldSpec[];
}

export interface ActionProfileSpec {
  readonly preamble: PreambleSpec;
  readonly tableIds: readonly number[];
  readonly withSelector: boolean;
  readonly size: bigint;
  readonly maxGroupSize: number;
  readonly semantics: "unset" | "sum-of-weights" | "sum-of-members";
  readonly maxMemberWeight: number;
  readonly weightsDisallowed: boolean;
}

/** A counter or meter; `directTableId` is set for direct ones, `size` for indexed ones. */
export interface CounterInfoSpec {
  readonly preamble: PreambleSpec;
  /** Enum number of `CounterSpec.Unit`. */
  readonly unit: number;
  readonly size: bigint;
  readonly directTableId: number;
  readonly indexTypeName: string | undefined;
}

export interface MeterInfoSpec {
  readonly preamble: PreambleSpec;
  /** Enum numbers of `MeterSpec.Unit` and `MeterSpec.Type`. */
  readonly unit: number;
  readonly type: number;
  readonly size: bigint;
  readonly directTableId: number;
  readonly indexTypeName: string | undefined;
}

export interface PacketHeaderSpec {
  readonly preamble: PreambleSpec;
  readonly metadata: readonly FieldSpec[];
}

export interface ValueSetSpec extends PreambleSpec {
  readonly matchFields: readonly MatchFieldSpec[];
}

/** A register or digest; `size` and `indexTypeName` are for registers. */
export interface TypedSpec extends PreambleSpec {
  /** True if the P4Info gives the type of its values. */
  readonly hasType: boolean;
  readonly size: number;
  readonly indexTypeName: string | undefined;
}

export interface ExternSpec {
  readonly typeId: number;
  readonly typeName: string;
  readonly instances: readonly PreambleSpec[];
}

/** A type declared by the program. @see P4Runtime §18 */
export type NewTypeSpec =
  | { readonly kind: "original" }
  | { readonly kind: "translated"; readonly uri: string; readonly sdnBitwidth: number }
  | { readonly kind: "translated-string"; readonly uri: string }
  | { readonly kind: "unset" };

export interface PlatformPropertiesSpec {
  readonly multicastGroups: number;
  readonly multicastReplicas: number;
  readonly replicasPerGroup: number;
}

export interface P4InfoSpec {
  readonly packageName: string;
  readonly packageVersion: string;
  readonly platform: PlatformPropertiesSpec | undefined;
  readonly tables: readonly TableInfoSpec[];
  readonly actions: readonly ActionSpec[];
  readonly actionProfiles: readonly ActionProfileSpec[];
  readonly counters: readonly CounterInfoSpec[];
  readonly directCounters: readonly CounterInfoSpec[];
  readonly meters: readonly MeterInfoSpec[];
  readonly directMeters: readonly MeterInfoSpec[];
  readonly packetHeaders: readonly PacketHeaderSpec[];
  readonly valueSets: readonly ValueSetSpec[];
  readonly registers: readonly TypedSpec[];
  readonly digests: readonly TypedSpec[];
  readonly externs: readonly ExternSpec[];
  readonly newTypes: ReadonlyMap<string, NewTypeSpec>;
  /** Names of serializable enums with their underlying width. */
  readonly serializableEnums: ReadonlyMap<string, number>;
}
