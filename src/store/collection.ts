/** Entities of one kind in one place, every version that somebody may still read. */
import type { Extras } from "../entity/table-entry.js";
import { live, Version } from "./version.js";

/** What messages say of a collection, and how much it takes. */
export interface CollectionLabel {
  /** Whose entities they are, such as `table 'acl'` or `device`. */
  readonly owner: string;
  /** Most entities it takes; a default entry does not count. */
  readonly capacity: number;
  /** What they are, in plural, such as `entries`. */
  readonly noun: string;
  /** Such as `entry ttl 0x01` or `multicast group 7`. */
  readonly describe: (key: string) => string;
}

/** Keeps account of what the entities of a collection refer to, and are referred to by. What throws has changed nothing. */
export interface Links<E> {
  /** A new entity, which may refer to itself. @throws StatusError NOT_FOUND if a reference dangles */
  insert(version: Version<E>): void;
  /** An entity's new state. @throws StatusError NOT_FOUND if a reference dangles */
  modify(before: Version<E>, version: Version<E>): void;
  /** An entity's end. @throws StatusError FAILED_PRECONDITION if another one refers to it */
  delete(version: Version<E>): void;
  /** Takes back `insert`. */
  forget(version: Version<E>): void;
  /** Takes back `modify`. */
  revert(before: Version<E>, version: Version<E>): void;
  /** Takes back `delete`. */
  restore(version: Version<E>): void;
}

/** Derived from the live versions of a collection, staged ones included: told of each that comes to be one or ceases to. */
export interface CollectionIndex<E> {
  enter(version: Version<E>): void;
  leave(version: Version<E>): void;
  /** `version` takes the place of `before`, which has the same key. */
  replace(before: Version<E>, version: Version<E>): void;
}

/** `E`: what an entity holds beside its key and action. */
export class Collection<E = Extras> {
  readonly label: CollectionLabel;
  /** The newest version of each key. */
  readonly heads = new Map<string, Version<E>>();
  /** Entities alive in the newest state, staged changes included. */
  entries = 0;
  /** True if an entity has taken the place of a dead one: `heads` need not be in the order of insertion any more. */
  shuffled = false;
  /** Undefined: its entities neither refer to others nor are referred to. */
  links: Links<E> | undefined;
  /** Set before the first entity comes. */
  index: CollectionIndex<E> | undefined = undefined;

  constructor(label: CollectionLabel) {
    this.label = label;
  }

  /** The entities of `generation` in the order of their insertion, a default entry first. */
  *byAge(generation: number): Generator<Version<E>> {
    if (this.shuffled) {
      const entities: Version<E>[] = [];
      for (const head of this.heads.values()) {
        const version = Version.visible(head, generation);
        if (version !== undefined) entities.push(version);
      }
      yield* entities.sort((a, b) => a.born - b.born);
      return;
    }
    for (const head of this.heads.values()) {
      const version = Version.visible(head, generation);
      if (version !== undefined) yield version;
    }
  }
}

/** What a commit made and ended, for the sweep: the place and the version of each change. */
export interface Garbage {
  readonly generation: number;
  readonly collections: readonly Collection<unknown>[];
  readonly versions: readonly Version<unknown>[];
}

/** True if `version` is there for updates. */
export function isLive<E>(version: Version<E> | undefined): version is Version<E> {
  return version?.to === live;
}
