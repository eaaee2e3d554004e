import assert from "node:assert/strict";
import { Turn } from "../../../src/base/turn.js";

describe("a turn", () => {
  it("has one holder at a time, in the order of asking", async () => {
    const turn = new Turn();
    const log: string[] = [];
    const work = (name: string) =>
      turn.run(async () => {
        log.push(`${name} begins`);
        await Promise.resolve();
        log.push(`${name} ends`);
        return name;
      });
    assert.deepEqual(await Promise.all(["a", "b", "c"].map(work)), ["a", "b", "c"]);
    assert.deepEqual(log, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  it("begins at once when it is free", () => {
    const turn = new Turn();
    let begun = false;
    const done = turn.run(() => {
      begun = true;
    });
    assert.equal(begun, true);
    return done;
  });

  it("goes on to the next holder after a failure, which its caller gets", async () => {
    const turn = new Turn();
    const failing = turn.run(() => Promise.reject(new Error("lost")));
    const next = turn.run(() => "next");
    await assert.rejects(failing, /lost/);
    assert.equal(await next, "next");
  });

  it("is busy while somebody holds it or waits for it", async () => {
    const turn = new Turn();
    assert.equal(turn.busy, false);
    const both = Promise.all([turn.run(() => Promise.resolve()), turn.run(() => {})]);
    assert.equal(turn.busy, true);
    await both;
    assert.equal(turn.busy, false);
  });
});
