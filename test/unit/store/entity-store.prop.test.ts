import assert from "node:assert/strict";
import fc from "fast-check";
import { defined } from "../../../src/base/invariant.js";
import { finish } from "../../../src/base/steps.js";
import { noExtras } from "../../../src/entity/table-entry.js";
import type { Snapshot } from "../../../src/store/entity-store.js";
import type { Stage } from "../../../src/store/stage.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { outcome } from "../../support/entities.js";
import { initialDefault, seen, smallStore, tableOf, versionCount } from "./small-store.js";

const capacity = 4;

/** Entries by key, per table; "" is the default entry. */
type State = readonly ReadonlyMap<string, string>[];

/** The store once more: a state is copied whenever it changes. */
class NaiveStore {
  published: State = [1, 2].map(() => new Map([["", initialDefault]]));
  /** The published state, and one more after each staged update. */
  #staged: State[] = [this.published];

  get #now(): State {
    return defined(this.#staged.at(-1), "a state");
  }

  get staged(): number {
    return this.#staged.length - 1;
  }

  /** Stages an update. Returns what it gives. */
  update(kind: "insert" | "modify" | "delete", at: number, key: string, action: string): string {
    const tables = this.#now.map((table) => new Map(table));
    const table = defined(tables[at - 1], "a table");
    if (kind === "insert") {
      if (table.has(key)) return "ALREADY_EXISTS";
      if (table.size > capacity) return "RESOURCE_EXHAUSTED"; // the default entry is one beyond
    } else if (!table.has(key)) return "NOT_FOUND";
    if (kind === "delete") table.delete(key);
    else table.set(key, action);
    this.#staged.push(tables);
    return "OK";
  }

  undoLast(): void {
    this.#staged.pop();
  }

  publish(): void {
    this.published = this.#now;
    this.#staged = [this.published];
  }

  abandon(): void {
    this.#staged = [this.published];
  }
}

const show = (state: State) => state.map((table) => [...table].map(([key, action]) => `${key}=${action}`).sort());

const keys = ["k0", "k1", "k2", "k3", "k4", "k5"] as const;
const command = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom("insert" as const, "modify" as const, "delete" as const),
      at: fc.constantFrom(1, 2),
      key: fc.constantFrom(...keys),
      action: fc.constantFrom("a", "bbbbb", "c"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("default" as const), at: fc.constantFrom(1, 2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("undo" as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("publish" as const, "abandon" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("hold" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("release" as const), which: fc.nat() }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

class Comparison {
  readonly #store = smallStore(capacity);
  readonly #model = new NaiveStore();
  #stage: Stage | undefined;
  #held: { readonly snapshot: Snapshot; readonly state: State }[] = [];

  run(step: Command): void {
    switch (step.do) {
      case "insert":
      case "modify":
      case "delete":
        this.#update(step);
        break;
      case "default":
        this.#update({ do: "modify", at: step.at, key: "", action: "d" });
        break;
      case "undo":
        if (this.#model.staged === 0) break;
        this.#stage?.undoLast();
        this.#model.undoLast();
        break;
      case "publish":
      case "abandon":
        if (this.#stage !== undefined) {
          if (step.do === "publish") this.#store.publish(this.#stage);
          else finish(this.#store.abandonSteps(this.#stage));
        }
        this.#stage = undefined;
        if (step.do === "publish") this.#model.publish();
        else this.#model.abandon();
        break;
      case "hold":
        this.#held.push({ snapshot: this.#store.snapshot(), state: this.#model.published });
        break;
      case "release":
        this.#release(step.which % (this.#held.length + 1));
    }
    this.check();
  }

  check(): void {
    for (const { snapshot, state } of this.#held) assert.deepEqual(seen(this.#store, snapshot), show(state));
    assert.deepEqual(seen(this.#store, this.#store), show(this.#model.published));
    if (this.#stage !== undefined) return;
    const entries = this.#model.published.reduce((sum, table) => sum + table.size - 1, 0);
    assert.equal(this.#store.entryCount, entries);
    if (this.#held.length === 0) assert.equal(versionCount(this.#store), entries + 2);
  }

  end(): void {
    while (this.#held.length > 0) this.#release(0);
    if (this.#stage !== undefined) finish(this.#store.abandonSteps(this.#stage));
    this.#stage = undefined;
    this.#model.abandon();
    this.check();
  }

  #release(which: number): void {
    for (const { snapshot } of this.#held.splice(which, 1)) {
      snapshot[Symbol.dispose]();
      snapshot[Symbol.dispose](); // the second time does nothing
    }
  }

  #update({
    do: kind,
    at,
    key,
    action,
  }: {
    do: "insert" | "modify" | "delete";
    at: number;
    key: string;
    action: string;
  }): void {
    const stage = (this.#stage ??= this.#store.begin());
    const table = tableOf(this.#store, at);
    const result = outcome(() => {
      if (kind === "delete") stage.delete(table, key);
      else stage[kind](table, key, action, noExtras);
    });
    assert.equal(result, this.#model.update(kind, at, key, action));
    assert.equal(stage.size, this.#model.staged);
  }
}

describe("EntityStore", () => {
  it("shows every reader the state it began with, and keeps nothing that no reader sees", () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 10, maxLength: 80 }), (steps) => {
        const comparison = new Comparison();
        for (const step of steps) comparison.run(step);
        comparison.end();
      }),
      { numRuns: fuzzRuns(300) },
    );
  });
});
