/** A store of two small tables, and what a reader of it sees. */
import { defined } from "../../../src/base/invariant.js";
import { EntityStore, type Snapshot } from "../../../src/store/entity-store.js";
import type { TableStore } from "../../../src/store/table-store.js";
import { Version } from "../../../src/store/version.js";
import { p4info, schemaOf, tableId } from "../../support/programs.js";

export const initialDefault = "\u0001\u0000\u0000\u0001";

/** Two tables of `size` entries each. */
export function smallStore(size: number): EntityStore {
  const fields = [["x", "exact", 16]] as const;
  const schema = schemaOf(p4info([1, 2].map((at) => ({ at, name: `table${at}`, fields, size }))));
  return new EntityStore(schema, new Map([...schema.tables.keys()].map((id) => [id, initialDefault])));
}

export function tableOf(store: EntityStore, at: number): TableStore {
  return defined(store.tables.get(tableId(at)), "a table of the store");
}

/** Key and action of every entry that a reader of `generation` sees, default entries included, by table. */
export function seen(store: EntityStore, { generation }: Pick<Snapshot, "generation">): readonly (readonly string[])[] {
  return [...store.tables.values()].map((table) =>
    [...table.heads.values()]
      .map((head) => Version.visible(head, generation))
      .filter((version) => version !== undefined)
      .map(({ key, action }) => `${key}=${action}`)
      .sort(),
  );
}

/** Versions that can be reached, visible or not. */
export function versionCount(store: EntityStore): number {
  let count = 0;
  for (const table of store.tables.values())
    for (const head of table.heads.values())
      for (let version: Version | undefined = head; version !== undefined; version = version.prev) count++;
  return count;
}
