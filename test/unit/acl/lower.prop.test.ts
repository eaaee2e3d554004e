import assert from "node:assert/strict";
import fc from "fast-check";
import { SoftDatapath } from "../../../src/datapath/soft/soft-datapath.js";
import type { PortId } from "../../../src/datapath/port.js";
import type { TableIndex } from "../../../src/datapath/rule.js";
import type { MatchKind } from "../../../src/pipeline/pipeline.js";
import { addresses4, addresses6, frameBytes, frames, macs, readerOf, type Frame } from "../../support/frame-model.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { record, type SlotValue } from "../constraints/records.js";
import { keySketches, loweringTable, type KeySketch } from "./key-fields.js";

/** What an entry asks of one field; undefined: don't care. */
type Ask =
  | { readonly kind: "exact" | "optional"; readonly value: bigint }
  | { readonly kind: "ternary"; readonly value: bigint; readonly mask: bigint }
  | { readonly kind: "lpm"; readonly value: bigint; readonly prefix: number }
  | { readonly kind: "range"; readonly low: bigint; readonly high: bigint }
  | undefined;

interface Entry {
  readonly priority: number;
  readonly asks: readonly Ask[];
}

type Fields = readonly (readonly [KeySketch, MatchKind])[];

const widthOf = ({ width }: KeySketch) => (width === "text" ? 32 : width);
const ones = (width: number) => (1n << BigInt(width)) - 1n;
const upperBits = (width: number, prefix: number) => ones(width) ^ ones(width - prefix);

/** The rule model in words: a constrained field of an absent header does not match. */
function matches(ask: Ask, width: number, value: bigint | undefined): boolean {
  if (ask === undefined) return true;
  if (value === undefined) return false;
  switch (ask.kind) {
    case "exact":
    case "optional":
      return value === ask.value;
    case "ternary":
      return (value & ask.mask) === ask.value;
    case "lpm":
      return (value & upperBits(width, ask.prefix)) === ask.value;
    case "range":
      return value >= ask.low && value <= ask.high;
  }
}

/** What `frame` holds for a field of a width that may be less than the header's. */
function valueIn(sketch: KeySketch, frame: Frame): bigint | undefined {
  const value = readerOf(sketch.read)(frame);
  return value === undefined || sketch.read !== "tcp_flags" ? value : value & ones(widthOf(sketch));
}

function matchesFrame(entry: Entry, fields: Fields, frame: Frame): boolean {
  return fields.every(([sketch], i) => matches(entry.asks[i], widthOf(sketch), valueIn(sketch, frame)));
}

/** Index of the entry that wins: priority, or the longest prefix where nothing asks for a priority; then age. */
function naiveWinner(entries: readonly Entry[], fields: Fields, frame: Frame): number | undefined {
  const prioritised = fields.some(([, kind]) => kind === "ternary" || kind === "range" || kind === "optional");
  const rank = ({ priority, asks }: Entry) =>
    prioritised ? priority : asks.reduce((longest, ask) => Math.max(longest, ask?.kind === "lpm" ? ask.prefix : 0), 0);
  let best: number | undefined;
  for (const [i, entry] of entries.entries())
    if (matchesFrame(entry, fields, frame) && (best === undefined || rank(entry) > rank(entries[best] ?? entry)))
      best = i;
  return best;
}

/** Values that frames have, as far as they fit. */
function valuesFor({ read, width }: KeySketch): fc.Arbitrary<bigint> {
  if (read === "ingress_port") return fc.constantFrom(1n, 2n, 7n);
  const bits = width === "text" ? 32 : width;
  const usual =
    read === "src_mac" || read === "dst_mac"
      ? macs
      : bits === 128
        ? addresses6
        : bits === 64
          ? addresses6.map((address) => address >> 64n)
          : bits === 32
            ? addresses4
            : fc.constantFrom(
                0n,
                1n,
                2n,
                6n,
                8n,
                17n,
                46n,
                58n,
                64n,
                80n,
                255n,
                0xfa0n,
                0x800n,
                0x806n,
                0x86ddn,
                0x88ccn,
                0xffffn,
              );
  return usual.map((value) => value & ones(bits));
}

function asks([sketch, kind]: readonly [KeySketch, MatchKind]): fc.Arbitrary<Ask> {
  const width = widthOf(sketch);
  const value = valuesFor(sketch);
  const nothing = fc.constant(undefined);
  switch (kind) {
    case "exact":
      return value.map((v) => ({ kind, value: v }));
    case "optional":
      return fc.oneof(
        nothing,
        value.map((v) => ({ kind, value: v })),
      );
    case "ternary": {
      const masks = fc.oneof(
        fc.constantFrom(ones(width), 1n, upperBits(width, width >> 1)),
        fc.bigInt(1n, ones(width)),
      );
      return fc.oneof(
        nothing,
        fc.tuple(value, masks).map(([v, mask]) => ({ kind, value: v & mask, mask })),
      );
    }
    case "lpm":
      return fc.oneof(
        nothing,
        fc
          .tuple(value, fc.integer({ min: 1, max: width }))
          .map(([v, prefix]) => ({ kind, value: v & upperBits(width, prefix), prefix })),
      );
    case "range":
      return fc.oneof(
        nothing,
        fc
          .tuple(fc.bigInt(0n, ones(width)), fc.bigInt(0n, ones(width)))
          .filter(([a, b]) => a + b !== ones(width) || (a !== 0n && b !== 0n))
          .map(([a, b]) => ({ kind, low: a < b ? a : b, high: a < b ? b : a })),
      );
  }
}

function slotValue(ask: Ask, { width }: KeySketch): SlotValue | undefined {
  if (ask === undefined) return undefined;
  switch (ask.kind) {
    case "exact":
    case "optional":
      return width === "text" ? ask.value.toString() : ask.value;
    case "ternary":
      return [ask.value, ask.mask];
    case "lpm":
      return [ask.value, ask.prefix];
    case "range":
      return [ask.low, ask.high];
  }
}

function kindsOf(sketch: KeySketch): fc.Arbitrary<MatchKind> {
  if (sketch.width === "text") return fc.constantFrom("exact", "optional");
  if (sketch.read === "l4_src_port" || sketch.read === "l4_dst_port")
    return fc.constantFrom("exact", "optional", "ternary", "lpm", "range", "range");
  return fc.constantFrom("exact", "optional", "ternary", "lpm");
}

/** A table's fields: no LPM beside another, and no second field for a port that a RANGE matches. */
const tables: fc.Arbitrary<Fields> = fc
  .uniqueArray(fc.constantFrom(...keySketches), { minLength: 1, maxLength: 6, selector: ({ name }) => name })
  .chain((sketches) => fc.tuple(...sketches.map((sketch) => kindsOf(sketch).map((kind) => [sketch, kind] as const))))
  .map((fields) => {
    const ports = fields.filter(([{ read }]) => /l4_src|tcp_src/.test(read)).length;
    const first = fields.findIndex(([, kind]) => kind === "lpm");
    return fields.map(([sketch, kind], i) => {
      if (kind === "lpm" && i !== first) return [sketch, "ternary"] as const;
      return kind === "range" && sketch.read === "l4_src_port" && ports > 1
        ? ([sketch, "ternary"] as const)
        : [sketch, kind];
    });
  });

const scenes = tables.chain((fields) =>
  fc.record({
    fields: fc.constant(fields),
    entries: fc.array(fc.record({ priority: fc.integer({ min: 1, max: 3 }), asks: fc.tuple(...fields.map(asks)) }), {
      minLength: 1,
      maxLength: 6,
    }),
    frames: fc.array(frames, { minLength: 1, maxLength: 20 }),
  }),
);

describe("entries lowered to punt rules", () => {
  it("take the frames that the rule model's words say", async function () {
    this.timeout(120_000);
    let met = 0;
    await fc.assert(
      fc.asyncProperty(scenes, async ({ fields, entries, frames: arriving }) => {
        const { bound, layout, compiler } = loweringTable(fields);
        await using datapath = new SoftDatapath();
        const plan = datapath.plan();
        plan.reset([{ name: "t", maxMasks: 1 << 20 }]);
        for (const entry of entries) {
          const values = Object.fromEntries(
            fields.flatMap(([sketch], i) => {
              const value = slotValue(entry.asks[i], sketch);
              return value === undefined ? [] : [[sketch.name, value] as const];
            }),
          );
          const key = record(layout, values, bound.table.needsPriority ? entry.priority : 0);
          compiler.compile(key);
          const { values: words, masks, count } = compiler;
          for (let i = 0; i < count * 16; i++) assert.equal((words[i] ?? 0) & ~(masks[i] ?? 0), 0);
          const rule = { values: words, masks, count, priority: compiler.priority(key), cookie: entry };
          const action = { green: "drop", yellow: "drop", red: "drop" } as const;
          assert.ok(plan.add({ ...rule, table: 0 as TableIndex, action }).ok);
        }
        assert.ok((await plan.commit()).ok);
        for (const frame of arriving) {
          const found = datapath.classify(frame.port as PortId, frameBytes(frame));
          assert.equal(found.parsable, true);
          const want = naiveWinner(entries, fields, frame);
          if (want !== undefined) met++;
          assert.equal(found.matches[0]?.cookie, want === undefined ? undefined : entries[want]);
        }
      }),
      { numRuns: fuzzRuns(300) },
    );
    assert.ok(met > 100, `${met} frames met a rule`);
  });
});
