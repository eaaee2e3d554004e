/** A network namespace with two ports, and a run-time folder, for a p4rtd with a kernel datapath. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { loadAddon } from "../../src/addon/load.js";
import { Daemon, Folder, type DaemonOptions, type Ended } from "./daemon.js";
import { isAttached } from "./attached.js";
import { run } from "./commands.js";
import { Namespace } from "./namespace.js";
import { sendFrames } from "./send-frames.js";

/** Ports swp1 and swp2, whose other ends are far1 and far2, all up. */
export class KernelBox implements Disposable {
  readonly netns = Namespace.add("box", "p4tn");
  readonly #folder = new Folder();

  constructor() {
    this.netns.ip("link set lo up");
    for (const port of ["1", "2"]) this.netns.pair(`swp${port}`, `far${port}`);
  }

  /** The run-time folder. */
  get run(): string {
    return this.#folder.at("run");
  }

  /** Below the run-time folder, nothing if it is not there. */
  left(below = ""): readonly string[] {
    const path = `${this.run}${below}`;
    return existsSync(path) ? readdirSync(path).filter((name) => !name.endsWith(".debug")) : [];
  }

  /** A configuration with both ports; `datapath` and `more` are YAML. */
  yaml(datapath = "", more = ""): string {
    return `
listeners: [{ address: 127.0.0.1, port: 0, insecure: true }]
devices: [{ device_id: 1, datapath: { type: kernel, netns: ${this.netns.path}${datapath} } }]
interfaces: { ethernet-1/1: { port_id: 1, netdev: swp1 }, swp2: { port_id: 2 } }
${more}`;
  }

  options(yaml = this.yaml(), more: DaemonOptions = {}): DaemonOptions {
    return { yaml, ...more, environment: { P4RTD_RUN_DIR: this.run, ...more.environment } };
  }

  /** Whether a program of ours is at the ingress of a netdev, by tcx or by a filter. */
  isAttached(netdev: string): boolean {
    return isAttached(this.netns.path, netdev);
  }

  /** Sends `frame` out of a netdev. */
  send(netdev: string, frame: Uint8Array): void {
    const ifindex = this.netns.ifindex(netdev);
    const sender = loadAddon().openPacketSender({ netns: this.netns.path, ifindex });
    const results = sendFrames(sender, [frame]);
    sender.close();
    assert.deepEqual([...results], [0]);
  }

  cleanup(): Promise<Ended> {
    return Daemon.outcome({ args: ["--cleanup"], environment: { P4RTD_RUN_DIR: this.run } });
  }

  [Symbol.dispose](): void {
    const bpffs = `${this.run}/bpf`;
    if (readFileSync("/proc/self/mountinfo", "utf8").includes(` ${bpffs} `)) run("umount", [bpffs]);
    this.#folder[Symbol.dispose]();
    this.netns[Symbol.dispose]();
  }
}
