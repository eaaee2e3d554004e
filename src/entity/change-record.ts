/** What one commit changed: for journals and watchers. */

export interface EntityChange {
  readonly tableId: number;
  /** Key record in latin1; "" = the default entry. */
  readonly key: string;
}

export interface ChangeRecord {
  /** The generation the commit made current. */
  readonly generation: number;
  /** Principal of the caller. */
  readonly by: string;
  readonly inserted: EntityChange[];
  readonly modified: EntityChange[];
  readonly deleted: EntityChange[];
}
