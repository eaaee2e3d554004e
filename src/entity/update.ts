/** Updates of a Write as the switch pulls them from the decoder. */
import type { CounterData, MeterConfig, TableEntryDraft, UpdateType } from "./table-entry.js";
import type { EntitySchema } from "./schema.js";

/** One update. `entry` is borrowed until the next one is pulled; for direct resources only its key counts. */
export type Update =
  | { readonly kind: "table-entry"; readonly type: UpdateType; readonly entry: TableEntryDraft }
  | { readonly kind: "direct-counter"; readonly entry: TableEntryDraft; readonly data: CounterData | undefined }
  | { readonly kind: "direct-meter"; readonly entry: TableEntryDraft; readonly config: MeterConfig | undefined };

/** The updates of one request, decoded one by one against the pipeline that is in force when they are pulled. */
export interface UpdateDecoder {
  readonly count: number;
  /** Decodes update `index` (0 … count − 1). @throws StatusError: that update's error */
  decode(index: number, schema: EntitySchema): Update;
}
