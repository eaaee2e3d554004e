import assert from "node:assert/strict";
import fc from "fast-check";
import { defined } from "../../../../src/base/invariant.js";
import type { Plan } from "../../../../src/datapath/datapath.js";
import { etherTypeMask, etherTypeWord, keyWords } from "../../../../src/datapath/frame-key.js";
import type { PuntRule, RuleHandle, TableIndex } from "../../../../src/datapath/rule.js";
import { RuleBase } from "../../../../src/datapath/soft/rule-base.js";
import { Ticks } from "../../../../src/datapath/soft/ticks.js";
import { fuzzRuns } from "../../../support/fuzz-runs.js";
import { HandClock } from "../../../support/hand-clock.js";
import { always } from "../../../support/key-rules.js";

/** Two tables, and keys and masks of few bits, so that rules meet often. */
const tables = [
  { name: "wide", maxMasks: 64 },
  { name: "narrow", maxMasks: 3 },
];
const words = [0, 5, 15];
const sparse = (bits: readonly number[]) => {
  const key = new Int32Array(keyWords);
  words.forEach((word, i) => (key[word] = (bits[i] ?? 0) << (word === etherTypeWord ? 16 : 0)));
  return key;
};
const allKeys = Array.from({ length: 64 }, (_, i) => sparse([i & 3, (i >> 2) & 3, i >> 4]));

interface ModelRule {
  readonly rule: PuntRule;
  readonly age: number;
  cookie: object;
}
/** The rules of every table, naively. */
type Model = readonly ModelRule[];

/** Whether all rules are asked, or only those that name an EtherType. */
type Among = "all" | "naming";

function matches({ rule }: ModelRule, key: Int32Array, among: Among): boolean {
  const { values, masks } = rule;
  return Array.from({ length: rule.count }, (_, i) => i * keyWords).some(
    (at) =>
      (among === "all" || ((masks[at + etherTypeWord] ?? 0) & etherTypeMask) !== 0) &&
      words.every((word) => ((key[word] ?? 0) & (masks[at + word] ?? 0)) === (values[at + word] ?? 0)),
  );
}

function bestOf(model: Model, table: number, key: Int32Array, among: Among): object | undefined {
  let best: ModelRule | undefined;
  for (const each of model) {
    if (each.rule.table !== table || !matches(each, key, among)) continue;
    const { priority } = each.rule;
    const above = best === undefined || priority > best.rule.priority;
    if (above || (priority === best?.rule.priority && each.age < best.age)) best = each;
  }
  return best?.cookie;
}

function masksOf(rules: readonly PuntRule[]): Set<string> {
  const masks = rules.flatMap((rule) =>
    Array.from({ length: rule.count }, (_, i) => rule.masks.slice(i * keyWords, (i + 1) * keyWords).join()),
  );
  return new Set(masks);
}

/** A `RuleBase` and its model side by side. */
class Pair {
  readonly base = new RuleBase(new Ticks(new HandClock()), 0);
  #plan: Plan | undefined;
  #published: Model = [];
  #planned: ModelRule[] = [];
  readonly #handles = new Map<ModelRule, RuleHandle>();
  #ages = 0;

  get plan(): Plan {
    return (this.#plan ??= this.base.plan());
  }

  async open(): Promise<void> {
    this.plan.reset(tables);
    await this.close("commit");
  }

  add(rule: PuntRule): void {
    const same = this.#planned.filter((each) => each.rule.table === rule.table).map((each) => each.rule);
    const fits = masksOf([...same, rule]).size <= defined(tables[rule.table], "a table").maxMasks;
    const added = this.plan.add(rule);
    assert.equal(added.ok, fits);
    if (!added.ok) return;
    const made = { rule, age: this.#ages++, cookie: rule.cookie };
    this.#planned.push(made);
    this.#handles.set(made, added.value);
  }

  replace(pick: number): void {
    const at = pick % Math.max(1, this.#planned.length);
    const old = this.#planned[at];
    if (old === undefined) return;
    const cookie = {};
    const handle = defined(this.#handles.get(old), "its handle");
    const replaced = this.plan.replace(handle, { action: always("copy"), meter: undefined, cookie });
    assert.ok(replaced.ok);
    const changed = { ...old, cookie };
    this.#planned[at] = changed;
    this.#handles.set(changed, replaced.value);
  }

  remove(pick: number): void {
    const [old] = this.#planned.splice(pick % Math.max(1, this.#planned.length), 1);
    if (old !== undefined) this.plan.remove(defined(this.#handles.get(old), "its handle"));
  }

  async close(how: "commit" | "abandon"): Promise<void> {
    if (how === "commit") {
      assert.ok((await this.plan.commit()).ok);
      this.#published = [...this.#planned];
    } else {
      this.plan.abandon();
      this.#planned = [...this.#published];
    }
    this.#plan = undefined;
  }

  /** Every key gives the published model's best rule in each table. */
  check(): void {
    for (const key of allKeys) {
      this.base.tables.forEach(({ rules }, table) => {
        for (const among of ["all", "naming"] as const) {
          const found = rules.find(key, this.base.generation, among);
          assert.equal(found?.cookie, bestOf(this.#published, table, key, among));
        }
      });
    }
  }
}

const bits = fc.array(fc.nat(3), { minLength: 3, maxLength: 3 });
const rules = fc
  .record({
    table: fc.constantFrom(0, 1).map((table) => table as TableIndex),
    priority: fc.nat(3),
    keys: fc.array(fc.tuple(bits, bits), { minLength: 1, maxLength: 3 }),
  })
  .map(({ table, priority, keys }): PuntRule => {
    const values = keys.flatMap(([value, mask]) => [...sparse(value.map((each, i) => each & (mask[i] ?? 0)))]);
    const masks = keys.flatMap(([, mask]) => [...sparse(mask)]);
    const words = { values: Int32Array.from(values), masks: Int32Array.from(masks), count: keys.length };
    return { table, priority, ...words, action: always("trap"), cookie: {} };
  });
const steps = fc.oneof(
  { weight: 6, arbitrary: rules.map((rule) => (pair: Pair) => pair.add(rule)) },
  { weight: 2, arbitrary: fc.nat(1000).map((pick) => (pair: Pair) => pair.replace(pick)) },
  { weight: 3, arbitrary: fc.nat(1000).map((pick) => (pair: Pair) => pair.remove(pick)) },
  { weight: 2, arbitrary: fc.constant((pair: Pair) => pair.close("commit")) },
  { weight: 1, arbitrary: fc.constant((pair: Pair) => pair.close("abandon")) },
);

describe("RuleBase", () => {
  it("finds what a naive list finds, after every step of every plan", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 60, size: "max" }), async (list) => {
        const pair = new Pair();
        await pair.open();
        for (const step of list) {
          await step(pair);
          pair.check();
        }
      }),
      { numRuns: fuzzRuns(150) },
    );
  });
});
