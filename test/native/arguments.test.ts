/** Arguments of the wrong shape: TypeError that names the method and what it takes, and nothing happens. */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { Addon, NetlinkSocket, PacketSender } from "../../src/addon/addon.js";
import { loadAddon } from "../../src/addon/load.js";
import { noLeaks } from "../support/no-leaks.js";
import { Namespace } from "../support/namespace.js";
import { describeNeeding } from "../support/needs.js";

const addon = loadAddon();
/** What JavaScript may hand over where a whole number is asked for. */
const noIndex = [NaN, -1, 0, 0.5, 2 ** 31, 2 ** 53, Infinity, "1", 1n, undefined, null, {}];
const noString = ["", "a\0b", 1, null, {}, []];
const ignore = () => {};

/** An object whose field throws when it is read. */
function throwing(field: string): object {
  return Object.defineProperty({}, field, {
    enumerable: true,
    get: () => {
      throw new RangeError("mine");
    },
  });
}

/** Calls a function of the addon with what its types forbid. */
function call(name: keyof Addon, ...args: readonly unknown[]): unknown {
  return (addon[name] as (...args: readonly unknown[]) => unknown)(...args);
}

function refuses(name: keyof Addon, ...args: readonly unknown[]): void {
  assert.throws(
    () => call(name, ...args),
    (error) => error instanceof TypeError && error.message.includes(name),
  );
}

describe("the addon's functions", () => {
  noLeaks();

  it("refuse options that are no object", () => {
    for (const name of [
      "openPacketSender",
      "openNetlink",
      "createTap",
      "deleteTap",
      "disableOffloads",
      "transmitDrops",
      "lockName",
    ] as const)
      for (const options of [undefined, null, 1, "x", []]) refuses(name, options);
  });

  it("refuse anything but a netdev's index", () => {
    for (const ifindex of noIndex)
      for (const name of ["openPacketSender", "transmitDrops"] as const) refuses(name, { netns: undefined, ifindex });
  });

  it("refuse anything but a path as netns", () => {
    for (const netns of noString) {
      refuses("openPacketSender", { netns, ifindex: 1 });
      refuses("openNetlink", { netns, groups: [], onMessages: ignore, onOverrun: ignore });
      refuses("createTap", { netns, name: "p4tap" });
      refuses("lockName", { netns, name: "p4tap" });
    }
  });

  it("refuse names that are no netdev's, patterns among them", () => {
    for (const name of [...noString, "a".repeat(16), "tap%d", "a/b", "a b", "a:1", ".", ".."]) {
      refuses("createTap", { netns: undefined, name });
      refuses("deleteTap", { netns: undefined, name });
      refuses("disableOffloads", { netns: undefined, name });
    }
  });

  it("refuse groups and callbacks that are none", () => {
    const good = { netns: undefined, groups: [], onMessages: ignore, onOverrun: ignore };
    for (const groups of [undefined, 1, "1", [0], [-1], [NaN], [1.5], [2 ** 53], [1025], ["1"], new Array(2 ** 32 - 1)])
      refuses("openNetlink", { ...good, groups });
    for (const callback of [undefined, null, 1, {}]) {
      refuses("openNetlink", { ...good, onMessages: callback });
      refuses("openNetlink", { ...good, onOverrun: callback });
    }
  });

  it("refuse lock names, folders, sockets and states that are none", () => {
    for (const text of noString) {
      refuses("lockName", { netns: undefined, name: text });
      refuses("mountBpffs", text);
      refuses("notify", text, "READY=1");
      refuses("notify", "/run/x", text);
    }
    refuses("lockName", { netns: undefined, name: "x".repeat(101) });
  });

  it("let through what a getter of the caller throws", () => {
    for (const [name, field] of [
      ["openPacketSender", "ifindex"],
      ["openNetlink", "groups"],
      ["createTap", "name"],
      ["lockName", "netns"],
    ] as const)
      assert.throws(() => call(name, throwing(field)), new RangeError("mine"));
  });

  it("name the system call and its error where the kernel refuses", () => {
    assert.throws(() => addon.lockName({ netns: "/absent", name: "x" }), {
      code: "ENOENT",
      errno: 2,
      syscall: "open(/absent)",
      message: "ENOENT: No such file or directory, open(/absent)",
    });
    const notNetns = { netns: "/proc/self/exe", name: "x" };
    assert.throws(() => addon.lockName(notNetns), { code: "EINVAL", syscall: "setns(/proc/self/exe)" });
  });
});

describe("what the addon exports", () => {
  it("has the datapath's drop reasons by their names", async () => {
    const { dropReasons } = await import("../../src/datapath/drop-reason.js");
    assert.deepEqual(
      addon.dropReasons.filter((reason) => !(reason in dropReasons)),
      [],
    );
    assert.equal(new Set(addon.dropReasons).size, addon.dropReasons.length);
    assert.ok(addon.dropReasons.length > 0);
  });

  it("has openBpf exactly if it was built with libbpf", () => {
    assert.equal(typeof addon.openBpf, addon.libbpf === undefined ? "undefined" : "function");
    assert.match(addon.libbpf ?? "0.0", /^\d+\.\d+$/);
  });
});

describeNeeding(["root", "ip"], "objects of the addon", () => {
  noLeaks();
  let network: Namespace;
  let sender: PacketSender;
  let netlink: NetlinkSocket;
  before(() => {
    network = Namespace.withPair();
    sender = addon.openPacketSender({ netns: network.path, ifindex: network.ifindex("a") });
    netlink = addon.openNetlink({ netns: network.path, groups: [], onMessages: ignore, onOverrun: ignore });
  });
  after(() => {
    sender.close();
    netlink.close();
    network[Symbol.dispose]();
  });

  const frame = new Uint8Array(60);
  const ends = Uint32Array.of(60);
  for (const { what, args } of [
    { what: "no block", args: [undefined, ends, 1, new Int32Array(1)] },
    { what: "a block of another type", args: [new Uint16Array(30), ends, 1, new Int32Array(1)] },
    { what: "a block that is an ArrayBuffer", args: [frame.buffer, ends, 1, new Int32Array(1)] },
    { what: "no ends", args: [frame, undefined, 1, new Int32Array(1)] },
    { what: "ends of another type", args: [frame, Int32Array.of(60), 1, new Int32Array(1)] },
    { what: "an end behind the block", args: [frame, Uint32Array.of(61), 1, new Int32Array(1)] },
    { what: "an end before the frame's beginning", args: [frame, Uint32Array.of(30, 29), 2, new Int32Array(2)] },
    ...noIndex
      .filter((count) => count !== 0)
      .map((count) => ({
        what: `a count of ${inspect(count)}`,
        args: [frame, ends, count, new Int32Array(1)],
      })),
    { what: "a count of more than the ends", args: [frame, ends, 2, new Int32Array(2)] },
    { what: "no results", args: [frame, ends, 1, undefined] },
    { what: "results of another type", args: [frame, ends, 1, new Uint32Array(1)] },
    { what: "fewer results than frames", args: [frame, Uint32Array.of(30, 60), 2, new Int32Array(1)] },
  ])
    it(`send refuses ${what}`, () => {
      const send = sender.send.bind(sender) as (...args: readonly unknown[]) => void;
      assert.throws(() => send(...args), { name: "TypeError", message: /^PacketSender\.send: / });
    });

  it("send refuses frames of a block that is detached, and results that are", () => {
    const [gone, results] = [new Uint8Array(60), new Int32Array(1)];
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    assert.throws(() => sender.send(gone, ends, 1, results), TypeError);
    structuredClone(results.buffer, { transfer: [results.buffer] });
    assert.throws(() => sender.send(frame, ends, 1, results), TypeError);
  });

  it("promiscuous refuses anything but on and off", () => {
    for (const word of [true, "ON", "", 1, undefined])
      assert.throws(() => sender.promiscuous(word as "on"), { name: "TypeError", message: /promiscuous/ });
  });

  it("netlink's send refuses what cannot be a message", () => {
    const detached = new Uint8Array(16);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    for (const message of [undefined, "x", new Uint8Array(15), new Uint16Array(16), detached])
      assert.throws(() => netlink.send(message as Uint8Array), { name: "TypeError", message: /NetlinkSocket\.send/ });
  });

  it("cannot be made by their constructors, and methods refuse another's object", () => {
    for (const object of [sender, netlink]) {
      const Class = object.constructor as new (...args: unknown[]) => unknown;
      assert.throws(() => new Class(), TypeError);
      assert.throws(() => new Class({}), TypeError);
    }
    assert.throws(() => sender.close.call(netlink), TypeError);
    assert.throws(() => netlink.close.call({}), TypeError);
  });
});
