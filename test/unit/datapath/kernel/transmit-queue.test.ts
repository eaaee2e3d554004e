import assert from "node:assert/strict";
import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { PacketSender } from "../../../../src/addon/addon.js";
import { TransmitQueue, queueFrames, refusalOf } from "../../../../src/datapath/kernel/transmit-queue.js";

const { EAGAIN, EIO, EMSGSIZE, ENETDOWN, ENOBUFS, ENODEV, ENXIO } = constants.errno;

/** A sender that refuses what it is told to: the errno for each frame in turn, then none. */
class ScriptedSender implements PacketSender {
  /** The first byte of each frame that went, and how long it was. */
  readonly sent: number[] = [];
  readonly bytes: number[] = [];
  calls = 0;
  closed = false;

  constructor(readonly answers: number[] = []) {}

  send(block: Uint8Array, ends: Uint32Array, count: number, results: Int32Array): number {
    this.calls++;
    const before = this.sent.length;
    let full = false;
    for (let i = 0; i < count; i++) {
      const errno: number = full ? EAGAIN : (this.answers.shift() ?? 0);
      full ||= errno === EAGAIN;
      results[i] = errno;
      const frame = block.slice(ends[i - 1] ?? 0, ends[i]);
      if (errno !== 0) continue;
      this.sent.push(frame[0] ?? -1);
      this.bytes.push(frame.length);
    }
    return this.sent.length - before;
  }

  promiscuous(): void {}

  close(): void {
    this.closed = true;
  }
}

function queueOver(sender: PacketSender, carrier = true) {
  const refused: [unknown, string][] = [];
  const counted = { sent: 0 };
  const queue = new TransmitQueue(sender, {
    onSent: (frames) => (counted.sent += frames),
    onRefused: (token, reason) => refused.push([token, reason]),
    hasCarrier: () => carrier,
  });
  return { queue, refused, counted };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const frame = (first: number) => Uint8Array.from([first, ...new Uint8Array(59)]);

describe("a transmit queue", () => {
  it("sends what one turn brought in one call, copied when it was offered", async () => {
    const sender = new ScriptedSender();
    const { queue, counted } = queueOver(sender);
    const reused = frame(1);
    queue.offer(reused, {});
    reused[0] = 9;
    queue.offer(frame(2), {});
    assert.equal(sender.calls, 0);
    await turn();
    assert.deepEqual([sender.calls, sender.sent, counted.sent], [1, [1, 2], 2]);
    queue.close("port-down");
  });

  it("sends at once when it is full, and says so when the kernel takes nothing", () => {
    const { queue } = queueOver(new ScriptedSender());
    for (let i = 0; i < queueFrames; i++) queue.offer(frame(1), {});
    assert.equal(queue.offer(frame(1), {}), "accepted");
    queue.close("port-down");

    const stuck = queueOver(new ScriptedSender(new Array<number>(4000).fill(EAGAIN)));
    for (let i = 0; i < queueFrames; i++) stuck.queue.offer(frame(1), {});
    assert.equal(stuck.queue.offer(frame(1), {}), "queue-full");
    stuck.queue.close("port-down");
  });

  it("tries again what the kernel had no room for, in order", async () => {
    const sender = new ScriptedSender([0, EAGAIN, EAGAIN, ENOBUFS]);
    const { queue, refused, counted } = queueOver(sender);
    for (const first of [1, 2, 3]) queue.offer(frame(first), {});
    while (counted.sent < 3) await delay(1);
    assert.deepEqual([sender.sent.toSorted(), refused], [[1, 2, 3], []]);
    queue.close("port-down");
  });

  it("keeps frames of all sizes whole while it waits, and refuses one among them", async () => {
    const sender = new ScriptedSender([0, EMSGSIZE, EAGAIN]);
    const { queue, refused, counted } = queueOver(sender);
    const frames = [60, 9000, 61, 14, 200_000, 120].map((length, i) => new Uint8Array(length).fill(i + 1));
    const tokens = frames.map((frame) => ({ length: frame.length }));
    frames.forEach((frame, i) => queue.offer(frame, tokens[i] ?? {}));
    await turn();
    queue.offer(frame(7), {});
    while (counted.sent < 6) await delay(1);
    assert.deepEqual(sender.sent, [1, 3, 4, 5, 6, 7]);
    assert.deepEqual(sender.bytes, [60, 61, 14, 200_000, 120, 60]);
    assert.deepEqual(refused, [[tokens[1], "mtu-exceeded"]]);
    queue.close("port-down");
  });

  it("gives a frame back as queue-full when there is no room for too long", async () => {
    const { queue, refused } = queueOver(new ScriptedSender(new Array<number>(100_000).fill(EAGAIN)));
    const token = {};
    queue.offer(frame(1), token);
    while (refused.length === 0) await delay(5);
    assert.deepEqual(refused, [[token, "queue-full"]]);
    queue.close("port-down");
  });

  it("gives a frame back as no-carrier when the kernel has no room and nobody is there", async () => {
    const { queue, refused } = queueOver(new ScriptedSender([ENOBUFS]), false);
    const token = {};
    queue.offer(frame(1), token);
    await turn();
    assert.deepEqual(refused, [[token, "no-carrier"]]);
    queue.close("port-down");
  });

  it("gives back what waits when it closes", () => {
    const sender = new ScriptedSender();
    const { queue, refused } = queueOver(sender);
    const token = {};
    queue.offer(frame(1), token);
    queue.close("unknown-port");
    assert.deepEqual([refused, sender.sent, sender.closed], [[[token, "unknown-port"]], [], true]);
  });

  for (const [errno, want] of [
    [EMSGSIZE, "mtu-exceeded"],
    [ENETDOWN, "port-down"],
    [ENOBUFS, "no-carrier"],
    [ENXIO, "unknown-port"],
    [ENODEV, "unknown-port"],
    [EIO, "queue-full"],
  ] as const) {
    it(`calls errno ${errno} ${want}`, () => assert.equal(refusalOf(errno), want));
  }
});
