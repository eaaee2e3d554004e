import assert from "node:assert/strict";
import fc from "fast-check";
import { call, counts, entry, update, type Plain, type SentUpdate } from "../../support/entities.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { actions } from "../../support/programs.js";
import { aging, agingProgram, elapsed, insert, modify, ms, remove, resync, scan } from "./aging-device.js";
import { Device } from "./device.js";

interface Change {
  readonly kind: "insert" | "modify" | "delete" | "counter";
  readonly type: number;
  readonly timeoutMs: number;
  readonly action: "drop" | "trap";
}

type Step =
  | { readonly kind: "write"; readonly changes: readonly Change[]; readonly atomic: boolean }
  | { readonly kind: "frames"; readonly type: number; readonly count: number }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "scan" | "read" | "resync" | "save" | "commit" };

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("insert" as const, "insert" as const, "modify" as const, "delete" as const, "counter" as const),
  type: fc.integer({ min: 1, max: 3 }),
  timeoutMs: fc.constantFrom(0, 10, 25),
  action: fc.constantFrom("drop" as const, "trap" as const),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      changes: fc.array(change, { minLength: 1, maxLength: 4 }),
      atomic: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("frames" as const),
      type: fc.integer({ min: 1, max: 3 }),
      count: fc.constantFrom(1, 4),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, 4, 10, 25) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom("scan" as const, "scan" as const, "read" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("resync" as const, "resync" as const, "save" as const, "commit" as const),
    }),
  },
);

function sent({ kind, type, timeoutMs, action }: Change): SentUpdate {
  const timeoutNs = BigInt(timeoutMs * ms);
  const rest = { action: call(actions[action]) };
  switch (kind) {
    case "insert":
      return insert(type, timeoutNs, rest);
    case "modify":
      return modify(type, timeoutNs, rest);
    case "delete":
      return remove(type);
    case "counter":
      return update("modify", { directCounterEntry: { tableEntry: aging(type), data: counts(timeoutMs, 0) } });
  }
}

interface NaiveEntry {
  timeoutMs: number;
  /** Undefined: the entry is in a saved program. */
  hitAt: number | undefined;
  timerAt: number;
  /** Hit since somebody looked. */
  hit: boolean;
}

/** Entries as plain objects, copied whole before each batch. */
class NaiveDevice {
  nowMs = 0;
  active = new Map<number, NaiveEntry>();
  saved: Map<number, NaiveEntry> | undefined;

  get current(): Map<number, NaiveEntry> {
    return this.saved ?? this.active;
  }

  write(changes: readonly Change[], atomic: boolean): void {
    const before = new Map([...this.current].map(([type, one]) => [type, { ...one }]));
    const target = this.current;
    for (const one of changes) {
      if (this.#apply(target, one) || !atomic) continue;
      if (this.saved === undefined) this.active = before;
      else this.saved = before;
      return;
    }
  }

  #apply(target: Map<number, NaiveEntry>, { kind, type, timeoutMs }: Change): boolean {
    const found = target.get(type);
    if ((kind === "insert") === (found !== undefined)) return false;
    if (kind === "delete") return target.delete(type);
    if (kind === "modify" && found !== undefined) found.timeoutMs = timeoutMs;
    const hitAt = this.saved === undefined ? this.nowMs : undefined;
    if (kind === "insert") target.set(type, { timeoutMs, hitAt, timerAt: this.nowMs, hit: false });
    return true;
  }

  look(): void {
    for (const one of this.active.values()) {
      if (one.hit || one.hitAt === undefined) one.hitAt = one.timerAt = this.nowMs;
      one.hit = false;
    }
  }

  /** EtherTypes that are told of. */
  scan(): number[] {
    this.look();
    const due = [...this.active].filter(([, one]) => one.timeoutMs > 0 && this.nowMs - one.timerAt >= one.timeoutMs);
    for (const [, one] of due) one.timerAt = this.nowMs;
    return due.map(([type]) => type);
  }

  /** Every rule counts anew: what was hit since the last look is lost with the counters. */
  resync(): void {
    for (const one of this.active.values()) one.hit = false;
  }

  commit(): void {
    if (this.saved === undefined) return;
    this.active = this.saved;
    this.saved = undefined;
  }

  elapsed(): [number, number][] {
    if (this.saved === undefined) this.look();
    return [...this.current].map(([type, one]) => [type, one.hitAt === undefined ? 0 : (this.nowMs - one.hitAt) * ms]);
  }
}

const byType = (a: readonly [number, unknown], b: readonly [number, unknown]) => a[0] - b[0];

async function take(device: Device, model: NaiveDevice, one: Step): Promise<void> {
  switch (one.kind) {
    case "write":
      await device.write(one.atomic ? "rollback-on-error" : "continue-on-error", ...one.changes.map(sent));
      {
        model.write(one.changes, one.atomic);
        return;
      }
    case "frames": {
      for (let i = 0; i < one.count; i++) device.frame(one.type);
      const hit = model.active.get(one.type);
      if (hit !== undefined) hit.hit = true;
      return;
    }
    case "pass":
      device.clock.advanceMs(one.ms);
      model.nowMs += one.ms;
      return;
    case "scan": {
      const told = await scan(device);
      assert.deepEqual([...told].sort(), model.scan().sort());
      return;
    }
    case "read": {
      assert.deepEqual([...(await elapsed(device))].sort(byType), model.elapsed().sort(byType));
      return;
    }
    case "resync":
      await resync(device);
      {
        model.resync();
        return;
      }
    case "save":
      await device.push(agingProgram, "verify-and-save");
      model.saved = new Map();
      return;
    case "commit":
      if (model.saved !== undefined) await device.pipelines.set("commit", undefined);
      {
        model.commit();
        return;
      }
  }
}

/** Timeouts as a Read gives them, by EtherType. */
async function timeouts(device: Device): Promise<readonly (readonly [number, number])[]> {
  return (await device.only({ tableEntry: entry(1) }))
    .map(({ tableEntry }) => {
      const { match, idleTimeoutNs } = tableEntry as Plain & {
        readonly match: readonly { readonly exact: { readonly value: string } }[];
      };
      return [Number.parseInt(match[0]?.exact.value ?? "", 16), Number(idleTimeoutNs ?? 0) / ms] as const;
    })
    .sort(byType);
}

describe("IdleTimeouts", () => {
  it("tells of the entries that a naive device tells of, whatever becomes of them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40, size: "max" }), async (steps) => {
        const device = await Device.with(agingProgram);
        const model = new NaiveDevice();
        for (const one of steps) {
          await take(device, model, one);
          assert.deepEqual(
            await timeouts(device),
            [...model.current].map(([type, { timeoutMs }]) => [type, timeoutMs] as const).sort(byType),
          );
        }
      }),
      { numRuns: fuzzRuns(150) },
    );
  });
});
