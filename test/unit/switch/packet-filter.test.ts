import assert from "node:assert/strict";
import fc from "fast-check";
import { toHex } from "../../../src/base/hex.js";
import type { PacketHeader } from "../../../src/pipeline/pipeline.js";
import type { MetadataDemand } from "../../../src/session/role-definition.js";
import { PacketFilter } from "../../../src/switch/packet-filter.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";

/** Fields 1 and 2 are numbers, 3 is a text. */
const header = {
  fields: [1, 2, 3].map((id) => ({ id, format: id === 3 ? { kind: "sdn-string" } : { kind: "bits", width: 32 } })),
} as unknown as PacketHeader; // a filter looks at no more of it

const demand: fc.Arbitrary<MetadataDemand> = fc.record({
  id: fc.integer({ min: 1, max: 4 }),
  value: fc
    .array(fc.constantFrom(0, 0, 1, 49, 58), { minLength: 1, maxLength: 3 })
    .map((bytes) => Uint8Array.from(bytes)),
});

/** Numbers are equal whatever their leading zeros. */
const same = (id: number, a: Uint8Array, b: Uint8Array) =>
  id === 3 ? toHex(a) === toHex(b) : BigInt(`0x${toHex(a)}`) === BigInt(`0x${toHex(b)}`);

const meets = (metadata: readonly MetadataDemand[], filter: readonly MetadataDemand[]) =>
  filter.every((wanted) => metadata.some(({ id, value }) => id === wanted.id && same(id, value, wanted.value)));

describe("a packet filter", () => {
  it("admits what meets every demand of one of its filters", () => {
    const filters = fc.array(fc.array(demand, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });
    const metadata = fc.uniqueArray(demand, { selector: ({ id }) => id, maxLength: 4 });
    let admitted = 0;
    fc.assert(
      fc.property(filters, metadata, (alternatives, given) => {
        const filter = PacketFilter.of({ kind: "some", filters: alternatives }, header);
        const expected = alternatives.some((each) => meets(given, each));
        admitted += expected ? 1 : 0;
        assert.equal(filter?.admits(given), expected);
      }),
      { numRuns: fuzzRuns(2000) },
    );
    assert.ok(admitted > 0);
  });

  it("with thousands of filters costs a packet about what one costs", () => {
    const filterOf = (count: number) => {
      const filters = Array.from({ length: count }, (_, i) => [{ id: 1, value: Uint8Array.of(1, i >> 8, i & 255) }]);
      return PacketFilter.of({ kind: "some", filters }, header);
    };
    const metadata = [{ id: 1, value: Uint8Array.of(9, 9) }];
    const costOf = (filter: PacketFilter | undefined) => {
      const began = performance.now();
      for (let i = 0; i < 300; i++) assert.equal(filter?.admits(metadata), false);
      return performance.now() - began;
    };
    const [one, many] = [filterOf(1), filterOf(2000)];
    const rounds = Array.from({ length: 5 }, () => [costOf(one), costOf(many)] as const);
    const least = (costs: readonly number[]) => Math.min(...costs);
    assert.ok(least(rounds.map(([, cost]) => cost)) < 50 * least(rounds.map(([cost]) => cost))); // it was 1,000 times
  });
});
