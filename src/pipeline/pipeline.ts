/** A committed P4 program: P4Info indexed by id and name, immutable after construction. */
import type { Annotation } from "./annotation.js";
import type { P4InfoSpec } from "./p4info.js";

/**
 * How a value travels. `bits`: unsigned big-endian number of `width` bits. `sdn-string`: opaque, non-empty UTF-8 text.
 * `port`: the value is a port in the controller's numbering. @see P4Runtime §8.3, §18
 */
export type ValueFormat =
  | { readonly kind: "bits"; readonly width: number; readonly bytes: number; readonly port: boolean }
  | { readonly kind: "sdn-string"; readonly port: boolean };

/** Longest `sdn-string` taken, in bytes. */
export const maxTextBytes = 1024;

/** Largest group of an action selector, by number of members and by sum of their weights. */
export const maxGroupSize = 65_536;

export type MatchKind = "exact" | "lpm" | "ternary" | "range" | "optional";

export interface MatchField {
  readonly id: number;
  readonly name: string;
  readonly kind: MatchKind;
  readonly format: ValueFormat;
  readonly annotations: readonly Annotation[];
  /** Position in the table's fields by ascending id. */
  readonly index: number;
}

/** An action parameter. */
export interface Param {
  readonly id: number;
  readonly name: string;
  readonly format: ValueFormat;
  readonly annotations: readonly Annotation[];
  /** Position in the action's parameters by ascending id. */
  readonly index: number;
}

export interface Action {
  readonly id: number;
  readonly name: string;
  readonly alias: string;
  /** Ascending by id. */
  readonly params: readonly Param[];
  readonly paramById: ReadonlyMap<number, Param>;
  readonly annotations: readonly Annotation[];
}

export type ActionScope = "table-and-default" | "table-only" | "default-only" | "group-action";

export interface ActionRef {
  readonly action: Action;
  readonly scope: ActionScope;
  readonly annotations: readonly Annotation[];
}

export interface DirectCounter {
  readonly id: number;
  readonly name: string;
  readonly unit: "bytes" | "packets" | "both";
}

export interface DirectMeter {
  readonly id: number;
  readonly name: string;
  readonly unit: "bytes" | "packets";
  readonly type: "two-rate-three-color" | "single-rate-three-color" | "single-rate-two-color";
}

/**
 * How a controller names the cells of an array. `number`: 0 … size − 1. `port`: a port in the controller's numbering;
 * there is one cell for each port. `text`: the program translates the index to text, which no message can carry.
 * @see P4Runtime §18
 */
export type CellIndex = "number" | "port" | "text";

/** An array of counters that entries do not own. */
export interface IndexedCounter extends DirectCounter {
  /** Cells, 0 … 2^63 − 1. */
  readonly size: bigint;
  readonly index: CellIndex;
}

/** An array of meters that entries do not own. */
export interface IndexedMeter extends DirectMeter {
  /** Cells, 0 … 2^63 − 1. */
  readonly size: bigint;
  readonly index: CellIndex;
}

/** What the size of a group of an action selector is. */
export type SizeSemantics = "sum-of-weights" | "sum-of-members";

export interface ActionProfile {
  readonly id: number;
  readonly name: string;
  readonly withSelector: boolean;
  readonly size: bigint;
  /** 0: only the device limits a group. */
  readonly maxGroupSize: number;
  readonly semantics: SizeSemantics;
  /** Of `sum-of-members`; 0: any weight. */
  readonly maxMemberWeight: number;
  readonly weightsDisallowed: boolean;
}

/** The default action as the program loads it; no action if the P4Info names none. */
export interface InitialDefault {
  readonly action: Action;
  readonly args: ReadonlyMap<number, Uint8Array>;
}

export interface Table {
  readonly id: number;
  readonly name: string;
  readonly alias: string;
  /** Ascending by id. */
  readonly fields: readonly MatchField[];
  readonly fieldById: ReadonlyMap<number, MatchField>;
  readonly actions: readonly ActionRef[];
  readonly actionRefById: ReadonlyMap<number, ActionRef>;
  /** True if a TERNARY, RANGE or OPTIONAL field makes priority part of the key. */
  readonly needsPriority: boolean;
  /** True if the default action cannot be changed. */
  readonly constDefault: boolean;
  readonly initialDefault: InitialDefault | undefined;
  readonly implementation: ActionProfile | undefined;
  readonly counter: DirectCounter | undefined;
  readonly meter: DirectMeter | undefined;
  /** Entries the program asks room for; at least 0. */
  readonly size: number;
  readonly idleTimeout: boolean;
  readonly isConst: boolean;
  /** Named roles that `@p4runtime_role` keeps the table for; none: it is open to every role. */
  readonly roles: ReadonlySet<string>;
  readonly annotations: readonly Annotation[];
}

/**
 * True if annotations let `role` touch an object of the P4Info: one with role annotations is for the roles that it names
 * and for the default role "".
 * @see AMB-61
 */
export function isForRole({ roles }: Pick<P4Object, "roles">, role: string): boolean {
  return role === "" || roles.size === 0 || roles.has(role);
}

/** A `packet_in` or `packet_out` metadata field. */
export interface PacketField {
  readonly id: number;
  readonly name: string;
  readonly format: ValueFormat;
  /** `@padding`: always zero. */
  readonly padding: boolean;
}

/** Fields in header order. */
export interface PacketHeader {
  readonly fields: readonly PacketField[];
  readonly fieldById: ReadonlyMap<number, PacketField>;
}

/** What an id names, for entities other than tables and direct resources. */
export type ObjectKind =
  | "table"
  | "action"
  | "action profile"
  | "counter"
  | "direct counter"
  | "meter"
  | "direct meter"
  | "value set"
  | "register"
  | "digest"
  | "controller header"
  | "extern";

/** What an id of the P4Info names. */
export interface P4Object {
  readonly kind: ObjectKind;
  readonly name: string;
  /** Empty if it has none. */
  readonly alias: string;
  /** Named roles that `@p4runtime_role` keeps it for; none: it is open to every role. */
  readonly roles: ReadonlySet<string>;
}

/** The parts of a replica that an entry can be there for. */
export type ReplicaPart = "port" | "instance";

/** What a reference points at: entries of a table by some of their match fields, or multicast groups. */
export type ReferenceTarget =
  | { readonly kind: "table"; readonly index: number; readonly table: Table; readonly fields: readonly MatchField[] }
  | { readonly kind: "multicast-group"; readonly index: number };

/** One entity that must be there. */
export interface Reference {
  readonly target: ReferenceTarget;
  /** Positions of the match fields or parameters that name it, in the order of the target's fields; one for a group. */
  readonly sources: readonly number[];
}

/** An entry that must be there for each replica of a multicast group. */
export interface ReplicaReference {
  readonly target: ReferenceTarget & { readonly kind: "table" };
  /** In the order of the target's fields. */
  readonly sources: readonly ReplicaPart[];
}

/** Keys and actions that refer to nothing are left out. */
export interface References {
  /** Each at its `index`. */
  readonly targets: readonly ReferenceTarget[];
  /** By table id. */
  readonly ofKey: ReadonlyMap<number, readonly Reference[]>;
  /** By action id. */
  readonly ofAction: ReadonlyMap<number, readonly Reference[]>;
  readonly ofReplica: readonly ReplicaReference[];
  /** References to tables that the P4Info lacks, in words: nothing is asked for them. */
  readonly unchecked: readonly string[];
}

/** Build one with `indexP4Info`. */
export interface Pipeline {
  readonly spec: P4InfoSpec;
  readonly tables: ReadonlyMap<number, Table>;
  readonly actions: ReadonlyMap<number, Action>;
  /** By id, in P4Info order. */
  readonly counters: ReadonlyMap<number, IndexedCounter>;
  /** By id, in P4Info order. */
  readonly meters: ReadonlyMap<number, IndexedMeter>;
  readonly profiles: ReadonlyMap<number, ActionProfile>;
  readonly packetIn: PacketHeader | undefined;
  readonly packetOut: PacketHeader | undefined;
  /** Every id of the P4Info with what it names. */
  readonly objects: ReadonlyMap<number, P4Object>;
  /** Names given by `@p4runtime_role`. */
  readonly roles: ReadonlySet<string>;
  readonly references: References;
}
