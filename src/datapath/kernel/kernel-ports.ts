/** The ports of the kernel datapath, and the netdevs they follow. */
import type { Logger } from "../../base/logger.js";
import type { Result, StatusFields } from "../../base/status.js";
import { Code, ok } from "../../base/status.js";
import type { DatapathEvent } from "../datapath.js";
import { cpuPort, cpuPortName } from "../port.js";
import type { PortId, WantedPortState } from "../port.js";
import { BackOff } from "./back-off.js";
import { KernelPort, unfitness } from "./kernel-port.js";
import type { KernelPortSpec, PortParts } from "./kernel-port.js";
import { LinkFlag, LinkMessage, changeFlags, changeMtu } from "./link-message.js";
import type { Link } from "./link-message.js";
import type { LinkTable } from "./link-table.js";
import { NetlinkError } from "./route-socket.js";
import type { RouteSocket } from "./route-socket.js";
import { isSystemError } from "./system-error.js";

/** Ports of a device with counters and policers of their own, the CPU port among them. */
export const maxPorts = 1024;
/** The CPU port's slot. */
export const cpuSlot = 0;

export interface KernelPortsParts extends PortParts {
  readonly links: LinkTable;
  readonly socket: RouteSocket;
  readonly changed: (event: DatapathEvent) => void;
  readonly log: Logger;
}

export class KernelPorts {
  readonly #parts: KernelPortsParts;
  readonly #ports = new Map<PortId, KernelPort>();
  /** Asks anew for netdevs that could not be had: whoever has them says nothing when he gives them up. */
  readonly #retry = new BackOff(() => this.#askAnew());
  readonly #freeSlots: number[] = Array.from({ length: maxPorts - 1 }, (_, i) => maxPorts - 1 - i);

  constructor(parts: KernelPortsParts) {
    this.#parts = parts;
  }

  get(id: PortId): KernelPort | undefined {
    return this.#ports.get(id);
  }

  all(): Iterable<KernelPort> {
    return this.#ports.values();
  }

  /**
   * Adds a port, and adopts its netdev if it is there. ALREADY_EXISTS if id, name or netdev is taken,
   * RESOURCE_EXHAUSTED beyond `maxPorts`, FAILED_PRECONDITION if the netdev cannot be had.
   */
  add(spec: KernelPortSpec): Result {
    const taken = this.#taken(spec);
    if (taken !== undefined) return refusal(Code.ALREADY_EXISTS, taken, { port: spec.id });
    const slot = this.#freeSlots.pop();
    if (slot === undefined)
      return refusal(Code.RESOURCE_EXHAUSTED, `the kernel datapath has ${maxPorts - 1} ports, its limit`, {});
    const port = new KernelPort(spec, slot, this.#parts);
    const opened = this.#open(port);
    if (!opened.ok) {
      this.#freeSlots.push(slot);
      return opened;
    }
    this.#ports.set(spec.id, port);
    this.#parts.changed({ kind: "port-added", port: spec.id });
    return ok;
  }

  /** NOT_FOUND if there is no such port. A TAP goes with its port. */
  remove(id: PortId): Result {
    const port = this.#ports.get(id);
    if (port === undefined) return notThere(id);
    this.#ports.delete(id);
    port.release("unknown-port", "detach");
    this.#freeSlots.push(port.slot);
    const { addon, netns } = this.#parts;
    if (port.spec.type === "tap") addon.deleteTap({ netns, name: port.netdev });
    this.#parts.changed({ kind: "port-removed", port: id });
    return ok;
  }

  /**
   * Switches the netdev on or off. NOT_FOUND if there is no such port, FAILED_PRECONDITION if it has no netdev or for
   * `no-carrier`, which is for the other end to say. Off takes effect at once; on, when the kernel says so.
   */
  setState(id: PortId, state: WantedPortState): Result {
    const port = this.#ports.get(id);
    if (port === undefined) return notThere(id);
    if (state === "no-carrier")
      return refusal(Code.FAILED_PRECONDITION, `carrier of port '${port.name}' is up to its other end`, { port: id });
    const { ifindex } = port;
    if (ifindex === undefined)
      return refusal(Code.FAILED_PRECONDITION, port.problem ?? `netdev '${port.netdev}' is missing`, { port: id });
    const what = `bring '${port.netdev}' ${state}`;
    const flags = state === "up" ? LinkFlag.up : 0;
    void this.#command(port, what, changeFlags(ifindex, flags, LinkFlag.up));
    if (state === "down") this.#noting(port, () => port.wentDown());
    return ok;
  }

  /** Releases what vanished, adopts what appeared, and takes in states that changed. */
  follow(): void {
    // First all of the old, as a netdev that one port gives up may by now have the name that another waits for.
    for (const port of this.#ports.values()) this.#noting(port, () => this.#releaseLost(port));
    for (const port of this.#ports.values()) if (port.commands === 0) this.#noting(port, () => this.#followOne(port));
  }

  /** @param attached `keep`: the program stays on the netdevs */
  close(attached: "detach" | "keep"): void {
    this.#retry.reset();
    for (const port of this.#ports.values()) port.release("port-down", attached);
    this.#ports.clear();
  }

  #open(port: KernelPort): Result {
    const { addon, netns, bpf, links } = this.#parts;
    try {
      if (port.spec.type === "tap") addon.createTap({ netns, name: port.netdev });
      bpf.resetSlot(port.slot);
      const link = links.get(port.netdev);
      const problem = link && adopt(port, link);
      return problem === undefined ? ok : refusal(Code.FAILED_PRECONDITION, problem, { port: port.id });
    } catch (error) {
      return refusal(Code.FAILED_PRECONDITION, problemOf(port, error), { port: port.id });
    }
  }

  /** Gives up a netdev that is gone, or has another name. */
  #releaseLost(port: KernelPort): void {
    const { links, log } = this.#parts;
    const { ifindex } = port;
    if (ifindex === undefined || ifindex === links.get(port.netdev)?.ifindex) return;
    port.release("port-missing", "detach");
    log.info("port.released", { port: port.name, netdev: port.netdev, ifindex, renamed: links.at(ifindex)?.name });
  }

  #followOne(port: KernelPort): void {
    const link = this.#parts.links.get(port.netdev);
    if (link === undefined) return port.refuse(undefined, undefined);
    if (port.ifindex !== undefined) return port.update(link);
    if (port.mayAdopt(link)) this.#adopt(port, link);
  }

  #adopt(port: KernelPort, link: Link): void {
    const problem = adopt(port, link);
    if (problem === undefined) {
      this.#parts.log.info("port.adopted", { port: port.name, netdev: port.netdev, ifindex: link.ifindex });
      if (port.spec.type === "tap") this.#startTap(port, link.ifindex);
      return;
    }
    if (problem !== port.problem) {
      this.#parts.log.warn("port.not_adopted", { port: port.name, reason: problem });
      this.#retry.reset();
    }
    port.refuse(link, problem);
    this.#retry.again();
  }

  #askAnew(): void {
    for (const port of this.#ports.values()) {
      const link = this.#parts.links.get(port.netdev);
      if (port.refused === undefined || link === undefined || port.commands > 0) continue;
      this.#noting(port, () => this.#adopt(port, link));
    }
  }

  #startTap(port: KernelPort, ifindex: number): void {
    const { mtu } = port.spec;
    if (mtu !== undefined) void this.#command(port, `set the MTU of '${port.netdev}'`, changeMtu(ifindex, mtu));
    void this.#command(port, `bring '${port.netdev}' up`, changeFlags(ifindex, LinkFlag.up, LinkFlag.up));
  }

  async #command(port: KernelPort, what: string, body: Uint8Array): Promise<void> {
    port.commands++;
    try {
      await this.#parts.socket.change(what, LinkMessage.set, body);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      this.#parts.log.warn("port.not_changed", { port: port.name, reason: error.message });
    }
    port.commands--;
    if (port.commands > 0 || this.#ports.get(port.id) !== port) return;
    this.#noting(port, () => this.#followOne(port));
  }

  /** Tells the state of `port` if `work` changes it. */
  #noting(port: KernelPort, work: () => void): void {
    const before = port.state;
    work();
    if (port.state !== before) this.#parts.changed({ kind: "port-state", port: port.id, state: port.state });
  }

  #taken({ id, name, netdev = name }: KernelPortSpec): string | undefined {
    if (name === cpuPortName) return `port name '${name}' is taken by port id ${cpuPort}`;
    for (const port of this.#ports.values()) {
      if (port.id === id) return `port id ${id} is taken by '${port.name}'`;
      if (port.name === name) return `port name '${name}' is taken by port id ${port.id}`;
      if (port.netdev === netdev) return `netdev '${netdev}' is taken by port '${port.name}'`;
    }
    return undefined;
  }
}

/** Makes `link` the port's netdev. Returns why it cannot be, or undefined. */
function adopt(port: KernelPort, link: Link): string | undefined {
  const unfit = unfitness(link);
  if (unfit !== undefined) return notHad(port, unfit);
  try {
    port.adopt(link);
    return undefined;
  } catch (error) {
    return problemOf(port, error);
  }
}

function problemOf(port: KernelPort, error: unknown): string {
  if (!isSystemError(error)) throw error;
  return error.code === "EADDRINUSE"
    ? `netdev '${port.netdev}' of port '${port.name}' is served by another p4rtd`
    : notHad(port, error.message);
}

function notHad(port: KernelPort, why: string): string {
  return `netdev '${port.netdev}' of port '${port.name}' cannot be had: ${why}`;
}

function notThere(id: PortId): Result {
  return refusal(Code.NOT_FOUND, `there is no port with id ${id}`, { port: id });
}

type Refusal =
  typeof Code.ALREADY_EXISTS | typeof Code.NOT_FOUND | typeof Code.FAILED_PRECONDITION | typeof Code.RESOURCE_EXHAUSTED;

function refusal(code: Refusal, message: string, fields: StatusFields): Result {
  return { ok: false, status: { code, message, fields } };
}
