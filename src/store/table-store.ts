/** The entries of one table, every version that somebody may still read. */
import type { TableSchema } from "../entity/schema.js";
import { noExtras } from "../entity/table-entry.js";
import { live, Version } from "./version.js";

/** Key of the default entry; every other key has at least a head. */
export const defaultKey = "";

/** The entries of one table, every version that somebody may still read. */
export class TableStore {
  readonly schema: TableSchema;
  /** The newest version of each key, the default entry among them. */
  readonly heads = new Map<string, Version>();
  /** Match entries alive in the newest state, staged changes included. */
  entries = 0;

  constructor(schema: TableSchema, initialDefault: string) {
    this.schema = schema;
    this.heads.set(defaultKey, new Version(defaultKey, 0, undefined, initialDefault, noExtras));
  }
}

/** Keys with versions that a commit ended, for the sweep. */
export interface Garbage {
  readonly generation: number;
  readonly tables: TableStore[];
  readonly keys: string[];
}

/** True if `version` is there for updates. */
export function isLive(version: Version | undefined): version is Version {
  return version?.to === live;
}
