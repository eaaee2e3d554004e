import assert from "node:assert/strict";
import type { PuntedBatch } from "../../../../src/datapath/datapath.js";
import type { PortId } from "../../../../src/datapath/port.js";
import { PuntQueue } from "../../../../src/datapath/soft/punt-queue.js";

const port = (id: number) => id as PortId;
const forever = new AbortController().signal;
const frame = (bytes: number, fill: number) => new Uint8Array(bytes).fill(fill);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function next(reading: AsyncIterator<PuntedBatch, void, void>): Promise<PuntedBatch> {
  const result = await reading.next();
  return result.done === true ? assert.fail("a batch is there") : result.value;
}

describe("PuntQueue", () => {
  it("gives what one turn of the event loop brings as one batch", async () => {
    const queue = new PuntQueue({ frames: 10_000, bytes: 1e8 });
    const reading = queue.read(forever);
    const first = next(reading);
    for (let i = 0; i < 1000; i++) {
      assert.ok(queue.offer(frame(100 + i, i & 0xff), port(i + 1), port(2)));
      if (i % 100 === 0) await Promise.resolve();
    }
    const batch = await first;
    assert.equal(batch.count, 1000);
    for (let i = 0; i < 1000; i++) {
      const at = batch.offsets[i] ?? -1;
      const length = batch.lengths[i] ?? -1;
      assert.deepEqual(batch.slab.slice(at, at + length), frame(100 + i, i & 0xff));
      assert.deepEqual([batch.ingressPorts[i], batch.egressPorts[i]], [i + 1, 2]);
    }
    batch.release();
  });

  it("refuses frames beyond its limits until batches are released", async () => {
    for (const limit of [
      { frames: 3, bytes: 1e6 },
      { frames: 1000, bytes: 3 * 60 },
    ]) {
      const queue = new PuntQueue(limit);
      const offer = () => queue.offer(frame(60, 1), port(1), 0);
      const reading = queue.read(forever);
      assert.deepEqual([offer(), offer(), offer(), offer()], [true, true, true, false]);
      const batch = await next(reading);
      assert.equal(offer(), false);
      batch.release();
      assert.equal(offer(), true);
    }
  });

  it("uses a slab again once it is released, and not before", async () => {
    const queue = new PuntQueue({ frames: 100, bytes: 1e6 });
    const reading = queue.read(forever);
    const batches: PuntedBatch[] = [];
    for (let i = 0; i < 4; i++) {
      queue.offer(frame(60, i), port(1), 0);
      const batch = await next(reading);
      assert.deepEqual(batch.slab.slice(0, 60), frame(60, i));
      if (i > 0) batch.release();
      batches.push(batch);
    }
    const [held, second, third, fourth] = batches.map((batch) => batch.slab);
    assert.ok(second === fourth, "one slab fills while the other is read");
    assert.ok(held !== second && held !== third);
  });

  it("throws if a batch is released twice or a second consumer comes", async () => {
    const queue = new PuntQueue({ frames: 100, bytes: 1e6 });
    const reading = queue.read(forever);
    queue.offer(frame(60, 0), port(1), 0);
    const batch = await next(reading);
    batch.release();
    assert.throws(() => batch.release(), { name: "InvariantError" });
    await assert.rejects(queue.read(forever).next(), { name: "InvariantError" });
  });

  it("gives what waits and ends when closed, or at once when aborted", async () => {
    const queue = new PuntQueue({ frames: 100, bytes: 1e6 });
    queue.offer(frame(60, 0), port(1), 0);
    queue.close();
    assert.equal(queue.offer(frame(60, 0), port(1), 0), false);
    const reading = queue.read(forever);
    assert.equal((await next(reading)).count, 1);
    assert.equal((await reading.next()).done, true);

    const stop = new AbortController();
    const waiting = new PuntQueue({ frames: 1, bytes: 1e6 }).read(stop.signal).next();
    await turn();
    stop.abort();
    assert.equal((await waiting).done, true);
  });
});
