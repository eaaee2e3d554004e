import assert from "node:assert/strict";
import fc from "fast-check";
import { defined } from "../../../src/base/invariant.js";
import { Code } from "../../../src/base/status.js";
import { toLong } from "../../../src/wire/int64.js";
import { counts, entry, exact, call, meter, update, type Plain, type SentUpdate } from "../../support/entities.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { actions, indexedCounter, indexedMeter, shapes, tables } from "../../support/programs.js";
import { requirement } from "../../support/requirement.js";
import { Device } from "./device.js";

/** Cells of either array of `shapes`. */
const size = 4;
const at = (index: number | undefined) =>
  index === undefined ? {} : { index: { index: toLong(BigInt(index), "int64") } };

/** `value` 0: zero, or the default of a meter. `index` undefined: all cells; beyond the size: refused. */
interface CellChange {
  readonly kind: "counter" | "meter" | "fresh table entry";
  readonly index: number | undefined;
  readonly value: number;
}

const change: fc.Arbitrary<CellChange> = fc.record({
  kind: fc.constantFrom("counter" as const, "counter" as const, "meter" as const, "fresh table entry" as const),
  index: fc.option(fc.integer({ min: -1, max: size }), { nil: undefined, freq: 5 }),
  value: fc.integer({ min: 0, max: 2 }),
});
const step = fc.record({
  updates: fc.array(change, { minLength: 1, maxLength: 8 }),
  atomicity: fc.constantFrom("continue-on-error" as const, "rollback-on-error" as const, "dataplane-atomic" as const),
  lost: fc.nat(7).map((n) => n === 0),
});

let entries = 0;

function sent({ kind, index, value }: CellChange): SentUpdate {
  switch (kind) {
    case "counter":
      return update("modify", {
        counterEntry: { counterId: indexedCounter, ...at(index), data: counts(value, 10 * value) },
      });
    case "meter":
      return update("modify", {
        meterEntry: { meterId: indexedMeter, ...at(index), ...(value > 0 && { config: meter({ cir: value }) }) },
      });
    case "fresh table entry":
      return update("insert", {
        tableEntry: entry(tables.hosts, {
          match: [exact(1, (++entries).toString(16).padStart(12, "0"))],
          action: call(actions.drop),
        }),
      });
  }
}

/** Plain arrays, copied before each batch. */
class NaiveCells {
  cells: Readonly<Record<"counter" | "meter", readonly number[]>> = {
    counter: Array<number>(size).fill(0),
    meter: Array<number>(size).fill(0),
  };

  batch(updates: readonly CellChange[], atomic: boolean, lost: boolean): readonly string[] {
    const next = { counter: [...this.cells.counter], meter: [...this.cells.meter] };
    const results: string[] = [];
    let commits = false;
    for (const { kind, index, value } of updates) {
      const result = index === undefined || kind === "fresh table entry" ? "OK" : refusal(index);
      results.push(result);
      if (result !== "OK" && atomic) return updates.map((_, i) => (i === results.length - 1 ? result : "ABORTED"));
      if (result !== "OK") continue;
      if (kind === "fresh table entry") {
        commits = true;
        continue;
      }
      const before = next[kind];
      next[kind] = before.map((old, i) => (index === undefined || index === i ? value : old));
    }
    if (lost && commits) return updates.map(() => "UNAVAILABLE");
    if (!lost) this.cells = next;
    return lost ? [] : results;
  }
}

function refusal(index: number): string {
  return index < 0 ? "INVALID_ARGUMENT" : index >= size ? "OUT_OF_RANGE" : "OK";
}

/** What a Read of both arrays gives. */
function expected({ cells }: NaiveCells): readonly Plain[] {
  const index = (i: number) => (i === 0 ? {} : { index: i.toString() });
  return [
    ...cells.counter.map((value, i) => ({
      counterEntry: {
        counterId: indexedCounter,
        index: index(i),
        data: value === 0 ? {} : { byteCount: `${10 * value}`, packetCount: `${value}` },
      },
    })),
    ...cells.meter.map((value, i) => ({
      meterEntry: { meterId: indexedMeter, index: index(i), ...(value > 0 && { config: { cir: value.toString() } }) },
    })),
  ];
}

const everything = [{ counterEntry: {} }, { meterEntry: {} }];

describe("cells after any batches", () => {
  requirement(
    ["CTR-14", "CTR-16", "MTR-16", "MTR-17"],
    "are those of a naive model, failed batches undone",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
          const device = await Device.with(shapes);
          const model = new NaiveCells();
          for (const { updates, atomicity, lost } of steps) {
            device.datapath.script.failCommit = lost ? { code: Code.UNAVAILABLE, message: "no" } : undefined;
            const before = await device.read(...everything);
            const results = await device.write(atomicity, ...updates.map(sent));
            const want = model.batch(updates, atomicity !== "continue-on-error", lost);
            if (!lost || want.length > 0) assert.deepEqual(results, want);
            if (lost) assert.deepEqual(await device.read(...everything), before);
            assert.deepEqual((await device.read(...everything)).entities, expected(model));
          }
        }),
        { numRuns: fuzzRuns(100) },
      );
    },
  );

  it("are those of the snapshot while a batch is under way", async () => {
    const device = await Device.with(shapes);
    const { store } = device.program;
    const all = (value: number) =>
      device.write("continue-on-error", sent({ kind: "counter", index: undefined, value }));
    await all(1);
    await device.write("continue-on-error", sent({ kind: "counter", index: 2, value: 2 }));
    using snapshot = store.snapshot();
    const seen = store.counters.at(indexedCounter, snapshot.generation);
    await device.write("continue-on-error", sent({ kind: "counter", index: 3, value: 2 }));
    await all(0);
    const packets = [0n, 1n, 2n, 3n].map((index) => Number(seen(index).packets));
    assert.deepEqual(packets, [1, 1, 2, 1]);
    const now = store.counters.at(indexedCounter, store.generation);
    assert.deepEqual(
      [0n, 1n, 2n, 3n].map((index) => Number(now(index).packets)),
      [0, 0, 0, 0],
    );
  });

  it("keep no cell that is like the rest", async () => {
    const device = await Device.with(shapes);
    const head = () => defined(device.program.store.counters.arrays.heads.get(indexedCounter.toString()), "the array");
    const set = (index: number | undefined, value: number) =>
      device.write("continue-on-error", sent({ kind: "counter", index, value }));
    await set(0, 1);
    await set(1, 2);
    assert.equal(head().extras.cells.heads.size, 2);
    await set(0, 0);
    assert.equal(head().extras.cells.heads.size, 1);
    await set(undefined, 2);
    assert.equal(head().extras.cells.heads.size, 0);
    assert.equal(head().prev, undefined);
  });

  it("go with their program to COMMIT", async () => {
    const device = await Device.with(shapes, "verify-and-save");
    await device.write("continue-on-error", sent({ kind: "counter", index: 1, value: 2 }));
    await device.pipelines.set("commit", undefined);
    const cells = await device.only({ counterEntry: { counterId: indexedCounter, ...at(1) } });
    assert.deepEqual(cells, [
      {
        counterEntry: { counterId: indexedCounter, index: { index: "1" }, data: { byteCount: "20", packetCount: "2" } },
      },
    ]);
  });
});
