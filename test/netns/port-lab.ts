/** A switch with two ports in a namespace of its own, and the far ends of their wires in another. */
import type { Addon } from "../../src/addon/addon.js";
import { Capture } from "../support/capture.js";
import { Namespace, removeLeftovers } from "../support/namespace.js";
import { Wire } from "./wire.js";

/** Netdevs of ports 1 and 2 in the switch, and of the far ends. */
export const portNetdevs = ["port1", "port2"] as const;
const farNetdevs = ["far1", "far2"] as const;

/** MAC of port 1: frames of the tests are for it, so that the kernel routes them. */
const switchMac = "02:00:00:00:00:0b";

/**
 * Frames to 10.0.0.2 that port 1 receives leave by port 2. No kernel sends anything by itself: there is no IPv6, no
 * address, and the neighbour is known.
 */
export class PortLab implements AsyncDisposable {
  /** What to close, last first. */
  readonly #open: (Disposable | AsyncDisposable)[] = [];
  #touched = false;

  private constructor(
    readonly box: Namespace,
    readonly far: Namespace,
  ) {}

  static async open(addon: Addon): Promise<PortLab> {
    removeLeftovers();
    const box = Namespace.add("box");
    let lab: PortLab | undefined;
    try {
      const far = Namespace.add("far");
      lab = new PortLab(box, far);
      lab.#open.push(box, far);
      await lab.#build(addon);
      return lab;
    } catch (error) {
      if (lab === undefined) box[Symbol.dispose]();
      else await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The far end of port 1 or 2. */
  wires: readonly Wire[] = [];
  captures: readonly Capture[] = [];
  /** Sends past the switch's rules by a port, for marks. */
  nearWires: readonly Wire[] = [];

  /** Brings everything back to how it was. */
  restore(): void {
    if (!this.#touched) return;
    this.#touched = false;
    this.#bringUp();
  }

  /** Says that `restore` has work: a port went down. */
  touch(): void {
    this.#touched = true;
  }

  /** Cuts the wire of a port at its far end, or joins it again. */
  carrier(index: number, state: "on" | "off"): void {
    this.touch();
    this.far.ip(`link set ${farNetdevs[index] ?? ""} ${state === "on" ? "up" : "down"}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#open.splice(0).reverse()) {
      if (Symbol.asyncDispose in each) await each[Symbol.asyncDispose]();
      else each[Symbol.dispose]();
    }
  }

  #use<T extends Disposable | AsyncDisposable>(opened: T): T {
    this.#open.push(opened);
    return opened;
  }

  async #build(addon: Addon): Promise<void> {
    const { box, far } = this;
    portNetdevs.forEach((port, i) => {
      box.ip(`link add ${port} type veth peer name ${farNetdevs[i] ?? ""} netns ${far.name}`);
    });
    box.ip(`link set ${portNetdevs[0]} address ${switchMac}`);
    box.set("net.ipv4.ip_forward", 1);
    this.#bringUp();
    this.wires = farNetdevs.map((netdev) => this.#use(new Wire(addon, far, netdev)));
    this.nearWires = portNetdevs.map((netdev) => this.#use(new Wire(addon, box, netdev)));
    const captures: Capture[] = [];
    for (const netdev of farNetdevs) captures.push(this.#use(await Capture.open(far.name, netdev)));
    this.captures = captures;
  }

  #bringUp(): void {
    const { box, far } = this;
    for (const netdev of farNetdevs) far.ip(`link set ${netdev} up`);
    for (const netdev of portNetdevs) box.ip(`link set ${netdev} up`);
    box.ip(`route replace 10.0.0.2/32 dev ${portNetdevs[1]}`);
    box.ip(`neigh replace 10.0.0.2 lladdr 02:00:00:00:00:0a dev ${portNetdevs[1]} nud permanent`);
  }
}
