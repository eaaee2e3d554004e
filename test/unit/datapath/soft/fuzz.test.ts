import assert from "node:assert/strict";
import type { KeyFieldName } from "../../../../src/datapath/frame-key.js";
import { keyFields } from "../../../../src/datapath/frame-key.js";
import type { PortId } from "../../../../src/datapath/port.js";
import type { Verdict } from "../../../../src/datapath/rule.js";
import { SoftDatapath } from "../../../../src/datapath/soft/soft-datapath.js";
import { sampleFrames } from "../../../support/any-frame.js";
import { rule } from "../../../support/key-rules.js";

const port = 1 as PortId;
const count = Number(process.env["P4RTD_FUZZ_FRAMES"] ?? 20_000);
const seed = Number(process.env["P4RTD_FUZZ_SEED"] ?? Date.now() & 0x7fffffff);

/** Whole numbers below the given one, the same for the same seed. */
function numbers(state: number): (below: number) => number {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A sample frame with some bytes changed, cut off or prolonged; now and then nothing but noise. */
function mutant(below: (limit: number) => number): Uint8Array {
  const sample = sampleFrames[below(sampleFrames.length)] ?? new Uint8Array(0);
  const frame = new Uint8Array(below(4) === 0 ? below(160) : sample.length);
  if (below(10) > 0) frame.set(sample.subarray(0, frame.length));
  for (let changes = below(6); changes > 0 && frame.length > 0; changes--) frame[below(frame.length)] = below(256);
  return frame;
}

describe("SoftDatapath under fuzz", () => {
  it(`takes ${count} broken frames without a fault, one result each, and counts every one (seed ${seed})`, async function () {
    this.timeout(120_000);
    const below = numbers(seed);
    const verdicts: readonly Verdict[] = ["forward", "drop", "trap", "copy", "deny", "copy-cancel"];
    const names = Object.keys(keyFields) as KeyFieldName[];
    await using datapath = new SoftDatapath({ ports: [{ id: port, name: "ethernet-1/1" }] });
    const rules = names.map((name, i) => ({
      rule: rule({ table: i % 2, priority: i, match: { [name]: [below(4), 3] }, action: verdicts[i % 6] ?? "trap" }),
      placed: () => {},
    }));
    const tables = [0, 1].map((i) => ({ name: `acl ${i}`, maxMasks: 64 }));
    assert.ok((await datapath.resync({ tables, rules }, new AbortController().signal)).ok);
    let dropped = 0;
    for (let i = 0; i < count; i++) {
      const result = datapath.inject(port, mutant(below));
      assert.ok(result !== "unknown-port");
      assert.ok(result.outputs.length > 0 || result.dropped !== undefined);
      if (result.dropped !== undefined) dropped++;
    }
    const status = datapath.port(port);
    assert.deepEqual([status?.framesIn, status?.framesDropped], [count, dropped]);
    assert.equal(datapath.stats().classified, count);
  });
});
