import assert from "node:assert/strict";
import fc from "fast-check";
import { rangePrefixes } from "../../../src/acl/port-range.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";

const widths = fc.integer({ min: 1, max: 16 });
const ranges = widths.chain((width) =>
  fc.tuple(fc.nat(2 ** width - 1), fc.nat(2 ** width - 1)).map(([a, b]) => ({
    width,
    low: Math.min(a, b),
    high: Math.max(a, b),
  })),
);

/** The numbers a prefix holds: its first and last. */
const spanOf = ([value, mask]: readonly [number, number], width: number) =>
  [value, value | (~mask & (2 ** width - 1))] as const;

describe("a range as prefixes", () => {
  it("is their union exactly, in order and without overlap, at most 2 × width − 2 of them", () => {
    fc.assert(
      fc.property(ranges, ({ width, low, high }) => {
        const prefixes = rangePrefixes(low, high, width);
        let next = low;
        for (const prefix of prefixes) {
          const [first, last] = spanOf(prefix, width);
          assert.equal(prefix[0] & ~prefix[1], 0);
          assert.equal(first, next);
          next = last + 1;
        }
        assert.equal(next, high + 1);
        assert.ok(prefixes.length <= Math.max(1, 2 * width - 2));
      }),
      {
        numRuns: fuzzRuns(500),
        examples: [[{ width: 16, low: 1, high: 0xfffe }], [{ width: 16, low: 0, high: 0xffff }]],
      },
    );
  });

  it("is 30 prefixes at worst for 16 bits", () => {
    assert.equal(rangePrefixes(1, 0xfffe, 16).length, 30);
  });

  it("is the fewest prefixes there are", () => {
    const width = 4;
    const prefixes: (readonly [number, number])[] = [];
    for (let bits = 0; bits <= width; bits++)
      for (let first = 0; first < 2 ** width; first += 2 ** bits) prefixes.push([first, first + 2 ** bits - 1]);
    /** Fewest prefixes that tile low … high, by trying all. */
    const fewest = (low: number, high: number): number =>
      low > high
        ? 0
        : 1 + Math.min(...prefixes.filter(([a, b]) => a === low && b <= high).map(([, b]) => fewest(b + 1, high)));
    for (let low = 0; low < 2 ** width; low++)
      for (let high = low; high < 2 ** width; high++)
        assert.equal(rangePrefixes(low, high, width).length, fewest(low, high), `${low} … ${high}`);
  });
});
