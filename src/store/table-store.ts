/** The entries of one table. */
import { describeKey } from "../entity/describe-key.js";
import type { TableSchema } from "../entity/schema.js";
import { noExtras } from "../entity/table-entry.js";
import { Collection } from "./collection.js";
import { Version } from "./version.js";

/** Key of the default entry; every other key has at least a head. */
export const defaultKey = "";

/** The entries of one table; `heads` has the default entry among them, `entries` counts only the others. */
export class TableStore extends Collection {
  readonly schema: TableSchema;

  constructor(schema: TableSchema, initialDefault: string) {
    const describe = (key: string) => (key === defaultKey ? "default entry" : `entry ${describeKey(schema, key)}`);
    super({ owner: `table '${schema.table.alias}'`, capacity: schema.capacity, noun: "entries", describe });
    this.schema = schema;
    this.heads.set(defaultKey, new Version(defaultKey, 0, undefined, initialDefault, noExtras));
  }
}
