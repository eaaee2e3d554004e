import assert from "node:assert/strict";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { Daemon, Folder } from "../support/daemon.js";
import { describeNeeding } from "../support/needs.js";
import { noLeaks } from "../support/no-leaks.js";

/** Node has no datagram sockets of the unix domain. A line for each message; ends with its standard input. */
const receiver = `
import socket, sys, threading, os
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
while True: print(s.recv(4096).decode().replace("\\n", "|"), flush=True)
`;

/** Stands for the service manager. */
class Manager implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: string[] = [];
  #wake: () => void = () => {};

  constructor(path: string) {
    this.#child = spawn("python3", ["-c", receiver, path], { stdio: ["pipe", "pipe", "inherit"] });
    createInterface(this.#child.stdout).on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
  }

  /** The first `count` lines, when they have come. */
  async lines(count: number): Promise<readonly string[]> {
    while (this.#lines.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#lines.slice(0, count);
  }

  get all(): readonly string[] {
    return this.#lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await once(this.#child, "close");
  }
}

describeNeeding(["python3"], "p4rtd under a service manager", () => {
  noLeaks();

  it("says READY=1 once it serves and STOPPING=1 when it stops, and nothing else without a watchdog", async () => {
    using folder = new Folder();
    const socket = folder.at("notify");
    await using manager = new Manager(socket);
    await manager.lines(1);
    await using daemon = await Daemon.start({ environment: { NOTIFY_SOCKET: socket } });
    assert.deepEqual(await manager.lines(2), ["bound", "READY=1"]);
    const client = await daemon.client();
    await client.capabilities();
    assert.equal((await daemon.stop()).code, 0);
    assert.deepEqual(await manager.lines(3), ["bound", "READY=1", "STOPPING=1"]);
  });

  it("does not say READY=1 when a listener cannot be bound", async () => {
    using folder = new Folder();
    const socket = folder.at("notify");
    await using manager = new Manager(socket);
    await manager.lines(1);
    const yaml = "listeners: [{ unix: /nowhere/p4rtd.sock, insecure: true }]";
    const ended = await Daemon.outcome({ yaml, environment: { NOTIFY_SOCKET: socket } });
    assert.equal(ended.code, 71);
    assert.deepEqual(manager.all, ["bound"]);
  });

  it("feeds the watchdog twice in its time, and only a watchdog that is for it", async () => {
    using folder = new Folder();
    const socket = folder.at("notify");
    await using manager = new Manager(socket);
    await manager.lines(1);
    const environment = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" };
    await using daemon = await Daemon.start({ environment });
    assert.deepEqual(await manager.lines(2), ["bound", "READY=1"]);
    const began = performance.now();
    assert.deepEqual((await manager.lines(5)).slice(2), ["WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
    assert.ok(performance.now() - began < 3 * 400, "three messages within three times of the watchdog");
    assert.equal((await daemon.stop()).code, 0);
    await using other = await Daemon.start({ environment: { ...environment, WATCHDOG_PID: "1" } });
    await other.stop();
    const [ready, stopping, ...more] = manager.all.slice(manager.all.indexOf("STOPPING=1") + 1);
    assert.deepEqual([ready, stopping, more], ["READY=1", "STOPPING=1", []]);
  });

  it("stops feeding the watchdog while its event loop hangs", async () => {
    using folder = new Folder();
    const socket = folder.at("notify");
    await using manager = new Manager(socket);
    await manager.lines(1);
    const hanging = 'data:text/javascript,process.on("SIGUSR2",()=>{for(;;);})';
    const environment = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: "100000" };
    await using daemon = await Daemon.start({ environment, nodeArguments: ["--import", hanging] });
    await manager.lines(3);
    daemon.signal("SIGUSR2");
    // Two times of the watchdog without a message: what is on its way has arrived then.
    let before: number;
    do {
      before = manager.all.length;
      await new Promise((resolve) => setTimeout(resolve, 200));
    } while (manager.all.length > before);
    assert.ok(manager.all.every((line) => line !== "STOPPING=1"));
  });

  it("goes on, with an event, when nobody hears it", async () => {
    await using daemon = await Daemon.start({ environment: { NOTIFY_SOCKET: "/nowhere/notify" } });
    const { level, state } = await daemon.event("daemon.not_heard");
    assert.deepEqual([level, state], ["warn", "READY=1"]);
    assert.equal((await daemon.stop()).code, 0);
  });
});
