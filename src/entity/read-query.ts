/** What one element of a ReadRequest asks for. */
import type { IndexedCounter, IndexedMeter } from "../pipeline/pipeline.js";
import type { EntitySchema, ProfileSchema, TableSchema } from "./schema.js";

/** Fields to be filled beside the entry itself (RDT-18). */
export interface Wanted {
  readonly counter: boolean;
  readonly meter: boolean;
  readonly meterCounter: boolean;
  /** Of tables that have idle timeouts (AMB-58). */
  readonly timeSinceLastHit: boolean;
}

/** Filters are combined (RDT-15); undefined: not filtered. */
export interface TableEntryQuery {
  readonly kind: "table-entry";
  /** The tables to look in, in P4Info order. */
  readonly tables: readonly TableSchema[];
  /** The default entries, and nothing else (RDT-13, AMB-29). */
  readonly defaults: boolean;
  /** Exactly this key record, in latin1. */
  readonly key: string | undefined;
  /** This key record whatever its priority: the record without its head, in latin1 (AMB-62). */
  readonly match: string | undefined;
  readonly priority: number | undefined;
  readonly actionId: number | undefined;
  readonly metadata: Uint8Array | undefined;
  readonly controllerMetadata: bigint | undefined;
  readonly wanted: Wanted;
}

/** Direct counters or meters; with a `key`, one that must exist (CTR-09, MTR-10). */
export interface DirectQuery {
  readonly kind: "direct-counter" | "direct-meter";
  /** True if counters per meter colour are asked for. */
  readonly meterCounter: boolean;
  readonly tables: readonly TableSchema[];
  readonly defaults: boolean;
  readonly key: string | undefined;
  readonly match: string | undefined;
  readonly priority: number | undefined;
}

/** Multicast groups, clone sessions or both (AMB-31). @see P4Runtime §9.5 */
export interface ReplicationQuery {
  readonly kind: "replication";
  readonly groups: boolean;
  readonly sessions: boolean;
  /** 0: all of them. */
  readonly id: number;
}

/** Members or groups of action profiles. @see P4Runtime §9.2 */
export interface ProfileQuery {
  readonly kind: "action-members" | "action-groups";
  readonly profiles: readonly ProfileSchema[];
  /** 0: all of them. */
  readonly id: number;
}

/** Cells of counters (CTR-19 … CTR-21). */
export interface CounterCellQuery {
  readonly kind: "counter-cell";
  /** In P4Info order. */
  readonly arrays: readonly IndexedCounter[];
  /** Undefined: all cells. */
  readonly index: bigint | undefined;
}

/** Cells of meters (MTR-19). */
export interface MeterCellQuery {
  readonly kind: "meter-cell";
  /** In P4Info order. */
  readonly arrays: readonly IndexedMeter[];
  /** True if counters per meter colour are asked for. */
  readonly meterCounter: boolean;
  /** Undefined: all cells. */
  readonly index: bigint | undefined;
}

export type ReadQuery =
  TableEntryQuery | DirectQuery | ReplicationQuery | ProfileQuery | CounterCellQuery | MeterCellQuery;

/** The elements of one ReadRequest, decoded against the pipeline in force. */
export interface QueryDecoder {
  readonly count: number;
  /** @throws StatusError: that element's error */
  decode(index: number, schema: EntitySchema): ReadQuery;
}
