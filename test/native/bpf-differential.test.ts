/** The tc program beside the software switch: the same rules, the same frames, the same outcome. */
import assert from "node:assert/strict";
import { keyFields, keyWords } from "../../src/datapath/frame-key.js";
import type { KeyFieldName } from "../../src/datapath/frame-key.js";
import type { PuntedBatch } from "../../src/datapath/datapath.js";
import type { PortId } from "../../src/datapath/port.js";
import type { PuntRule, RuleHandle, Verdict } from "../../src/datapath/rule.js";
import { parseFrame } from "../../src/datapath/soft/parser.js";
import { SoftDatapath } from "../../src/datapath/soft/soft-datapath.js";
import { sampleFrames } from "../support/any-frame.js";
import { hex, ip, ipv6Destination } from "../support/frame-builder.js";
import { fieldOf, plainAction, rule } from "../support/key-rules.js";
import { noLeaks } from "../support/no-leaks.js";
import { BpfBed, goOn, packed, plain, portId } from "./bpf-bed.js";
import { describeNeeding } from "../support/needs.js";

const port = portId as PortId;
const framesPerStep = 100;
const steps = Math.ceil(Number(process.env["P4RTD_FUZZ_FRAMES"] ?? 20_000) / framesPerStep);
const seed = Number(process.env["P4RTD_FUZZ_SEED"] ?? Date.now() & 0x7fffffff);
const verdicts: readonly Verdict[] = ["forward", "drop", "trap", "copy", "deny", "copy-cancel"];
const names = Object.keys(keyFields) as KeyFieldName[];

/** Reasons for which the software switch drops what the kernel sends on: it has no routes here. */
const forwardedBy = new Set(["no-route", "local-address"]);

/** Whole numbers below the given one, the same for the same seed. */
function numbers(state: number): (below: number) => number {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Below = (limit: number) => number;

function pick<T>(below: Below, from: readonly T[]): T {
  return from[below(from.length)] as T; // never empty
}

/** BPF_PROG_TEST_RUN refuses untagged IP frames without a whole header; tagged ones show what we make of those. */
function runs(frame: Uint8Array): boolean {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  return frame.length >= (type === 0x0800 ? 34 : type === 0x86dd ? 54 : 14);
}

/** A sample frame, changed, cut off or prolonged. */
function mutant(below: Below): Uint8Array {
  const sample = pick(below, sampleFrames);
  const frame = new Uint8Array(below(3) === 0 ? 14 + below(160) : sample.length);
  if (below(12) > 0) frame.set(sample.subarray(0, frame.length));
  for (let changes = below(3); changes > 0; changes--) frame[below(frame.length)] = below(256);
  return runs(frame) ? frame : mutant(below);
}

/** A rule that is likely to match: values of the key of a sample frame, some of them changed; a few ports are a RANGE. */
function anyRule(below: Below, tables: number): PuntRule {
  const key = new Int32Array(keyWords);
  parseFrame(port, pick(below, sampleFrames), key);
  const match = Object.fromEntries(
    Array.from({ length: 1 + below(2) }, () => {
      const name = pick(below, names);
      const all = (1n << BigInt(keyFields[name].width)) - 1n;
      const mask = pick(below, [all, all, all << BigInt(below(8)), 1n]) & all;
      const value = below(5) === 0 ? BigInt(below(256)) : fieldOf(key, name);
      return [name, [value & mask, mask]] as const;
    }),
  );
  const prefixes = [0xffff, 0xfffe, 0xfffc, 0xfff8].slice(below(4));
  const either = prefixes.map((mask) => ({ ...match, l4_dst_port: [below(16) & mask, mask] as const }));
  return rule({
    table: below(tables),
    priority: below(4),
    ...(below(6) === 0 ? { either } : { match }),
    action: pick(below, verdicts),
  });
}

/** Both switches, stepped together. */
class Pair {
  readonly soft = new SoftDatapath({ ports: [{ id: port, name: "ethernet-1/1" }] });
  readonly rules: { number: number; handle: RuleHandle }[] = [];
  #tables = 1;

  constructor(
    readonly bed: BpfBed,
    readonly below: Below,
  ) {
    const locals = [ip("10.0.0.2"), hex(ipv6Destination)].map((bytes) => Uint8Array.from(bytes));
    bed.bpf.setLocalAddresses(locals);
    this.soft.setLocalAddresses(locals);
  }

  async step(fresh: boolean): Promise<void> {
    const { below, bed, rules } = this;
    const { bpf } = bed;
    const plan = this.soft.plan();
    bpf.begin();
    if (fresh) {
      this.#tables = 1 + below(3);
      rules.length = 0;
      plan.reset(Array.from({ length: this.#tables }, (_, i) => ({ name: `acl ${i}`, maxMasks: 256 })));
      bpf.reset(Array.from({ length: this.#tables }, () => plain));
    }
    for (let changes = fresh ? below(40) : below(8); changes > 0; changes--) {
      const at = below(rules.length + 1);
      const chosen = rules[at];
      const change = below(4);
      if (chosen === undefined || change < 2) {
        const added = anyRule(below, this.#tables);
        const result = plan.add(added);
        assert.ok(result.ok);
        rules.push({ number: bed.add(added), handle: result.value });
      } else if (change === 2) {
        plan.remove(chosen.handle);
        bpf.remove(chosen.number);
        rules.splice(at, 1);
      } else {
        const { action, cookie } = anyRule(below, this.#tables);
        const result = plan.replace(chosen.handle, { action, cookie, meter: undefined });
        assert.ok(result.ok);
        bpf.replace(chosen.number, packed(plainAction(action)), undefined, "keep");
        chosen.handle = result.value;
      }
    }
    bpf.commit();
    assert.ok((await plan.commit()).ok);
  }

  /** What both make of `frame`. */
  show(frame: Uint8Array): void {
    const result = this.soft.inject(port, frame);
    assert.ok(result !== "unknown-port");
    const unparsable = result.dropped === "unparsable";
    const forwarded = unparsable || (result.dropped !== undefined && forwardedBy.has(result.dropped));
    const answer = this.bed.run(frame);
    assert.equal(answer === goOn, forwarded, `frame ${Buffer.from(frame).toString("hex")}: ${answer}`);
  }

  /** Counters of rules, drops, totals of both. */
  async compare(): Promise<void> {
    const into = new Float64Array(2 * this.rules.length);
    await this.soft.counters(
      this.rules.map(({ handle }) => handle),
      into,
    );
    assert.deepEqual(this.bed.counters(this.rules.map(({ number }) => number)).flat(), [...into]);
    const { drops, classified, punted } = this.soft.stats();
    const kept = [...drops].filter(([reason]) => reason !== "no-route");
    assert.deepEqual(this.bed.drops(), Object.fromEntries(kept));
    assert.deepEqual(this.bed.totals(), [classified, punted, 0]);
  }
}

describeNeeding(["root", "ip", "libbpf"], "the tc program beside the software switch", () => {
  noLeaks();

  // Beyond so many tuples the program walks by bpf_loop, as it does on kernels that refuse the plain loop.
  const walks = [
    { walk: "a plain loop", maxTuples: 256 },
    { walk: "bpf_loop", maxTuples: 257 },
  ];
  for (const { walk, maxTuples } of walks)
    it(`says the same of ${steps * framesPerStep} frames in ${steps} steps, by ${walk} (seed ${seed})`, function () {
      this.timeout(600_000);
      return sameOfAll(maxTuples);
    });

  async function sameOfAll(maxTuples: number): Promise<void> {
    const below = numbers(seed);
    const bed = new BpfBed({ maxTuples });
    const pair = new Pair(bed, below);
    const expected: Uint8Array[] = [];
    const soft = pair.soft.punted(new AbortController().signal)[Symbol.asyncIterator]();
    try {
      for (let i = 0; i < steps; i++) {
        await pair.step(i === 0 || below(8) === 0);
        for (let n = 0; n < framesPerStep; n++) pair.show(mutant(below));
        await pair.compare();
        await bed.allPunted();
        while (expected.length < pair.soft.stats().punted) {
          const { value: batch } = (await soft.next()) as { value: PuntedBatch };
          for (let f = 0; f < batch.count; f++) {
            const at = batch.offsets[f] ?? 0;
            expected.push(batch.slab.slice(at, at + (batch.lengths[f] ?? 0)));
          }
          batch.release();
        }
      }
      const punted = await bed.allPunted();
      assert.ok(punted.length > steps, "the rules punt");
      const text = (frame: Uint8Array) => Buffer.from(frame).toString("hex");
      assert.deepEqual(
        punted.map(({ frame }) => text(frame)),
        expected.map(text),
      );
    } finally {
      bed.close();
      await pair.soft[Symbol.asyncDispose]();
    }
  }
});
