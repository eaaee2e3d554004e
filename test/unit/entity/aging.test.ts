import assert from "node:assert/strict";
import { Activity } from "../../../src/entity/aging.js";

describe("the activity of an entry", () => {
  it("begins when the entry can be hit", () => {
    const activity = new Activity();
    assert.deepEqual([activity.elapsedNs(70), activity.isDue(1n, 70)], [0, false]);
    activity.counted(0, 100);
    assert.deepEqual([activity.elapsedNs(110), activity.isDue(10n, 109), activity.isDue(10n, 110)], [10, false, true]);
  });

  it("begins again with each look that finds more hits", () => {
    const activity = new Activity(0);
    activity.counted(3, 50);
    activity.counted(3, 60);
    assert.deepEqual([activity.elapsedNs(70), activity.isDue(20n, 70)], [20, true]);
  });

  it("takes fewer hits than before as a counter that began again", () => {
    const activity = new Activity(0);
    activity.counted(5, 10);
    activity.counted(2, 20);
    assert.equal(activity.elapsedNs(20), 10);
    activity.counted(3, 30);
    assert.equal(activity.elapsedNs(30), 0);
  });

  it("sees the first hit of a counter that is known to begin again", () => {
    const activity = new Activity(0);
    activity.counted(5, 10);
    activity.restart();
    activity.counted(1, 20);
    assert.equal(activity.elapsedNs(20), 0);
  });

  it("is due once per timeout, and the last hit stays where it was", () => {
    const activity = new Activity(0);
    assert.equal(activity.isDue(10n, 15), true);
    activity.notified(15);
    assert.deepEqual([activity.isDue(10n, 24), activity.isDue(10n, 25), activity.elapsedNs(25)], [false, true, 25]);
  });

  it("is never due without a timeout, nor before the longest", () => {
    const activity = new Activity(0);
    assert.deepEqual([activity.isDue(0n, 2 ** 60), activity.isDue(2n ** 63n - 1n, 2 ** 62)], [false, false]);
  });
});
