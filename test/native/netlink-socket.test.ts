/** Routing netlink: a dump, notifications, an overrun, and every way for a socket to end. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { NetlinkSocket } from "../../src/addon/addon.js";
import { loadAddon } from "../../src/addon/load.js";
import { noLeaks } from "../support/no-leaks.js";
import { inProcess, inWorker } from "../support/addon-environments.js";
import { Namespace } from "../support/namespace.js";
import { describeNeeding } from "../support/needs.js";
import { until } from "../support/until.js";

const addon = loadAddon();
const linkGroup = 1; // RTNLGRP_LINK
const newLink = 16; // RTM_NEWLINK
const delLink = 17; // RTM_DELLINK
const done = 3; // NLMSG_DONE
const errorMessage = 2; // NLMSG_ERROR

/** RTM_GETLINK for all links: a header with NLM_F_REQUEST | NLM_F_DUMP, and an empty ifinfomsg. */
function dumpRequest(): Uint8Array {
  const message = Buffer.alloc(32);
  message.writeUInt32LE(32, 0);
  message.writeUInt16LE(18, 4);
  message.writeUInt16LE(0x301, 6);
  message.writeUInt32LE(7, 8);
  return message;
}

interface Message {
  readonly type: number;
  readonly sequence: number;
  /** IFLA_IFNAME of a link; else empty. */
  readonly name: string;
}

/** The messages of one datagram. @see netlink(7), rtnetlink(7) */
function messagesOf(bytes: Uint8Array): readonly Message[] {
  const all = Buffer.from(bytes);
  const messages: Message[] = [];
  for (let at = 0; at + 16 <= all.length;) {
    const length = all.readUInt32LE(at);
    const type = all.readUInt16LE(at + 4);
    const link = type === newLink || type === delLink;
    const name = link ? nameIn(all.subarray(at + 32, at + length)) : "";
    messages.push({ type, sequence: all.readUInt32LE(at + 8), name });
    at += (length + 3) & ~3;
  }
  return messages;
}

function nameIn(attributes: Buffer): string {
  for (let at = 0; at + 4 <= attributes.length;) {
    const length = attributes.readUInt16LE(at);
    if (attributes.readUInt16LE(at + 2) === 3) return attributes.toString("latin1", at + 4, at + length - 1);
    at += (length + 3) & ~3;
  }
  return "";
}

describeNeeding(["root", "ip"], "a netlink socket", () => {
  noLeaks();
  let network: Namespace;
  let sockets: NetlinkSocket[];
  let seen: Message[];
  let overruns: number;
  beforeEach(() => {
    network = Namespace.withPair();
    [sockets, seen, overruns] = [[], [], 0];
  });
  afterEach(() => {
    for (const socket of sockets) socket.close();
    network[Symbol.dispose]();
  });

  function open(groups: readonly number[], onMessages = (bytes: Uint8Array) => void seen.push(...messagesOf(bytes))) {
    const socket = addon.openNetlink({ netns: network.path, groups, onMessages, onOverrun: () => overruns++ });
    sockets.push(socket);
    return socket;
  }

  it("dumps the links of its namespace", async () => {
    open([]).send(dumpRequest());
    await until("what the kernel should tell", () => seen.at(-1)?.type === done);
    assert.deepEqual(
      seen.slice(0, -1).map(({ type, sequence, name }) => [type, sequence, name]),
      [
        [newLink, 7, "lo"],
        [newLink, 7, "b"],
        [newLink, 7, "a"],
      ],
    );
  });

  it("hears of links that come and go, in the groups it joined only", async () => {
    const deaf: Message[] = [];
    open([], (bytes) => void deaf.push(...messagesOf(bytes)));
    open([linkGroup]);
    network.ip("link add name c type veth peer name d");
    network.ip("link del dev c");
    await until("what the kernel should tell", () => seen.some(({ type, name }) => type === delLink && name === "c"));
    assert.ok(seen.some(({ type, name }) => type === newLink && name === "d"));
    assert.deepEqual(deaf, []);
  });

  it("gives bytes that are the callee's: later datagrams do not change them", async () => {
    const kept: Uint8Array[] = [];
    const socket = open([], (bytes) => void kept.push(bytes));
    const dumps = () => kept.flatMap((bytes) => messagesOf(bytes)).filter(({ type }) => type === done).length;
    for (let i = 1; i <= 2; i++) {
      socket.send(dumpRequest());
      await until("what the kernel should tell", () => dumps() === i);
    }
    assert.equal(new Set(kept.map(({ buffer }) => buffer)).size, kept.length);
    assert.equal(kept.flatMap((bytes) => messagesOf(bytes)).filter(({ name }) => name === "lo").length, 2);
  });

  it("says when the kernel dropped messages, and goes on", async () => {
    open([linkGroup]);
    // The event loop stands still meanwhile.
    const changes = Array.from({ length: 8000 }, (_, i) => `link set dev a mtu ${1400 + (i % 2)}`);
    network.ipBatch(changes);
    await until("what the kernel should tell", () => overruns > 0);
    // Until the buffer is empty the kernel has no room for another message.
    for (let before = -1; before !== seen.length;) {
      before = seen.length;
      await delay(50);
    }
    assert.ok(seen.length < changes.length);
    network.ip("link add late type veth peer name later");
    await until("what the kernel should tell", () => seen.some(({ name }) => name === "later"));
  });

  it("brings the kernel's refusal of a message as a message", async () => {
    const request = Buffer.from(dumpRequest());
    request.writeUInt16LE(19, 4); // RTM_SETLINK of no link
    request.writeUInt16LE(0x5, 6); // NLM_F_REQUEST | NLM_F_ACK
    open([]).send(request);
    await until("what the kernel should tell", () => seen.some(({ type }) => type === errorMessage));
  });

  it("is refused for a group that the kernel does not have", () => {
    assert.throws(() => open([1024]), { code: "EINVAL", message: /group 1024/ });
  });

  it("throws ERR_CLOSED after close, which may be called twice", () => {
    const socket = open([]);
    socket.close();
    socket.close();
    assert.throws(() => socket.send(dumpRequest()), { code: "ERR_CLOSED", message: "NetlinkSocket is closed" });
  });

  it("may be closed from inside its own callback, which is then the last one", async () => {
    let calls = 0;
    const socket = open([linkGroup], () => {
      calls++;
      socket.close();
      socket.close();
    });
    socket.send(dumpRequest());
    await until("what the kernel should tell", () => calls > 0);
    network.ip("link set dev a mtu 1400");
    await delay(50); // what would come comes now
    assert.equal(calls, 1);
  });

  const options = (extra: string) =>
    `{ netns: ${JSON.stringify(network.path)}, groups: [1], onOverrun: () => {}, ${extra} }`;
  const request = `new Uint8Array(${JSON.stringify([...dumpRequest()])})`;

  it("lets what its callback throws become an uncaught exception, and goes on if that is handled", async () => {
    const { ended, output } = await inProcess(`
      process.on("uncaughtException", (error) => console.log(error.message));
      let calls = 0;
      const socket = addon.openNetlink(${options(`onMessages: () => {
        if (++calls === 2) { socket.close(); return; }
        socket.send(${request});
        throw new Error("mine");
      }`)});
      socket.send(${request});`);
    assert.deepEqual([ended, output], [0, "mine\n"]);
  });

  it("ends a process whose callback throws, as any uncaught exception does", async () => {
    const { ended, errors } = await inProcess(
      `addon.openNetlink(${options(`onMessages: () => { throw new Error("mine"); }`)}).send(${request});`,
    );
    assert.equal(ended, 1);
    assert.match(errors, /Error: mine/);
  });

  it("runs microtasks and next ticks behind its callback", async () => {
    const { ended, output } = await inProcess(`
      const socket = addon.openNetlink(${options(`onMessages: () => {
        socket.close();
        process.nextTick(() => console.log("tick"));
        Promise.resolve().then(() => console.log("microtask"));
        setImmediate(() => console.log("later"));
      }`)});
      socket.send(${request});`);
    assert.deepEqual([ended, output], [0, "tick\nmicrotask\nlater\n"]);
  });

  it("keeps the process running while it is open, and no longer", async () => {
    const { ended, output } = await inProcess(`
      const socket = addon.openNetlink(${options(`onMessages: () => {}`)});
      process.on("exit", () => console.log("exit"));
      setTimeout(() => { console.log("close"); socket.close(); }, 50).unref();`);
    assert.deepEqual([ended, output], [0, "close\nexit\n"]);
  });

  it("stays and listens when nothing refers to it", async () => {
    const { ended, output } = await inProcess(`
      (() => { addon.openNetlink(${options(`onMessages: () => { console.log("heard"); process.exit(0); }`)}).send(
        ${request}); })();
      for (let i = 0; i < 5; i++) gc();`);
    assert.deepEqual([ended, output], [0, "heard\n"]);
  });

  for (const { how, code } of [
    { how: "process.exit", code: "process.exit(0);" },
    { how: "process.exit in its callback", code: "socket.send(request);" },
  ])
    it(`may be open at ${how}`, async () => {
      const { ended, errors } = await inProcess(`
        const request = ${request};
        const socket = addon.openNetlink(${options("onMessages: () => process.exit(0)")});
        ${code}`);
      assert.deepEqual([ended, errors], [0, ""]);
    });

  it("works in a worker and closes with it, however the worker ends", async () => {
    const start = (extra: string) => `
      const request = ${request};
      const socket = addon.openNetlink(${options(extra)});
      socket.send(request);`;
    const closing = await inWorker(start(`onMessages: (bytes) => { post(bytes.length > 16); socket.close(); }`));
    assert.deepEqual(closing, { code: 0, posted: [true], error: undefined });
    const exiting = await inWorker(start(`onMessages: () => process.exit(3)`));
    assert.deepEqual(exiting, { code: 3, posted: [], error: undefined });
    const throwing = await inWorker(start(`onMessages: () => { throw new Error("mine"); }`));
    assert.equal(throwing.error?.message, "mine");
    const leaving = await inWorker(start(`onMessages: () => {}`) + "process.exit(4);");
    assert.deepEqual(leaving, { code: 4, posted: [], error: undefined });
    const halfClosed = await inWorker(start(`onMessages: () => {}`) + "socket.close(); process.exit(5);");
    assert.deepEqual(halfClosed, { code: 5, posted: [], error: undefined });
  });
});
