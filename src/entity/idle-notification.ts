/** What a controller is told of entries that were idle. @see P4Runtime §16.6 */
import type { TableSchema } from "./schema.js";
import type { Extras } from "./table-entry.js";

/** Entries of one table that were idle for their timeouts; a controller is told of them. At least one. */
export interface IdleNotification {
  readonly schema: TableSchema;
  /** Key records in latin1, with what is written of the entries beside key and action. */
  readonly entries: readonly { readonly key: string; readonly extras: Extras }[];
  /** Since the Unix epoch. */
  readonly timestampNs: bigint;
}
