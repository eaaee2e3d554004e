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
  /** True if an entry has taken the place of a dead one: `heads` need not be in the order of insertion any more. */
  shuffled = false;

  constructor(schema: TableSchema, initialDefault: string) {
    this.schema = schema;
    this.heads.set(defaultKey, new Version(defaultKey, 0, undefined, initialDefault, noExtras));
  }

  /** The entries of `generation` in the order of their insertion, the default entry first. */
  *byAge(generation: number): Generator<Version> {
    if (this.shuffled) {
      const entries: Version[] = [];
      for (const head of this.heads.values()) {
        const version = Version.visible(head, generation);
        if (version !== undefined) entries.push(version);
      }
      yield* entries.sort((a, b) => a.born - b.born);
      return;
    }
    for (const head of this.heads.values()) {
      const version = Version.visible(head, generation);
      if (version !== undefined) yield version;
    }
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
