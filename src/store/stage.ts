/** A batch on its way: versions of generation g + 1 beside what readers see. */
import { invariant } from "../base/invariant.js";
import { alreadyExists, notFound, resourceExhausted } from "../base/status.js";
import type { ChangeRecord } from "../entity/change-record.js";
import { describeKey } from "../entity/describe-key.js";
import type { Extras } from "../entity/table-entry.js";
import { isLive, type Garbage, type TableStore } from "./table-store.js";
import { live, Version } from "./version.js";

const enum Step {
  Insert,
  Modify,
  Delete,
}

export class Stage {
  /** The generation that publishing makes current. */
  readonly generation: number;
  readonly #tables: TableStore[] = [];
  readonly #steps: Step[] = [];
  /** The new version of an insert or modify; the ended one of a delete. */
  readonly #versions: Version[] = [];
  #insertions: number;

  /** @param insertions how many entries have ever been inserted into the store */
  constructor(generation: number, insertions: number) {
    this.generation = generation;
    this.#insertions = insertions;
  }

  /** How many entries have ever been inserted, those of this stage included. */
  get insertions(): number {
    return this.#insertions;
  }

  /** Updates staged so far. */
  get size(): number {
    return this.#steps.length;
  }

  /** Match entries this stage adds, less those it ends. */
  get growth(): number {
    let growth = 0;
    for (const step of this.#steps) growth += step === Step.Insert ? 1 : step === Step.Delete ? -1 : 0;
    return growth;
  }

  /** The entry with `key` as this stage has it, or undefined. */
  find(table: TableStore, key: string): Version | undefined {
    const head = table.heads.get(key);
    return isLive(head) ? head : undefined;
  }

  /**
   * Adds an entry.
   * @throws StatusError ALREADY_EXISTS (WRT-09), RESOURCE_EXHAUSTED if the table is full (TBL-14)
   */
  insert(table: TableStore, key: string, action: string, extras: Extras): Version {
    const head = table.heads.get(key);
    if (isLive(head))
      throw alreadyExists(
        `table '${table.schema.table.alias}' has the entry ${describeKey(table.schema, key)} already`,
      );
    const { capacity } = table.schema;
    if (table.entries >= capacity)
      throw resourceExhausted(`table '${table.schema.table.alias}' is full: ${capacity} entries`, { capacity });
    const version = new Version(key, this.generation, head, action, extras);
    version.born = ++this.#insertions;
    if (version.prev !== undefined) table.shuffled = true;
    table.heads.set(key, version);
    table.entries++;
    return this.#log(table, Step.Insert, version);
  }

  /** Gives an entry a new state; its rule and counter are taken over. @throws StatusError NOT_FOUND (WRT-10) */
  modify(table: TableStore, key: string, action: string, extras: Extras): Version {
    const head = this.require(table, key);
    const version = new Version(key, this.generation, head, action, extras);
    version.born = head.born;
    version.rule = head.rule;
    version.counterBase = head.counterBase;
    head.to = this.generation;
    table.heads.set(key, version);
    return this.#log(table, Step.Modify, version);
  }

  /** Ends an entry. @throws StatusError NOT_FOUND (WRT-11) */
  delete(table: TableStore, key: string): Version {
    const head = this.require(table, key);
    head.to = this.generation;
    table.entries--;
    return this.#log(table, Step.Delete, head);
  }

  /** The entry with `key`. @throws StatusError NOT_FOUND */
  require(table: TableStore, key: string): Version {
    const head = table.heads.get(key);
    if (!isLive(head))
      throw notFound(`table '${table.schema.table.alias}' has no entry ${describeKey(table.schema, key)}`);
    return head;
  }

  /** Takes back the update staged last. */
  undoLast(): void {
    const table = this.#tables.pop();
    const step = this.#steps.pop();
    const version = this.#versions.pop();
    invariant(table !== undefined && step !== undefined && version !== undefined, "an update was staged");
    switch (step) {
      case Step.Delete:
        version.to = live;
        table.entries++;
        return;
      case Step.Insert:
        table.entries--;
        if (version.prev === undefined) table.heads.delete(version.key);
        else table.heads.set(version.key, version.prev);
        return;
      case Step.Modify:
        invariant(version.prev !== undefined, "a modified entry had a state before");
        version.prev.to = live;
        table.heads.set(version.key, version.prev);
    }
  }

  /** Takes back everything. */
  unwind(): void {
    while (this.#steps.length > 0) this.undoLast();
  }

  /** What this stage ends, for the sweep. */
  garbage(): Garbage {
    const garbage: Garbage = { generation: this.generation, tables: [], keys: [] };
    for (let i = 0; i < this.#steps.length; i++) {
      const [table, version] = [this.#tables[i], this.#versions[i]];
      if (this.#steps[i] === Step.Insert || table === undefined || version === undefined) continue;
      garbage.tables.push(table);
      garbage.keys.push(version.key);
    }
    return garbage;
  }

  /** What changed, in order. */
  changes(by: string): ChangeRecord {
    const changes: ChangeRecord = { generation: this.generation, by, inserted: [], modified: [], deleted: [] };
    for (let i = 0; i < this.#steps.length; i++) {
      const [table, version] = [this.#tables[i], this.#versions[i]];
      if (table === undefined || version === undefined) continue;
      const change = { tableId: table.schema.table.id, key: version.key };
      const step = this.#steps[i];
      (step === Step.Insert ? changes.inserted : step === Step.Modify ? changes.modified : changes.deleted).push(
        change,
      );
    }
    return changes;
  }

  #log(table: TableStore, step: Step, version: Version): Version {
    this.#tables.push(table);
    this.#steps.push(step);
    this.#versions.push(version);
    return version;
  }
}
