/** Entity store: batches staged over immutable snapshots. Staging costs what changes, never what is there. */
import { defined, invariant } from "../base/invariant.js";
import { Slices } from "../base/slices.js";
import type { Steps } from "../base/steps.js";
import type { EntitySchema } from "../entity/schema.js";
import { sameCounter, zeroCounter } from "../entity/cell.js";
import { sameMeterConfig } from "../entity/meter-config.js";
import { maxCloneSessions, maxMulticastGroups, type CloneSession, type MulticastGroup } from "../entity/replication.js";
import type { CounterData, MeterConfig } from "../entity/table-entry.js";
import { CellArrays } from "./cell-arrays.js";
import { Stage } from "./stage.js";
import { Collection, isLive, type Garbage } from "./collection.js";
import { actionReferences, memberLinks, multicastLinks, tableLinks } from "./entity-references.js";
import { CollectionLinks, ReferenceIndex } from "./reference-index.js";
import { ProfileStore } from "./profile-store.js";
import { TableStore } from "./table-store.js";
import type { Version } from "./version.js";

/** A state that readers hold on to. */
export interface Snapshot extends Disposable {
  readonly generation: number;
}

/** State of one pipeline. `initialDefaults` gives the action record of each table's default entry. */
export class EntityStore {
  readonly schema: EntitySchema;
  readonly tables: ReadonlyMap<number, TableStore>;
  /** By the id of the action profile. */
  readonly profiles: ReadonlyMap<number, ProfileStore>;
  /** By id in decimal. */
  readonly multicastGroups: Collection<MulticastGroup>;
  /** By id in decimal. */
  readonly cloneSessions: Collection<CloneSession>;
  readonly counters: CellArrays<CounterData>;
  /** Undefined: a cell at its default. */
  readonly meters: CellArrays<MeterConfig | undefined>;
  /** Who refers to what; undefined: the program has no references. */
  readonly references: ReferenceIndex | undefined;
  #generation = 0;
  #entryCount = 0;
  #insertions = 0;
  #stage: Stage | undefined;
  /** Readers per generation, in ascending order. */
  readonly #readers = new Map<number, number>();
  /** In ascending order of generations. */
  readonly #garbage: Garbage[] = [];
  /** Versions of the first garbage that are looked at. */
  #swept = 0;
  #sweeping = false;

  constructor(schema: EntitySchema, initialDefaults: ReadonlyMap<number, string>) {
    this.schema = schema;
    const stores = new Map<number, TableStore>();
    for (const [id, table] of schema.tables) stores.set(id, new TableStore(table, initialDefaults.get(id) ?? ""));
    this.tables = stores;
    const profiles = new Map<number, ProfileStore>();
    for (const [id, profile] of schema.profiles) {
      const tables = profile.tables.map(({ table }) => defined(stores.get(table.id), "every table has a store"));
      profiles.set(id, new ProfileStore(profile, tables));
    }
    this.profiles = profiles;
    this.multicastGroups = byNumber("the device", "multicast group", maxMulticastGroups);
    this.cloneSessions = byNumber("the device", "clone session", maxCloneSessions);
    const { counters, meters } = schema.pipeline;
    this.counters = new CellArrays(counters, { noun: "counter", initial: zeroCounter, same: sameCounter });
    this.meters = new CellArrays<MeterConfig | undefined>(meters, {
      noun: "meter",
      initial: undefined,
      same: sameMeterConfig,
    });
    this.references = this.#linked(initialDefaults);
  }

  /** Lets the collections that have to do with references keep an index of them. */
  #linked(initialDefaults: ReadonlyMap<number, string>): ReferenceIndex | undefined {
    const { schema } = this;
    if (schema.pipeline.references.targets.length === 0) return undefined;
    const index = new ReferenceIndex(schema);
    const ofAction = actionReferences(schema);
    for (const [id, table] of this.tables) {
      const rules = tableLinks(table.schema, schema, ofAction, initialDefaults.get(id) ?? "");
      if (rules !== undefined) table.links = new CollectionLinks(index, rules, table.label);
    }
    if (ofAction !== undefined)
      for (const { members } of this.profiles.values())
        members.links = new CollectionLinks(index, memberLinks(ofAction), members.label);
    const ofGroups = multicastLinks(schema);
    if (ofGroups !== undefined)
      this.multicastGroups.links = new CollectionLinks(index, ofGroups, this.multicastGroups.label);
    return index;
  }

  /** The published generation. */
  get generation(): number {
    return this.#generation;
  }

  /** Match entries in the published state. */
  get entryCount(): number {
    return this.#entryCount;
  }

  /** Opens a batch over the published state. @precondition no other one is open */
  begin(): Stage {
    invariant(this.#stage === undefined, "one stage at a time");
    this.#stage = new Stage(this.#generation + 1, this.#insertions);
    return this.#stage;
  }

  /** Makes `stage` the published state at one instant. */
  publish(stage: Stage): void {
    invariant(this.#stage === stage, "the open stage is published");
    this.#stage = undefined;
    this.#generation = stage.generation;
    this.#entryCount += stage.growth;
    this.#insertions = stage.insertions;
    const garbage = stage.garbage();
    if (garbage !== undefined) this.#garbage.push(garbage);
    this.#sweep();
  }

  /** Forgets `stage`; nothing of it is left. Readers see none of the steps; the next stage is opened after the last. */
  *abandonSteps(stage: Stage): Steps<void> {
    invariant(this.#stage === stage, "the open stage is abandoned");
    yield* stage.unwindSteps();
    this.#stage = undefined;
  }

  /** Holds on to the published state until disposed. */
  snapshot(): Snapshot {
    const generation = this.#generation;
    this.#readers.set(generation, (this.#readers.get(generation) ?? 0) + 1);
    let held = true;
    return {
      generation,
      [Symbol.dispose]: () => {
        if (held) this.#release(generation);
        held = false;
      },
    };
  }

  /** The newest version of a key in the published or staged state, dead or alive. */
  head(tableId: number, key: string): Version | undefined {
    return this.tables.get(tableId)?.heads.get(key);
  }

  #release(generation: number): void {
    const readers = this.#readers.get(generation) ?? 0;
    if (readers > 1) this.#readers.set(generation, readers - 1);
    else this.#readers.delete(generation);
    this.#sweep();
  }

  /** Unlinks the versions that no reader can see any more: at once, or in slices where they are many. */
  #sweep(): void {
    if (this.#sweeping || this.#garbage.length === 0) return;
    this.#sweeping = true;
    void new Slices().run(this.#sweepSteps());
  }

  /** Stages and readers may come and go between the steps. */
  *#sweepSteps(): Steps<void> {
    let looked = 0;
    let oldest = this.#oldest();
    for (let first = this.#garbage[0]; first !== undefined && first.generation <= oldest; first = this.#garbage[0]) {
      const { collections, versions } = first;
      for (; this.#swept < versions.length; this.#swept++) {
        sweep(collections[this.#swept], versions[this.#swept], oldest);
        if (++looked % sweepStride !== 0) continue;
        yield;
        oldest = this.#oldest();
      }
      this.#swept = 0;
      this.#garbage.shift();
    }
    this.#sweeping = false;
  }

  /** The oldest generation that is read. */
  #oldest(): number {
    return Math.min(this.#generation, ...this.#readers.keys());
  }
}

/** Versions looked at between two looks at the clock: a tenth of a millisecond. */
const sweepStride = 512;

/** Entities that a number names; the key is its decimal text. */
function byNumber<E>(owner: string, noun: string, capacity: number): Collection<E> {
  return new Collection<E>({ owner, capacity, noun: `${noun}s`, describe: (key) => `${noun} ${key}` });
}

/** Unlinks what is older than `oldest` where `made` is or was. */
function sweep(collection: Collection<unknown> | undefined, made: Version<unknown> | undefined, oldest: number): void {
  if (collection === undefined || made === undefined) return;
  if (made.prev === undefined && isLive(made)) return; // inserted, or swept already
  const head = collection.heads.get(made.key);
  if (head === undefined) return;
  if (head.to <= oldest) {
    collection.heads.delete(made.key);
    return;
  }
  let version = head;
  while (version.prev !== undefined) {
    if (version.prev.to <= oldest) version.prev = undefined;
    else version = version.prev;
  }
}
