/** Where a Read puts what it finds. */
import type { ActionGroup } from "./action-profile.js";
import type { CloneSession, MulticastGroup } from "./replication.js";
import type { ProfileSchema, TableSchema } from "./schema.js";
import type { CounterData, Extras, MeterConfig, MeterCounterData } from "./table-entry.js";
import type { UpdateDecoder } from "./update.js";

/** One entry as stored, with what was asked for beside it. Borrowed for the call. */
export interface StoredEntry {
  /** Key record in latin1. */
  readonly key: string;
  /** Action record in latin1; "" = none. */
  readonly action: string;
  readonly extras: Extras;
  readonly isDefault: boolean;
  readonly isConst: boolean;
  readonly wantMeter: boolean;
  /** Undefined: not asked for, or the table has none. */
  readonly counter: CounterData | undefined;
  /** Undefined: not asked for, or the table has no meter. */
  readonly meterCounter: MeterCounterData | undefined;
  /** Time since the last hit; undefined: not asked for, or the entry does not age. */
  readonly elapsedNs: bigint | undefined;
}

/** What a cell of a meter holds, with what was asked for beside it. */
export interface StoredMeterCell {
  /** Undefined: the default. */
  readonly config: MeterConfig | undefined;
  /** Undefined: not asked for. */
  readonly meterCounter: MeterCounterData | undefined;
}

export interface EntitySink {
  tableEntry(schema: TableSchema, entry: StoredEntry): void;
  directCounter(schema: TableSchema, entry: StoredEntry, counter: CounterData): void;
  directMeter(schema: TableSchema, entry: StoredEntry): void;
  multicastGroup(id: number, group: MulticastGroup): void;
  /** `action`: its record in latin1. */
  actionMember(profile: ProfileSchema, id: number, action: string): void;
  actionGroup(profile: ProfileSchema, id: number, group: ActionGroup): void;
  cloneSession(id: number, session: CloneSession): void;
  /** `index` undefined: all cells of the array. */
  counterCell(id: number, index: bigint | undefined, data: CounterData): void;
  meterCell(id: number, index: bigint | undefined, cell: StoredMeterCell): void;
}

/** A sink that tells when it wants to be emptied, and waits until there is room. */
export interface FlowingSink extends EntitySink {
  readonly full: boolean;
  /** Hands on what has been collected. */
  flush(): Promise<void>;
}

/** Opens a sink that hands on what it is told as updates that would make it, in order. */
export type OpenReplay = (apply: (updates: UpdateDecoder) => Promise<void>) => FlowingSink;
