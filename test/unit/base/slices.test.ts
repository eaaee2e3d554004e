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
});
