import assert from "node:assert/strict";
import { TokenBucket } from "../../../src/base/token-bucket.js";

/** A bucket of 10 tokens a second, at most 3 at once, and its clock. */
function bucketAndClock() {
  let now = 0n;
  const bucket = new TokenBucket({ monotonicNs: () => now, realtimeNs: () => now }, { perSecond: 10, burst: 3 });
  return {
    takeAll: () => [1, 2, 3, 4, 5].filter(() => bucket.take()).length,
    pass: (ms: bigint) => (now += ms * 1_000_000n),
  };
}

describe("a token bucket of 10 a second, 3 at once", () => {
  for (const { ms, want } of [
    { ms: 0n, want: 0 },
    { ms: 99n, want: 0 },
    { ms: 100n, want: 1 },
    { ms: 250n, want: 2 },
    { ms: 10_000n, want: 3 },
  ])
    it(`gives ${want} tokens ${ms.toString()} ms after it was emptied`, () => {
      const { takeAll, pass } = bucketAndClock();
      assert.equal(takeAll(), 3);
      pass(ms);
      assert.equal(takeAll(), want);
    });

  it("keeps the part of a token that time has brought", () => {
    const { takeAll, pass } = bucketAndClock();
    takeAll();
    pass(60n);
    assert.equal(takeAll(), 0);
    pass(60n);
    assert.equal(takeAll(), 1);
  });
});
