import assert from "node:assert/strict";
import { Slices, sliceMs } from "../../../src/base/slices.js";

describe("slices of work", () => {
  it("are due once their time is used up, and a pause lets others run", async () => {
    const slices = new Slices();
    const began = performance.now();
    while (!slices.due);
    assert.ok(performance.now() - began >= sliceMs / 2);
    let ran = false;
    setImmediate(() => (ran = true));
    await slices.pause();
    assert.equal(ran, true);
  });

  it("pause for as long as work of three turns takes", async () => {
    let ran = false;
    setImmediate(() => setImmediate(() => setImmediate(() => (ran = true))));
    await new Slices().pause();
    assert.equal(ran, true);
  });

  it("come one per turn of the event loop, in the order of asking", async () => {
    const order: string[] = [];
    const work = async (name: string) => {
      const slices = new Slices();
      for (let i = 0; i < 2; i++) {
        await slices.pause();
        order.push(name);
      }
    };
    let turns = 0;
    let counting = true;
    const turn = () => {
      turns++;
      if (counting) setImmediate(turn);
    };
    setImmediate(turn);
    await Promise.all(["a", "b", "c"].map(work));
    counting = false;
    assert.deepEqual(order, ["a", "b", "c", "a", "b", "c"]);
    assert.ok(turns >= 5, `${turns} turns`);
    assert.equal(new Slices().crowded, false);
  });
});
