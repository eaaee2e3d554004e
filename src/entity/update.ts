/** Updates of a Write as the switch pulls them from the decoder. */
import type { IndexedCounter, IndexedMeter } from "../pipeline/pipeline.js";
import type { ActionGroup } from "./action-profile.js";
import type { CloneSession, MulticastGroup } from "./replication.js";
import type { CounterData, MeterConfig, TableEntryDraft, UpdateType } from "./table-entry.js";
import type { EntitySchema, ProfileSchema } from "./schema.js";

/** An update of a table entry or of its direct resources, of which only the key counts. `entry` is borrowed until the next one is pulled. */
export type TableUpdate =
  | { readonly kind: "table-entry"; readonly type: UpdateType; readonly entry: TableEntryDraft }
  | { readonly kind: "direct-counter"; readonly entry: TableEntryDraft; readonly data: CounterData | undefined }
  /** `entry.clearsMeterCounters` counts too. */
  | { readonly kind: "direct-meter"; readonly entry: TableEntryDraft; readonly config: MeterConfig | undefined };

/** Of a DELETE only the id counts (MCG-15, CLN-12). Ids are those of the controller, at least 1. */
export type ReplicationUpdate =
  | { readonly kind: "multicast-group"; readonly type: UpdateType; readonly id: number; readonly group: MulticastGroup }
  | { readonly kind: "clone-session"; readonly type: UpdateType; readonly id: number; readonly session: CloneSession };

/** A MODIFY of one cell, or of all if `index` is undefined. `config` undefined: the default; `data` undefined: no change. */
export type CellUpdate =
  | {
      readonly kind: "counter-cell";
      readonly array: IndexedCounter;
      readonly index: bigint | undefined;
      readonly data: CounterData | undefined;
    }
  | {
      readonly kind: "meter-cell";
      readonly array: IndexedMeter;
      readonly index: bigint | undefined;
      readonly config: MeterConfig | undefined;
    };

/** Of a DELETE only the ids count (APM-13, APG-24). Ids are at least 1. `action` is a record in latin1. */
export type ProfileUpdate = { readonly type: UpdateType; readonly profile: ProfileSchema; readonly id: number } & (
  | { readonly kind: "action-member"; readonly action: string }
  | { readonly kind: "action-group"; readonly group: ActionGroup }
);

/** One update of a Write. */
export type Update = TableUpdate | ReplicationUpdate | ProfileUpdate | CellUpdate;

/** The updates of one request, decoded one by one against the pipeline that is in force when they are pulled. */
export interface UpdateDecoder {
  readonly count: number;
  /** Decodes update `index` (0 … count − 1). @throws StatusError: that update's error */
  decode(index: number, schema: EntitySchema): Update;
}
