/** A left host, a box with p4rtd, and a right host: three network namespaces with real programs in them. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { loadAddon } from "../../src/addon/load.js";
import { Daemon, Folder, type Ended } from "../support/daemon.js";
import { scrape } from "../support/scrape.js";
import { Capture } from "../support/capture.js";
import { listed, run } from "../support/commands.js";
import { Namespace, removeLeftovers } from "../support/namespace.js";
import { until } from "../support/until.js";
import { noteFolder, noteProgramsOf } from "./no-traces.js";
import { Wire } from "./wire.js";

/** `router`: two networks, the box forwards between them. `bridge`: one network, eth1 and eth2 are members of br0. */
export type Shape = "router" | "bridge";

/** Addresses and MACs; each host has eth0, the box has eth1 to the left and eth2 to the right. */
export const at = {
  left: { v4: "10.0.1.2", v6: "2001:db8:1::2", mac: "02:00:00:00:01:02" },
  box: { v4: "10.0.1.1", v6: "2001:db8:1::1", mac: "02:00:00:00:01:01" },
  right: { v4: "10.0.2.2", v6: "2001:db8:2::2", mac: "02:00:00:00:02:02" },
  boxRight: { v4: "10.0.2.1", v6: "2001:db8:2::1", mac: "02:00:00:00:02:01" },
  /** The right host's where the box is a bridge. */
  bridged: { v4: "10.0.1.3", v6: "2001:db8:1::3" },
} as const;

export interface StartOptions {
  /** Keys of `datapath` behind its type and netns: YAML that begins with a comma. */
  readonly datapath?: string;
  /** Sections besides. */
  readonly more?: string;
}

export class Neighbourhood implements AsyncDisposable {
  readonly folder = new Folder();
  /** What to close, last first. */
  readonly #open: (Disposable | AsyncDisposable)[] = [this.folder];

  private constructor(
    readonly left: Namespace,
    readonly box: Namespace,
    readonly right: Namespace,
  ) {
    this.#open.push(left, box, right);
    chmodSync(this.folder.path, 0o755); // lldpd and bird reach their sockets as users of their own
    mkdirSync(this.#run);
    noteFolder(this.folder.path);
  }

  /** Builds it without p4rtd. */
  static async build(shape: Shape = "router"): Promise<Neighbourhood> {
    removeLeftovers();
    const made: Namespace[] = [];
    try {
      for (const role of ["left", "box", "right"]) made.push(Namespace.add(role, "p4tn"));
      const [left, box, right] = made;
      assert.ok(left && box && right);
      const built = new Neighbourhood(left, box, right);
      built.join("left");
      built.join("right");
      built.#address(shape);
      return await Promise.resolve(built);
    } catch (error) {
      for (const each of made) each[Symbol.dispose]();
      throw error;
    }
  }

  /** Joins a host and the box by a veth pair, up at both ends and without addresses. */
  join(side: "left" | "right"): void {
    const [host, port] = side === "left" ? [this.left, "eth1"] : [this.right, "eth2"];
    const [hostMac, boxMac] = side === "left" ? [at.left.mac, at.box.mac] : [at.right.mac, at.boxRight.mac];
    host.ip(`link add eth0 address ${hostMac} type veth peer name ${port} address ${boxMac} netns ${this.box.name}`);
    host.ip("link set eth0 up");
    this.box.ip(`link set ${port} up`);
  }

  /** Starts p4rtd on eth1, port 1, and eth2, port 2; it is ended with the neighbourhood. */
  async start({ datapath = "", more = "" }: StartOptions = {}): Promise<Daemon> {
    const yaml = `
listeners: [{ address: 127.0.0.1, port: 0, insecure: true }]
devices: [{ device_id: 1, datapath: { type: kernel, netns: ${this.box.path}${datapath} } }]
interfaces: { eth1: { port_id: 1 }, eth2: { port_id: 2 } }
telemetry: { prometheus: { listen: "127.0.0.1:0" } }
${more}`;
    const daemon = this.use(await Daemon.start({ yaml, environment: { P4RTD_RUN_DIR: this.#run } }));
    noteProgramsOf(daemon.pid);
    return daemon;
  }

  /** Runs `p4rtd --cleanup`. */
  cleanup(): Promise<Ended> {
    return Daemon.outcome({ args: ["--cleanup"], environment: { P4RTD_RUN_DIR: this.#run } });
  }

  /** Closes `opened` before everything that was there before it. */
  use<T extends Disposable | AsyncDisposable>(opened: T): T {
    this.#open.push(opened);
    return opened;
  }

  /** Frames that a netdev receives, or sends, from now on. */
  async capture(namespace: Namespace, netdev: string, direction: "in" | "out" = "in"): Promise<Capture> {
    return this.use(await Capture.open(namespace.name, netdev, { direction }));
  }

  /** Puts frames on the wire of a host. */
  wire(host: Namespace): Wire {
    return this.use(new Wire(loadAddon(), host, "eth0"));
  }

  /** Waits until the kernel says that the port's netdev runs. */
  async running(port: string): Promise<void> {
    const isUp = () => listed("ip", ["-n", this.box.name, "-json", "link", "show", "dev", port])[0]?.["operstate"];
    await until(`${port} runs`, () => isUp() === "UP");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#open.splice(1).reverse()) {
      if (Symbol.asyncDispose in each) await each[Symbol.asyncDispose]();
      else each[Symbol.dispose]();
    }
    const bpffs = `${this.#run}/bpf`;
    if (readFileSync("/proc/self/mountinfo", "utf8").includes(` ${bpffs} `)) run("umount", [bpffs]);
    this.folder[Symbol.dispose]();
  }

  /** What is below the run-time folder on the bpffs; nothing without one. */
  get pins(): string {
    return existsSync(`${this.#run}/bpf`) ? run("find", [`${this.#run}/bpf`, "-mindepth", "1"]) : "";
  }

  get #run(): string {
    return this.folder.at("run");
  }

  #address(shape: Shape): void {
    const { left, box, right } = this;
    const add = (host: Namespace, netdev: string, { v4, v6 }: { readonly v4: string; readonly v6: string }) => {
      host.ip(`address add ${v4}/24 brd + dev ${netdev}`);
      host.ip(`address add ${v6}/64 dev ${netdev} nodad`);
    };
    add(left, "eth0", at.left);
    add(right, "eth0", shape === "router" ? at.right : at.bridged);
    if (shape === "bridge") {
      box.ip("link add br0 type bridge");
      for (const port of ["eth1", "eth2"]) box.ip(`link set ${port} master br0`);
      box.ip("link set br0 up");
      add(box, "br0", at.box);
      return;
    }
    box.set("net.ipv4.ip_forward", 1);
    box.set("net.ipv6.conf.all.forwarding", 1);
    add(box, "eth1", at.box);
    add(box, "eth2", at.boxRight);
    for (const [host, gateway] of [
      [left, at.box],
      [right, at.boxRight],
    ] as const) {
      host.ip(`route add default via ${gateway.v4}`);
      host.ip(`route add default via ${gateway.v6}`);
    }
  }
}

/** How many frames went no further for `reason`, so far. @see docs/drop-reasons.md */
export async function dropped(daemon: Daemon, reason: string): Promise<number> {
  return (await scrape(daemon)).get(`p4rtd_dropped_total{device="1",reason="${reason}"}`) ?? 0;
}
