/** A batch on its way: versions of generation g + 1 beside what readers see. */
import { refusal } from "../base/situation.js";
import { invariant } from "../base/invariant.js";
import type { Steps } from "../base/steps.js";
import type { ChangeRecord } from "../entity/change-record.js";
import { isLive, type Collection, type Garbage } from "./collection.js";
import { TableStore } from "./table-store.js";
import { live, Version } from "./version.js";

const enum Step {
  Insert,
  Modify,
  Delete,
  Touch,
}

export class Stage {
  /** The generation that publishing makes current. */
  readonly generation: number;
  readonly #collections: Collection<unknown>[] = [];
  readonly #steps: Step[] = [];
  /** The new version of an insert or modify; the ended one of a delete. */
  readonly #versions: Version<unknown>[] = [];
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

  /** The version made or ended by the update staged last. */
  get newest(): Version<unknown> | undefined {
    return this.#versions.at(-1);
  }

  /** Match entries this stage adds, less those it ends. */
  get growth(): number {
    let growth = 0;
    for (let i = 0; i < this.#steps.length; i++) {
      const step = this.#steps[i];
      if (step !== Step.Insert && step !== Step.Delete) continue;
      if (this.#collections[i] instanceof TableStore) growth += step === Step.Insert ? 1 : -1;
    }
    return growth;
  }

  /** The entity with `key` as this stage has it, or undefined. */
  find<E>(collection: Collection<E>, key: string): Version<E> | undefined {
    const head = collection.heads.get(key);
    return isLive(head) ? head : undefined;
  }

  /**
   * Adds an entity.
   * @throws StatusError ALREADY_EXISTS (WRT-09), RESOURCE_EXHAUSTED if the collection is full (TBL-14), NOT_FOUND if it
   *   refers to what is not there
   */
  insert<E>(collection: Collection<E>, key: string, action: string, extras: E): Version<E> {
    const head = collection.heads.get(key);
    const { label } = collection;
    if (isLive(head)) throw refusal("exists", `${label.owner} has the ${label.describe(key)} already`);
    if (collection.entries >= label.capacity)
      throw refusal("full", `${label.owner} is full: ${label.capacity} ${label.noun}`, { capacity: label.capacity });
    const version = new Version(key, this.generation, head, action, extras);
    collection.links?.insert(version);
    version.born = ++this.#insertions;
    if (version.prev !== undefined) collection.shuffled = true;
    collection.heads.set(key, version);
    collection.entries++;
    collection.index?.enter(version);
    return this.#log(collection, Step.Insert, version);
  }

  /**
   * Gives an entity a new state; its rule and counter are taken over.
   * @throws StatusError NOT_FOUND (WRT-10), also if it refers to what is not there
   */
  modify<E>(collection: Collection<E>, key: string, action: string, extras: E): Version<E> {
    const version = this.#succeed(collection, this.require(collection, key), action, extras);
    return this.#log(collection, Step.Modify, version);
  }

  /** Gives an entity whose own state stays another version, for its rule becomes another one: not a change of it. */
  touch<E>(collection: Collection<E>, head: Version<E>): Version<E> {
    invariant(isLive(head), "only live entities are touched");
    return this.#log(collection, Step.Touch, this.#succeed(collection, head, head.action, head.extras));
  }

  /** Ends an entity. @throws StatusError NOT_FOUND (WRT-11), FAILED_PRECONDITION if others refer to it (AMB-52) */
  delete<E>(collection: Collection<E>, key: string): Version<E> {
    const head = this.require(collection, key);
    collection.links?.delete(head);
    head.to = this.generation;
    collection.entries--;
    collection.index?.leave(head);
    return this.#log(collection, Step.Delete, head);
  }

  /** The entity with `key`. @throws StatusError NOT_FOUND */
  require<E>(collection: Collection<E>, key: string): Version<E> {
    const head = collection.heads.get(key);
    if (!isLive(head)) throw refusal("not-found", `${collection.label.owner} has no ${collection.label.describe(key)}`);
    return head;
  }

  /** Takes back the update staged last. */
  undoLast(): void {
    const collection = this.#collections.pop();
    const step = this.#steps.pop();
    const version = this.#versions.pop();
    invariant(collection !== undefined && step !== undefined && version !== undefined, "an update was staged");
    switch (step) {
      case Step.Delete:
        version.to = live;
        collection.entries++;
        collection.links?.restore(version);
        collection.index?.enter(version);
        return;
      case Step.Insert:
        collection.entries--;
        collection.index?.leave(version);
        if (version.prev === undefined) collection.heads.delete(version.key);
        else collection.heads.set(version.key, version.prev);
        collection.links?.forget(version);
        return;
      case Step.Modify:
      case Step.Touch:
        invariant(version.prev !== undefined, "a modified entry had a state before");
        version.prev.to = live;
        collection.heads.set(version.key, version.prev);
        collection.links?.revert(version.prev, version);
        collection.index?.replace(version, version.prev);
    }
  }

  /** Takes back everything that was staged since there were `size` updates. */
  *unwindSteps(size = 0): Steps<void> {
    while (this.#steps.length > size) {
      this.undoLast();
      yield;
    }
  }

  /** What this stage has changed, for the sweep; undefined if it ended nothing. @precondition it changes no more */
  garbage(): Garbage | undefined {
    if (this.#steps.every((step) => step === Step.Insert)) return undefined;
    return { generation: this.generation, collections: this.#collections, versions: this.#versions };
  }

  /** What changed of table entries, in order. */
  changes(by: string): ChangeRecord {
    const changes: ChangeRecord = { generation: this.generation, by, inserted: [], modified: [], deleted: [] };
    for (let i = 0; i < this.#steps.length; i++) {
      const [table, version] = [this.#collections[i], this.#versions[i]];
      if (!(table instanceof TableStore) || version === undefined) continue;
      const step = this.#steps[i];
      if (step === Step.Touch) continue;
      const change = { tableId: table.schema.table.id, key: version.key };
      (step === Step.Insert ? changes.inserted : step === Step.Modify ? changes.modified : changes.deleted).push(
        change,
      );
    }
    return changes;
  }

  /** The version that takes the place of `head`. */
  #succeed<E>(collection: Collection<E>, head: Version<E>, action: string, extras: E): Version<E> {
    const version = new Version(head.key, this.generation, head, action, extras);
    version.born = head.born;
    version.rule = head.rule;
    version.counterBase = head.counterBase;
    collection.links?.modify(head, version);
    head.to = this.generation;
    collection.heads.set(head.key, version);
    collection.index?.replace(head, version);
    return version;
  }

  #log<E>(collection: Collection<E>, step: Step, version: Version<E>): Version<E> {
    this.#collections.push(collection);
    this.#steps.push(step);
    this.#versions.push(version);
    return version;
  }
}
