/** Frames out of a netdev, as they are on the wire. */
import assert from "node:assert/strict";
import { constants } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import type { PacketSender } from "../../src/addon/addon.js";
import { loadAddon } from "../../src/addon/load.js";
import { inventory, noLeaks } from "../support/no-leaks.js";
import { inWorker } from "../support/addon-environments.js";
import { captured } from "../support/capture.js";
import { Namespace } from "../support/namespace.js";
import { describeNeeding } from "../support/needs.js";
import { packedFrames, sendFrames } from "../support/send-frames.js";

const addon = loadAddon();
const { EINVAL, EMSGSIZE, ENETDOWN, ENOBUFS, ENXIO } = constants.errno;

/** An LLDP frame of `length` bytes, each byte behind the header another. */
function lldp(length: number, seed = 0): Uint8Array {
  const head = Buffer.from("0180c200000e02000000000188cc", "hex");
  return Uint8Array.from({ length }, (_, i) => head[i] ?? (i * 7 + seed) & 0xff);
}

function tagged(tpid: number, length: number): Uint8Array {
  const inner = lldp(length);
  return Uint8Array.from([...inner.subarray(0, 12), tpid >> 8, tpid & 0xff, 0x6f, 0xa0, ...inner.subarray(12)]);
}

function padded(frame: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: Math.max(60, frame.length) }, (_, i) => frame[i] ?? 0);
}

describeNeeding(["root", "ip"], "a packet sender", () => {
  noLeaks();
  let network: Namespace;
  let sender: PacketSender;
  beforeEach(() => {
    network = Namespace.withPair();
    sender = open();
  });
  afterEach(() => {
    sender.close();
    network[Symbol.dispose]();
  });

  function open(): PacketSender {
    return addon.openPacketSender({ netns: network.path, ifindex: network.ifindex("a") });
  }

  function send(...frames: readonly Uint8Array[]): readonly number[] {
    return [...sendFrames(sender, frames)];
  }

  it("sends frames as they are, short ones padded with zeros to 60 bytes", async () => {
    const frames = [14, 59, 60, 61, 1514].map((length) => lldp(length));
    const seen = await captured(network, "b", frames.length, () => assert.deepEqual(send(...frames), [0, 0, 0, 0, 0]));
    assert.deepEqual(seen, frames.map(padded));
  });

  it("sends VLAN tags as they are, 802.1Q and 802.1ad, at the full size of the MTU too", async () => {
    const frames = [tagged(0x8100, 60), tagged(0x88a8, 60), tagged(0x8100, 1514), tagged(0x8100, 20)];
    const seen = await captured(network, "b", frames.length, () => assert.deepEqual(send(...frames), [0, 0, 0, 0]));
    assert.deepEqual(seen, frames.map(padded));
  });

  it("sends batches of any size in order, and goes on behind a frame that is refused", async () => {
    const frames = Array.from({ length: 200 }, (_, i) => lldp(100, i));
    const bad = new Set([0, 63, 64, 130, 199]);
    for (const i of bad) frames[i] = lldp(i % 2 === 0 ? 13 : 1600);
    const want = frames.map((frame, i) => (!bad.has(i) ? 0 : frame.length < 14 ? EINVAL : EMSGSIZE));
    const seen = await captured(network, "b", 195, () => assert.deepEqual(send(...frames), want));
    assert.deepEqual(
      seen,
      frames.filter((_, i) => !bad.has(i)),
    );
  });

  it("takes no frames at all", () => {
    assert.deepEqual(send(), []);
  });

  it("says how many frames went, and looks at no more than it is told of", () => {
    const { block, ends } = packedFrames([lldp(60), lldp(13), lldp(60), lldp(60)]);
    const results = new Int32Array(4).fill(-1);
    assert.equal(sender.send(block, ends, 3, results), 2);
    assert.deepEqual([...results], [0, EINVAL, 0, -1]);
  });

  for (const { what, change, want } of [
    { what: "its netdev is down", change: "link set dev a down", want: ENETDOWN },
    { what: "there is no carrier", change: "link set dev b down", want: ENOBUFS },
    { what: "its netdev is gone", change: "link del dev a", want: ENXIO },
  ])
    it(`answers errno ${want} for each frame if ${what}`, () => {
      network.ip(change);
      // The first send after the change may be told of it by a pending error of the socket.
      send(lldp(60));
      assert.deepEqual(send(lldp(60), lldp(60)), [want, want]);
    });

  it("is refused for a netdev that is not there", () => {
    const absent = { netns: network.path, ifindex: 2 ** 31 - 1 };
    assert.throws(() => addon.openPacketSender(absent), {
      code: "ENODEV",
      syscall: "bind(AF_PACKET)",
      message: /ifindex 2147483647/,
    });
  });

  it("asks for promiscuity once, and gives it back when told to or closed", () => {
    assert.equal(network.promiscuity("a"), 0);
    sender.promiscuous("off");
    sender.promiscuous("on");
    sender.promiscuous("on");
    assert.equal(network.promiscuity("a"), 1);
    sender.promiscuous("off");
    assert.equal(network.promiscuity("a"), 0);
    sender.promiscuous("on");
    sender.close();
    assert.equal(network.promiscuity("a"), 0);
  });

  it("gives promiscuity back without an error when the netdev is gone", () => {
    sender.promiscuous("on");
    network.ip("link del dev a");
    sender.promiscuous("off");
  });

  it("throws ERR_CLOSED after close, which may be called twice", () => {
    sender.close();
    sender.close();
    assert.throws(() => send(lldp(60)), { code: "ERR_CLOSED", message: "PacketSender is closed" });
    assert.throws(() => sender.promiscuous("on"), { code: "ERR_CLOSED" });
  });

  it("closes when it is collected", async () => {
    const before = inventory();
    (() => void open())();
    const opened = () =>
      [...inventory().keys()].filter((name) => name.includes("socket:[") && !before.has(name)).length;
    const deadline = performance.now() + 5000;
    while (opened() > 0 && performance.now() < deadline) {
      globalThis.gc?.();
      await turn();
    }
    assert.equal(opened(), 0);
  });

  it("closes with the worker that opened it, and works in it", async () => {
    const options = JSON.stringify({ netns: network.path, ifindex: network.ifindex("a") });
    const seen = await captured(network, "b", 1, () => {
      void inWorker(`
        const sender = addon.openPacketSender(${options});
        sender.promiscuous("on");
        sender.send(new Uint8Array(60).fill(7), Uint32Array.of(60), 1, new Int32Array(1));`);
    });
    assert.deepEqual(seen, [new Uint8Array(60).fill(7)]);
    const deadline = performance.now() + 5000;
    while (network.promiscuity("a") > 0 && performance.now() < deadline) await turn();
    assert.equal(network.promiscuity("a"), 0);
  });
});
