import assert from "node:assert/strict";
import { Mailbox } from "../../../src/base/mailbox.js";

class Full extends Error {}
const box = (limit: number) => new Mailbox<{ n: number }>(limit, (lost) => new Full(`${lost} lost`));
const forever = new AbortController().signal;

/** Everything the reading gives, and the error it ends with. */
async function all(reading: AsyncIterable<{ n: number }>): Promise<{ items: number[]; error?: string }> {
  const items: number[] = [];
  try {
    for await (const { n } of reading) items.push(n);
  } catch (error) {
    assert.ok(error instanceof Full);
    return { items, error: error.message };
  }
  return { items };
}

describe("Mailbox", () => {
  it("gives what was pushed before the reading, in order, and ends when closed", async () => {
    const mail = box(3);
    for (const n of [1, 2, 3]) mail.push({ n });
    mail.close();
    mail.push({ n: 4 });
    assert.deepEqual(await all(mail.read(forever)), { items: [1, 2, 3] });
  });

  it("wakes its reader", async () => {
    const mail = box(3);
    const reading = all(mail.read(forever));
    for (const n of [1, 2]) {
      await new Promise((resolve) => setImmediate(resolve));
      mail.push({ n });
    }
    mail.close();
    assert.deepEqual(await reading, { items: [1, 2] });
  });

  it("loses what would exceed its bytes, and takes more once some are read", async () => {
    const mail = new Mailbox<{ n: number }>(
      { items: 10, bytes: 5, bytesOf: ({ n }) => n },
      (lost) => new Full(`${lost} lost`),
    );
    mail.push({ n: 5 });
    const reading = mail.read(forever)[Symbol.asyncIterator]();
    assert.deepEqual((await reading.next()).value, { n: 5 });
    mail.push({ n: 3 });
    mail.push({ n: 3 });
    assert.deepEqual((await reading.next()).value, { n: 3 });
    await assert.rejects(async () => reading.next(), /1 lost/);
  });

  it("gives what fitted, then the error with the number lost", async () => {
    const mail = box(2);
    for (const n of [1, 2, 3, 4, 5]) mail.push({ n });
    assert.deepEqual(await all(mail.read(forever)), { items: [1, 2], error: "3 lost" });
  });

  it("loses what comes after a loss, so that the reader never sees a gap", async () => {
    const mail = box(2);
    for (const n of [1, 2, 3]) mail.push({ n });
    const reading = mail.read(forever)[Symbol.asyncIterator]();
    assert.deepEqual((await reading.next()).value, { n: 1 });
    mail.push({ n: 4 });
    assert.deepEqual((await reading.next()).value, { n: 2 });
    await assert.rejects(reading.next(), { message: "2 lost" });
  });

  it("keeps its limit over a long time", async () => {
    const mail = box(4);
    const reading = mail.read(forever)[Symbol.asyncIterator]();
    for (let n = 0; n < 1000; n++) {
      mail.push({ n });
      if (n > 2) assert.deepEqual((await reading.next()).value, { n: n - 3 });
    }
  });

  it("ends at an abort, also of a signal that was aborted before, and says so once", async () => {
    for (const early of [true, false]) {
      const stop = new AbortController();
      let ended = 0;
      if (early) stop.abort();
      const reading = all(box(1).read(stop.signal, () => ended++));
      stop.abort();
      assert.deepEqual(await reading, { items: [] });
      assert.ok(ended > 0);
    }
  });
});
