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
  /** Action records without parameters are shared. */
  readonly #actions = new Map<string, string>();

  constructor(schema: TableSchema, initialDefault: string) {
    this.schema = schema;
    this.heads.set(defaultKey, new Version(defaultKey, 0, undefined, initialDefault, noExtras));
  }

  /** `record`, the same string for equal short records. */
  intern(record: string): string {
    if (record.length > 4) return record;
    const known = this.#actions.get(record);
    if (known !== undefined) return known;
    this.#actions.set(record, record);
    return record;
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
