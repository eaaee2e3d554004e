/** The test of what tests leave behind: it sees what is its own, and nothing else. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { BpfBed } from "../native/bpf-bed.js";
import { describeInNetns } from "../support/needs.js";
import { noLeaks } from "../support/no-leaks.js";
import { Bpffs } from "./bpffs.js";
import { noteOwnPrograms, traces } from "./no-traces.js";

describeInNetns("what noTraces() looks for", () => {
  noLeaks();
  let before: readonly string[];
  const made = () => traces().filter((each) => !before.includes(each));
  beforeEach(() => {
    before = traces();
  });

  /** Waits until nothing is left: the kernel takes programs apart some time after they were closed. */
  async function gone(): Promise<void> {
    for (const end = performance.now() + 3000; made().length > 0 && performance.now() < end;) await delay(20);
    assert.deepEqual(made(), []);
  }

  it("is a program that this process loaded since, as long as it is there", async () => {
    const undo = noteOwnPrograms();
    const bed = new BpfBed();
    try {
      assert.match(made().join(), /^program \d+$/);
    } finally {
      bed.close();
      undo();
    }
    await gone();
  });

  it("is no program that was not noted, as those of other processes are not", () => {
    const bed = new BpfBed();
    try {
      assert.deepEqual(made(), []);
    } finally {
      bed.close();
    }
  });

  it("is a bpffs of this process as long as it is mounted", async () => {
    {
      using bpffs = Bpffs.mount();
      assert.deepEqual(made(), [`mount ${bpffs.at()}`]);
    }
    await gone();
  });
});
