import assert from "node:assert/strict";
import fc from "fast-check";
import { Backlog } from "../../../src/packetio/backlog.js";
import { fuzzRuns } from "../../support/fuzz-runs.js";
import { requirement } from "../../support/requirement.js";

const silent = () => undefined;

describe("a backlog", () => {
  requirement("PKT-26", "refuses the new frame when it is full, by frames or by bytes, and keeps the others", () => {
    const backlog = new Backlog({ frames: 3, bytes: 10 }, silent);
    assert.deepEqual(
      [4, 7, 6, 0, 0].map((bytes) => backlog.offer(Buffer.alloc(bytes))),
      [true, false, true, true, false],
    );
    assert.deepEqual([backlog.take()?.length, backlog.take()?.length, backlog.take()?.length], [4, 6, 0]);
    assert.equal(backlog.take(), undefined);
    assert.equal(backlog.offer(Buffer.alloc(10)), true);
    assert.equal(backlog.offer(Buffer.alloc(11)), false);
  });

  it("says that it is ready when the first message begins to wait", () => {
    let ready = 0;
    const backlog = new Backlog({ frames: 9, bytes: 99 }, () => ready++);
    backlog.offer(Buffer.alloc(1));
    backlog.offer(Buffer.alloc(1));
    assert.equal(ready, 1);
    backlog.clear();
    backlog.offer(Buffer.alloc(1));
    assert.equal(ready, 2);
  });

  it("forgets everything at once, and says how much that was", () => {
    const backlog = new Backlog({ frames: 9, bytes: 9 }, silent);
    for (let i = 0; i < 4; i++) backlog.offer(Buffer.alloc(2));
    backlog.take();
    assert.equal(backlog.clear(), 3);
    assert.deepEqual([backlog.length, backlog.take(), backlog.clear()], [0, undefined, 0]);
    assert.equal(backlog.offer(Buffer.alloc(9)), true);
  });

  it("is a bounded queue, whatever comes and goes", () => {
    const steps = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant("take" as const), fc.constant("clear" as const)),
      {
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(steps, fc.nat(20), fc.nat(300), (script, frames, bytes) => {
        const backlog = new Backlog({ frames, bytes }, silent);
        let model: Uint8Array[] = [];
        for (const step of script) {
          if (step === "take") assert.equal(backlog.take(), model.shift());
          else if (step === "clear") {
            assert.equal(backlog.clear(), model.length);
            model = [];
          } else {
            const message = Buffer.alloc(step);
            const held = model.reduce((sum, each) => sum + each.length, 0);
            const fits = model.length < frames && held + step <= bytes;
            assert.equal(backlog.offer(message), fits);
            if (fits) model.push(message);
          }
          assert.equal(backlog.length, model.length);
        }
      }),
      { numRuns: fuzzRuns(200) },
    );
  });

  it("stays in order and takes no longer per message when it is never empty", () => {
    const backlog = new Backlog({ frames: 20_000, bytes: 1e9 }, silent);
    for (let i = 0; i < 10_000; i++) backlog.offer(Buffer.of(i & 0xff));
    for (let i = 0; i < 100_000; i++) {
      backlog.offer(Buffer.of((10_000 + i) & 0xff));
      assert.equal(backlog.take()?.[0], i & 0xff);
    }
    assert.equal(backlog.length, 10_000);
  });
});
