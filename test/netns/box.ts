/** A box of several ports on the kernel datapath, each with a host at its far end, for networks of any shape. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Addon } from "../../src/addon/addon.js";
import type { PuntedBatch } from "../../src/datapath/datapath.js";
import { KernelDatapath } from "../../src/datapath/kernel/kernel-datapath.js";
import type { PortId } from "../../src/datapath/port.js";
import type { PuntRule } from "../../src/datapath/rule.js";
import { rule } from "../support/key-rules.js";
import { Capture } from "../support/capture.js";
import { Namespace, removeLeftovers } from "../support/namespace.js";
import { until } from "../support/until.js";
import { Wire } from "./wire.js";

const patienceMs = 10_000;

/** A punted frame. */
export interface Punted {
  readonly frame: Buffer;
  readonly ingress: number;
  /** 0: none is known. */
  readonly egress: number;
}

/** EtherTypes that `discoveryRules` trap, and one that no rule names. */
export const ether = { lldp: "88cc", gdp: "6007", experimental: "88b5" } as const;

/** Rules for what controllers of traceroute and discovery trap: LLDP, GDP, TTL 1 of IPv4 and IPv6. */
export const discoveryRules: readonly PuntRule[] = [
  rule({ match: { ether_type: 0x88cc } }),
  rule({ match: { ether_type: 0x6007 } }),
  rule({ match: { is_ipv4: 1, ttl: 1 } }),
  rule({ match: { is_ipv6: 1, ttl: 1 } }),
];

/** Makes namespaces, wires and a datapath; all of them go with it. */
export class Box implements AsyncDisposable {
  readonly namespace: Namespace;
  readonly #addon: Addon;
  readonly #object: Uint8Array;
  /** What to close, last first. */
  readonly #open: (Disposable | AsyncDisposable)[] = [];
  readonly #ports: number[] = [];
  readonly #stop = new AbortController();
  readonly #punted: Punted[] = [];
  #datapath: KernelDatapath | undefined;
  #reading: Promise<void> = Promise.resolve();

  /** @param root folder of the package, which holds the BPF object */
  constructor(addon: Addon, root: string) {
    removeLeftovers();
    this.#addon = addon;
    this.#object = readFileSync(join(root, "native/bpf/p4rtd.bpf.o"));
    this.namespace = this.host("box");
    this.namespace.set("net.ipv4.ip_forward", 1);
    this.namespace.set("net.ipv6.conf.all.forwarding", 1);
  }

  /** Makes a host. */
  host(role: string): Namespace {
    return this.use(Namespace.add(role, "p4tn"));
  }

  /** Makes port `id`, the netdev `swp<id>`, and joins it to `far` of a host. Both are up. */
  join(id: number, host: Namespace, far = "eth0"): void {
    this.namespace.ip(`link add swp${id} type veth peer name ${far} netns ${host.name}`);
    this.namespace.ip(`link set swp${id} up`);
    host.ip(`link set ${far} up`);
    this.#ports.push(id);
  }

  /** Makes a host at port `id`, in a network of its own that the box routes to. */
  neighbour(id: number): Namespace {
    const host = this.host(`host${id}`);
    this.join(id, host);
    const { box4, host4, box6, host6 } = addressed(id);
    for (const [namespace, netdev, v4, v6] of [
      [this.namespace, `swp${id}`, box4, box6],
      [host, "eth0", host4, host6],
    ] as const) {
      namespace.ip(`address add ${v4}/24 dev ${netdev}`);
      namespace.ip(`address add ${v6}/64 dev ${netdev} nodad`);
    }
    host.ip(`route add default via ${box4}`);
    host.ip(`route add default via ${box6}`);
    return host;
  }

  /** @precondition started */
  get datapath(): KernelDatapath {
    assert.ok(this.#datapath);
    return this.#datapath;
  }

  /** Runs `ip` in the box. */
  ip(line: string): string {
    return this.namespace.ip(line);
  }

  /** Opens the datapath with all ports and `rules`, and waits until the ports are up. */
  async start(rules: readonly PuntRule[] = discoveryRules): Promise<KernelDatapath> {
    const { path: netns } = this.namespace;
    const datapath = await KernelDatapath.open({ addon: this.#addon, object: this.#object, netns });
    this.#datapath = datapath;
    for (const id of this.#ports)
      assert.deepEqual(datapath.addPort({ id: id as PortId, name: `swp${id}` }), { ok: true });
    const plan = datapath.plan();
    plan.reset([{ name: "acl", maxMasks: 64 }]);
    for (const each of rules) assert.ok(plan.add(each).ok);
    assert.ok((await plan.commit()).ok);
    this.#reading = this.#read(datapath);
    await this.portsUp();
    return datapath;
  }

  /** Waits until every port is up. */
  async portsUp(): Promise<void> {
    for (const id of this.#ports) await this.portIs(id, "up");
  }

  async portIs(id: number, state: "up" | "down" | "no-carrier"): Promise<void> {
    await until(`port ${id} is ${state}`, () => this.datapath.port(id as PortId)?.state === state, patienceMs);
  }

  /** The first punted frame that `wanted` names, which is taken. */
  async packetIn(wanted: (frame: Buffer) => boolean): Promise<Punted> {
    const place = () => this.#punted.findIndex(({ frame }) => wanted(frame));
    await until("the frame is punted", () => place() >= 0, patienceMs);
    const [found] = this.#punted.splice(place(), 1);
    assert.ok(found);
    return found;
  }

  /** How many frames that `wanted` names are punted and not taken. */
  count(wanted: (frame: Buffer) => boolean): number {
    return this.#punted.filter(({ frame }) => wanted(frame)).length;
  }

  packetOut(id: number, frame: Uint8Array): void {
    assert.deepEqual(this.datapath.transmit([{ port: id as PortId, frame, token: {} }]), ["accepted"]);
  }

  /** Puts frames on the wire of a host. */
  wire(host: Namespace, netdev = "eth0"): Wire {
    return this.use(new Wire(this.#addon, host, netdev));
  }

  /** Frames that a netdev receives from now on. */
  async capture(namespace: Namespace, netdev = "eth0"): Promise<Capture> {
    return this.use(await Capture.open(namespace.name, netdev));
  }

  use<T extends Disposable | AsyncDisposable>(opened: T): T {
    this.#open.push(opened);
    return opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#reading;
    await this.#datapath?.[Symbol.asyncDispose]();
    for (const each of this.#open.splice(0).reverse()) {
      if (Symbol.asyncDispose in each) await each[Symbol.asyncDispose]();
      else each[Symbol.dispose]();
    }
  }

  async #read(datapath: KernelDatapath): Promise<void> {
    for await (const batch of datapath.punted(this.#stop.signal)) {
      this.#punted.push(...copiesOf(batch));
      batch.release();
    }
  }
}

function copiesOf({ count, slab, offsets, lengths, ingressPorts, egressPorts }: PuntedBatch): readonly Punted[] {
  return Array.from({ length: count }, (_, i) => {
    const start = offsets[i] ?? 0;
    const frame = Buffer.from(slab.subarray(start, start + (lengths[i] ?? 0)));
    return { frame, ingress: ingressPorts[i] ?? 0, egress: egressPorts[i] ?? 0 };
  });
}

/** Addresses of the network at port `id`: the box's and its host's. */
export function addressed(id: number): Readonly<Record<"box4" | "host4" | "box6" | "host6", string>> {
  return { box4: `10.0.${id}.1`, host4: `10.0.${id}.2`, box6: `fd00:${id}::1`, host6: `fd00:${id}::2` };
}

/** What a netdev's MAC is. */
export function macOf(namespace: Namespace, netdev: string): string {
  return /link\/ether (\S+)/.exec(namespace.ip(`link show dev ${netdev}`))?.[1] ?? "";
}

/** A frame by its parts in hexadecimal, padded to what a wire carries at least; `text` makes it one of its kind. */
export function frameOf(to: string, type: string, text: string, from = "02:00:00:00:00:77"): Buffer {
  return padded(Buffer.concat([Buffer.from(`${to}${from}${type}`.replaceAll(":", ""), "hex"), Buffer.from(text)]));
}

/** A packet that begins with its EtherType, or with tags, in a frame. */
export function packetTo(to: string, packet: readonly number[], from = "02:00:00:00:00:77"): Buffer {
  return padded(Buffer.concat([Buffer.from(`${to}${from}`.replaceAll(":", ""), "hex"), Buffer.from(packet)]));
}

function padded(frame: Buffer): Buffer {
  return Buffer.concat([frame, Buffer.alloc(Math.max(0, 60 - frame.length))]);
}
