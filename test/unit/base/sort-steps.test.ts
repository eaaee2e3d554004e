import assert from "node:assert/strict";
import fc from "fast-check";
import { sortSteps } from "../../../src/base/sort-steps.js";
import { finish } from "../../../src/base/steps.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";

interface Item {
  readonly key: number;
  readonly place: number;
}

const byKey = (a: Item, b: Item) => a.key - b.key;

describe("sorting in steps", () => {
  it("gives what the engine's stable sort gives", () => {
    const anyItems = fc
      .tuple(fc.integer({ min: 0, max: 9000 }), fc.integer({ min: 1, max: 5000 }), fc.integer())
      .map(([length, keys, seed]) =>
        Array.from({ length }, (_, place) => ({ key: Math.abs(Math.imul(place + seed, 0x9e3779b1)) % keys, place })),
      );
    fc.assert(
      fc.property(anyItems, (items) => {
        const kept = [...items];
        assert.deepEqual(finish(sortSteps(items, byKey)), [...items].sort(byKey));
        assert.deepEqual(items, kept);
      }),
      { numRuns: fuzzRuns(50) },
    );
  });

  it("takes a step for some thousand items at most", () => {
    const items = Array.from({ length: 100_000 }, (_, place) => ({ key: (place * 7919) % 100_003, place }));
    let steps = 0;
    for (const steppings = sortSteps(items, byKey); steppings.next().done !== true;) steps++;
    assert.ok(steps >= 49 + 5 * 48, `${steps} steps`);
  });
});
