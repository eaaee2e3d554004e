/** The wrapper: shapes of arguments, closing, and ends of the environment. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BpfDatapath, BpfOptions } from "../../src/addon/addon.js";
import { root } from "../support/repository.js";
import { rule } from "../support/key-rules.js";
import { noLeaks } from "../support/no-leaks.js";
import { lldp } from "../support/frame-builder.js";
import { BpfBed, loopback, plain, stop } from "./bpf-bed.js";
import { inProcess, inWorker } from "../support/addon-environments.js";
import { describeNeeding } from "../support/needs.js";

type Loose = Record<keyof BpfDatapath, (...args: readonly unknown[]) => unknown>;

const words = new Int32Array(16);
const values = Array.from({ length: 12 }, () => 0);

/** Calls of every method with the right shape. */
const calls: Record<keyof BpfDatapath, readonly unknown[]> = {
  attach: [loopback, { hook: "tcx", name: "lo" }],
  detach: [loopback],
  detachOthers: [],
  setPort: [loopback, { portId: 1, slot: 0, flags: 0 }],
  deletePort: [loopback],
  setSegmenter: [undefined],
  resetSlot: [0],
  setLocalAddresses: [[Uint8Array.of(1, 2, 3, 4)]],
  begin: [],
  reset: [[plain]],
  add: [0, 1, words, words, 1, 2, undefined],
  replace: [0, 2, undefined, "keep"],
  remove: [0],
  commit: [],
  abandon: [],
  counters: [new Uint32Array(0), new Float64Array(0)],
  colours: [new Uint32Array(0), new Float64Array(0)],
  stats: [new Float64Array(3 + values.length)],
  portCounters: [0, new Float64Array(3)],
  dump: [],
  take: [],
  release: [0],
  testRun: [lldp, loopback, 1],
  close: ["flush"],
};

/** Each row: a method and arguments of the wrong shape. */
const wrong: readonly (readonly [keyof BpfDatapath, ...unknown[]])[] = [
  ["attach", 0, { hook: "tcx", name: "a" }],
  ["attach", 1, { hook: "xdp", name: "a" }],
  ["attach", 1, { hook: "tcx", name: "" }],
  ["attach", 1],
  ["detach", NaN],
  ["setPort", 1, { portId: 1, slot: 1024, flags: 0 }],
  ["setPort", 1, { portId: -1, slot: 0, flags: 0 }],
  ["setPort", 1, { portId: 1, slot: 0, flags: 4 }],
  ["deletePort", 2 ** 53],
  ["setSegmenter", { input: 1 }],
  ["setSegmenter", { input: 0, output: 1 }],
  ["setSegmenter", null],
  ["resetSlot", -1],
  ["setLocalAddresses", [Uint8Array.of(1)]],
  ["setLocalAddresses", 5],
  ["reset", [{ maxMasks: -1, meter: undefined }]],
  ["reset", [{ maxMasks: 1, meter: { type: 3, bytes: true } }]],
  ["reset", undefined],
  ["add", 0, 1, words, words, 2, 2, undefined],
  ["add", 0, 1, words, new Uint32Array(16), 1, 2, undefined],
  ["add", 16, 1, words, words, 1, 2, undefined],
  ["add", 0, -1, words, words, 1, 2, undefined],
  ["add", 0, 1, words, words, 0, 2, undefined],
  ["add", 0, 1, words, words, 1, 2, new BigUint64Array(4)],
  ["add", 0, 1, words, words, 1, 2, BigUint64Array.of(1n << 63n, 0n, 0n, 0n, 0n)],
  ["replace", 0, 2, undefined, "other"],
  ["remove", 0.5],
  ["counters", new Uint32Array(2), new Float64Array(3)],
  ["colours", new Uint32Array(2), new Float64Array(7)],
  ["stats", new Float64Array(3)],
  ["portCounters", 0, new Float64Array(2)],
  ["release", 0],
  ["testRun", "frame", loopback, 1],
  ["testRun", lldp, loopback, 0],
  ["close", "all"],
];

const openFields: readonly Partial<Record<keyof BpfOptions, unknown>>[] = [
  { object: "elf" },
  { object: new Uint8Array(0) },
  { netns: 5 },
  { pins: "" },
  { capacity: 0 },
  { capacity: 2 ** 20 + 1 },
  { maxTuples: 4097 },
  { ringBytes: 4097 },
  { ringBytes: 2048 },
  { queues: Array.from({ length: 65 }, () => ({ pps: 1, burst: 1 })) },
  { queues: [{ pps: -1, burst: 1 }] },
  { portPolicer: { pps: 1 } },
  { devicePolicer: 7 },
  { unparsable: "punt" },
  { excludeLocal: 1 },
  { slabFrames: 0 },
  { slabs: [] },
  { slabs: [new ArrayBuffer(1000)] },
  { onPunted: undefined },
];

describeNeeding(["root", "ip", "libbpf"], "BpfDatapath", () => {
  noLeaks();

  for (const fields of openFields)
    it(`is not opened with ${Object.keys(fields).join()} of another shape`, () => {
      assert.throws(() => new BpfBed(fields as Partial<BpfOptions>), TypeError);
    });

  it("says which call failed for what is no object", () => {
    assert.throws(() => new BpfBed({ object: Uint8Array.of(1, 2, 3) }), { syscall: "bpf_object__open_mem" });
  });

  it("says why a network namespace is not entered", () => {
    const bed = new BpfBed({ netns: "/run/netns/p4rtd-none" });
    try {
      assert.throws(() => bed.run(lldp), { code: "ENOENT" });
    } finally {
      bed.close();
    }
  });

  it("throws a TypeError for arguments of another shape, and changes nothing", () => {
    const bed = new BpfBed();
    try {
      const [number = -1] = bed.install([rule()]);
      const loose = bed.bpf as unknown as Loose; // to call it as no TypeScript would
      assert.throws(() => loose.add(...calls.add), TypeError, "no step is open");
      assert.throws(() => loose.commit(), TypeError);
      bed.bpf.begin();
      assert.throws(() => loose.begin(), TypeError);
      for (const [method, ...args] of wrong) assert.throws(() => loose[method](...args), TypeError, method);
      assert.throws(() => bed.bpf.add(1, 1, words, words, 1, 2, undefined), { code: "EINVAL" });
      assert.throws(() => bed.bpf.remove(number + 1), { code: "ENOENT" });
      assert.throws(() => bed.bpf.counters(Uint32Array.of(number + 1), new Float64Array(2)), { code: "ENOENT" });
      assert.throws(() => bed.bpf.attach(2 ** 31 - 1, { hook: "tcx", name: "a" }), { code: "ENODEV" });
      bed.bpf.commit();
      assert.equal(bed.run(lldp), stop);
      assert.deepEqual(bed.counters([number]), [[1, lldp.length]]);
    } finally {
      bed.close();
    }
  });

  it("says which limit a rule finds", () => {
    const bed = new BpfBed({ capacity: 2, maxTuples: 2 });
    try {
      const keyOf = (word: number, bit: number) => {
        const mask = new Int32Array(16);
        mask[word] = 1 << bit;
        return mask;
      };
      const add = (table: number, bit: number) => bed.bpf.add(table, 1, words, keyOf(9, bit), 1, 2, undefined);
      bed.bpf.begin();
      bed.bpf.reset([{ maxMasks: 1, meter: undefined }, plain, plain]);
      assert.ok(add(0, 0) >= 0);
      assert.equal(add(0, 1), -1);
      assert.ok(add(1, 0) >= 0);
      assert.equal(add(1, 0), -2);
      bed.bpf.remove(1);
      assert.ok(add(2, 0) >= 0);
      bed.bpf.commit();
    } finally {
      bed.close();
    }
  });

  it("throws in every method once it is closed, in close too", () => {
    const bed = new BpfBed();
    bed.close();
    const loose = bed.bpf as unknown as Loose; // every method, by its name
    for (const [method, args] of Object.entries(calls))
      assert.throws(() => loose[method as keyof BpfDatapath](...args), { code: "ERR_CLOSED" }, method);
  });

  it("can be closed by its own callback", async () => {
    let closed: (value: unknown) => void = () => {};
    const done = new Promise((resolve) => (closed = resolve));
    const bed: BpfBed = new BpfBed({
      onPunted: () => {
        bed.close();
        closed(undefined);
      },
    });
    bed.install([rule()]);
    bed.run(lldp);
    await done;
    assert.throws(() => bed.bpf.take(), { code: "ERR_CLOSED" });
  });

  /** Code that opens one as `bpf` and traps every frame; `onPunted` as given. */
  const code = (onPunted: string) => `
    const slabs = [new ArrayBuffer(16 * 64 + 65536)];
    const bpf = addon.openBpf({
      object: require("node:fs").readFileSync(${JSON.stringify(join(root, "native/bpf/p4rtd.bpf.o"))}),
      netns: undefined, pins: undefined, capacity: 64, maxTuples: 8, ringBytes: 65536, queues: [],
      portPolicer: undefined, devicePolicer: undefined, unparsable: "pass", excludeLocal: false,
      slabs, slabFrames: 64, onPunted: () => { ${onPunted} },
    });
    bpf.setPort(1, { portId: 1, slot: 0, flags: 0 });
    bpf.begin();
    bpf.reset([{ maxMasks: 1, meter: undefined }]);
    bpf.add(0, 1, new Int32Array(16), new Int32Array(16), 1, 2, undefined);
    bpf.commit();
    bpf.testRun(new Uint8Array(60), 1, 1);`;

  it("lets what its callback throws become an uncaught exception", async () => {
    const { ended, errors } = await inProcess(code('throw new Error("from the callback")'));
    assert.equal(ended, 1);
    assert.match(errors, /from the callback/);
  });

  it("ends with its process, open as it is", async () => {
    const { ended } = await inProcess(code("process.exit(7)"));
    assert.equal(ended, 7);
  });

  it("ends with its worker, open as it is", async () => {
    const { code: exitCode } = await inWorker(code("process.exit(3)"));
    assert.equal(exitCode, 3);
  });

  it("is not collected while it is open", async () => {
    const { ended } = await inProcess(`{ ${code("process.exit(5)")} } global.gc(); setTimeout(() => global.gc(), 1);`);
    assert.equal(ended, 5);
  });

  it("pins nothing where it cannot", () => {
    const folder = mkdtempSync(join(tmpdir(), "p4rtd-no-bpffs-"));
    try {
      assert.throws(() => new BpfBed({ pins: join(folder, "x") }), { syscall: "bpf(BPF_OBJ_PIN)" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
