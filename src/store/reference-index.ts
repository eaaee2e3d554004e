/** Who refers to what in one store: kept up with every staged change, so that a dangling reference can never be. */
import { refusal } from "../base/situation.js";
import { defined } from "../base/invariant.js";
import { describeTuple } from "../entity/reference-tuple.js";
import type { EntitySchema } from "../entity/schema.js";
import type { ReferenceTarget } from "../pipeline/pipeline.js";
import type { CollectionLabel, Links } from "./collection.js";
import type { Version } from "./version.js";

/** One thing that is referred to. */
export interface NamedTuple {
  readonly target: ReferenceTarget;
  /** @see `entity/reference-tuple.ts` */
  readonly tuple: string;
}

/** What the entities of one collection have to do with references. `E` as for `Collection`. */
export interface LinkRules<E> {
  /** By what references mean them: one tuple per target of theirs. */
  readonly tuplesOf: (key: string) => readonly NamedTuple[];
  /** What they refer to. */
  readonly references: (version: Version<E>) => readonly NamedTuple[];
}

/** Entities that have a tuple, and those that refer to it. */
class Meeting {
  providers = 0;
  readonly referrers = new Map<Version<unknown>, CollectionLabel>();
}

/** A reference to what is not there. */
export interface Dangling {
  readonly version: Version<unknown>;
  readonly message: string;
}

/** One store's references. A change costs what it changes. */
export class ReferenceIndex {
  /** True while entities are loaded in any order: `dangling` tells afterwards what is amiss. */
  deferred = false;
  readonly #schema: EntitySchema;
  /** By index of the target, then by tuple. */
  readonly #meetings: readonly Map<string, Meeting>[];

  constructor(schema: EntitySchema) {
    this.#schema = schema;
    this.#meetings = schema.pipeline.references.targets.map(() => new Map<string, Meeting>());
  }

  /** Counts one more or one less entity that has `named`. */
  provide(named: NamedTuple, change: 1 | -1): void {
    const meeting = this.#meet(named);
    meeting.providers += change;
    this.#sweep(named, meeting);
  }

  refer(named: NamedTuple, version: Version<unknown>, label: CollectionLabel): void {
    this.#meet(named).referrers.set(version, label);
  }

  unrefer(named: NamedTuple, version: Version<unknown>): void {
    const meeting = this.#meet(named);
    meeting.referrers.delete(version);
    this.#sweep(named, meeting);
  }

  /** @throws StatusError NOT_FOUND if nothing has `named` */
  require(named: NamedTuple, { key }: Version<unknown>, label: CollectionLabel): void {
    if (this.deferred || this.#find(named) !== undefined) return;
    throw refusal("dangling-reference", this.#lacking(named, key, label), { missing: this.#nameOf(named.target) });
  }

  /** @throws StatusError FAILED_PRECONDITION if the one entity that has `named` is referred to */
  release(named: NamedTuple, key: string, label: CollectionLabel): void {
    const meeting = this.#find(named);
    if (meeting === undefined || meeting.providers > 1) return;
    for (const [referrer, of] of meeting.referrers) {
      const count = meeting.referrers.size;
      throw refusal(
        "referenced",
        `${label.owner}: the ${label.describe(key)} is in use: ${count} ${count === 1 ? "entity refers" : "entities refer"} to it, such as the ${of.describe(referrer.key)} of ${of.owner}`,
        { referrers: count },
      );
    }
  }

  /** Every reference to what is not there, in no order. Costs what is referred to. */
  *dangling(): Generator<Dangling | undefined> {
    for (const [i, meetings] of this.#meetings.entries()) {
      const target = defined(this.#schema.pipeline.references.targets[i], "one map per target");
      for (const [tuple, { providers, referrers }] of meetings) {
        if (providers > 0) yield undefined;
        else
          for (const [version, label] of referrers)
            yield { version, message: this.#lacking({ target, tuple }, version.key, label) };
      }
    }
  }

  #lacking({ target, tuple }: NamedTuple, key: string, label: CollectionLabel): string {
    const what = `${label.owner}: the ${label.describe(key)} refers to`;
    if (target.kind === "multicast-group") return `${what} multicast group ${tuple}, which is not there`;
    const layout = defined(this.#schema.tables.get(target.table.id), "targets are tables of the program").key;
    return `${what} table '${target.table.alias}', which has no entry with ${describeTuple(layout, target, tuple)}`;
  }

  #nameOf(target: ReferenceTarget): string {
    return target.kind === "table" ? target.table.name : "multicast group";
  }

  #of({ target }: NamedTuple): Map<string, Meeting> {
    return defined(this.#meetings[target.index], "targets are those of the program");
  }

  /** The meeting at `named` if an entity has it. */
  #find(named: NamedTuple): Meeting | undefined {
    const meeting = this.#of(named).get(named.tuple);
    return meeting !== undefined && meeting.providers > 0 ? meeting : undefined;
  }

  #meet(named: NamedTuple): Meeting {
    const meetings = this.#of(named);
    const meeting = meetings.get(named.tuple) ?? new Meeting();
    meetings.set(named.tuple, meeting);
    return meeting;
  }

  #sweep(named: NamedTuple, { providers, referrers }: Meeting): void {
    if (providers === 0 && referrers.size === 0) this.#of(named).delete(named.tuple);
  }
}

/** Keeps the index up with one collection. What throws has changed nothing. */
export class CollectionLinks<E> implements Links<E> {
  readonly #index: ReferenceIndex;
  readonly #rules: LinkRules<E>;
  readonly #label: CollectionLabel;

  constructor(index: ReferenceIndex, rules: LinkRules<E>, label: CollectionLabel) {
    this.#index = index;
    this.#rules = rules;
    this.#label = label;
  }

  insert(version: Version<E>): void {
    const own = this.#rules.tuplesOf(version.key);
    for (const named of own) this.#index.provide(named, 1);
    try {
      this.#refer(version);
    } catch (error) {
      for (const named of own) this.#index.provide(named, -1);
      throw error;
    }
  }

  modify(before: Version<E>, version: Version<E>): void {
    this.#refer(version);
    this.#unrefer(before);
  }

  delete(version: Version<E>): void {
    this.#unrefer(version);
    const own = this.#rules.tuplesOf(version.key);
    try {
      for (const named of own) this.#index.release(named, version.key, this.#label);
    } catch (error) {
      this.#rerefer(version);
      throw error;
    }
    for (const named of own) this.#index.provide(named, -1);
  }

  forget(version: Version<E>): void {
    this.#unrefer(version);
    for (const named of this.#rules.tuplesOf(version.key)) this.#index.provide(named, -1);
  }

  revert(before: Version<E>, version: Version<E>): void {
    this.#unrefer(version);
    this.#rerefer(before);
  }

  restore(version: Version<E>): void {
    for (const named of this.#rules.tuplesOf(version.key)) this.#index.provide(named, 1);
    this.#rerefer(version);
  }

  #refer(version: Version<E>): void {
    const references = this.#rules.references(version);
    for (const named of references) this.#index.require(named, version, this.#label);
    for (const named of references) this.#index.refer(named, version, this.#label);
  }

  /** What was there and is so again. */
  #rerefer(version: Version<E>): void {
    for (const named of this.#rules.references(version)) this.#index.refer(named, version, this.#label);
  }

  #unrefer(version: Version<E>): void {
    for (const named of this.#rules.references(version)) this.#index.unrefer(named, version);
  }
}
