import assert from "node:assert/strict";
import { InvariantError } from "../../../src/base/invariant.js";
import { noExtras } from "../../../src/entity/table-entry.js";
import type { EntityStore } from "../../../src/store/entity-store.js";
import { outcome } from "../../support/entities.js";
import { requirement } from "../../support/requirement.js";
import { tableId } from "../../support/programs.js";
import { seen, smallStore, tableOf, versionCount } from "./small-store.js";

/** Publishes `count` entries of table 1, named by number from `first` on. */
function fill(store: EntityStore, count: number, first = 0): void {
  const stage = store.begin();
  for (let i = first; i < first + count; i++) stage.insert(tableOf(store, 1), `key${i}`, "action", noExtras);
  store.publish(stage);
}

describe("a stage", () => {
  requirement(["WRT-09", "WRT-10", "WRT-11"], "refuses what is there, or what is not", () => {
    const store = smallStore(4);
    fill(store, 1);
    const table = tableOf(store, 1);
    const stage = store.begin();
    assert.equal(
      outcome(() => stage.insert(table, "key0", "b", noExtras)),
      "ALREADY_EXISTS",
    );
    assert.equal(
      outcome(() => stage.modify(table, "key1", "b", noExtras)),
      "NOT_FOUND",
    );
    assert.equal(
      outcome(() => stage.delete(table, "key1")),
      "NOT_FOUND",
    );
    assert.equal(stage.size, 0);
  });

  requirement(["TBL-14", "WRT-13"], "refuses an entry beyond the table's size until another goes", () => {
    const store = smallStore(2);
    fill(store, 2);
    const table = tableOf(store, 1);
    const stage = store.begin();
    assert.equal(
      outcome(() => stage.insert(table, "new", "b", noExtras)),
      "RESOURCE_EXHAUSTED",
    );
    assert.equal(
      outcome(() => stage.insert(tableOf(store, 2), "new", "b", noExtras)),
      "OK",
    );
    stage.delete(table, "key0");
    assert.equal(
      outcome(() => stage.insert(table, "new", "b", noExtras)),
      "OK",
    );
    assert.equal(
      outcome(() => stage.insert(table, "newer", "b", noExtras)),
      "RESOURCE_EXHAUSTED",
    );
  });

  it("is the only one", () => {
    const store = smallStore(2);
    store.begin();
    assert.throws(() => store.begin(), InvariantError);
  });

  it("tells what it changed, in order", () => {
    const store = smallStore(4);
    fill(store, 2);
    const table = tableOf(store, 1);
    const stage = store.begin();
    stage.delete(table, "key0");
    stage.modify(table, "key1", "b", noExtras);
    stage.insert(table, "key2", "b", noExtras);
    stage.insert(table, "key3", "b", noExtras);
    stage.undoLast();
    const change = (key: string) => ({ tableId: tableId(1), key });
    assert.deepEqual(stage.changes("alice"), {
      generation: 2,
      by: "alice",
      inserted: [change("key2")],
      modified: [change("key1")],
      deleted: [change("key0")],
    });
  });
});

describe("an entry's versions", () => {
  it("take rule and counter over when the entry is modified, and begin afresh when it is inserted again", () => {
    const store = smallStore(4);
    const table = tableOf(store, 1);
    const stage = store.begin();
    const first = stage.insert(table, "key", "a", noExtras);
    first.rule = {};
    first.counterBase = { packets: 1n, bytes: 2n };
    const second = stage.modify(table, "key", "b", noExtras);
    assert.equal(second.rule, first.rule);
    assert.equal(second.counterBase, first.counterBase);
    stage.delete(table, "key");
    const third = stage.insert(table, "key", "c", noExtras);
    assert.equal(third.rule, undefined);
    assert.equal(third.counterBase, undefined);
  });

  it("stay while the oldest reader may want them, and go with it", () => {
    const store = smallStore(4);
    fill(store, 1);
    const old = store.snapshot();
    for (const action of ["b", "c", "d"]) {
      const stage = store.begin();
      stage.modify(tableOf(store, 1), "key0", action, noExtras);
      store.publish(stage);
    }
    const young = store.snapshot();
    assert.deepEqual(seen(store, old)[0]?.at(-1), "key0=action");
    assert.deepEqual(seen(store, young)[0]?.at(-1), "key0=d");
    old[Symbol.dispose]();
    assert.equal(versionCount(store), 3);
    young[Symbol.dispose]();
    assert.equal(versionCount(store), 3);
  });
});

describe("a batch", () => {
  /** Steps taken in the map of a table's entries by `work`. */
  function steps(store: EntityStore, work: () => void): number {
    const { heads } = tableOf(store, 1);
    let count = 0;
    for (const name of ["get", "set", "delete", "has"] as const) {
      const method = heads[name].bind(heads) as (...args: readonly unknown[]) => unknown;
      Object.defineProperty(heads, name, {
        configurable: true,
        value: (...args: readonly unknown[]) => (count++, method(...args)),
      });
    }
    for (const name of ["values", "keys", "entries", "forEach", Symbol.iterator] as const)
      Object.defineProperty(heads, name, {
        configurable: true,
        value: () => assert.fail("the whole table is looked at"),
      });
    work();
    for (const name of [
      "get",
      "set",
      "delete",
      "has",
      "values",
      "keys",
      "entries",
      "forEach",
      Symbol.iterator,
    ] as const)
      Reflect.deleteProperty(heads, name);
    return count;
  }

  it("takes as many steps in a full table as in an empty one", () => {
    const batch = (store: EntityStore) => () => {
      const stage = store.begin();
      const table = tableOf(store, 1);
      for (const key of ["x", "y", "z"]) stage.insert(table, key, "a", noExtras);
      stage.modify(table, "x", "b", noExtras);
      stage.delete(table, "y");
      stage.undoLast();
      store.publish(stage);
      const second = store.begin();
      for (const key of ["x", "y", "z"]) second.delete(table, key);
      store.publish(second);
    };
    const [empty, full] = [smallStore(20_000), smallStore(20_000)];
    fill(full, 10_000);
    const few = steps(empty, batch(empty));
    assert.equal(steps(full, batch(full)), few);
    assert.ok(few <= 40, `${few} steps for nine updates`);
    assert.equal(versionCount(full), 10_002);
  });
});
