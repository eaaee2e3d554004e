/** A configured port, and the netdev that it is while there is one. */
import type { Addon, BpfDatapath, NameLock } from "../../addon/addon.js";
import type { TransmitResult } from "../datapath.js";
import type { TransmitRefusal } from "../drop-reason.js";
import { maxFrameBytes, minFrameBytes } from "../frame-size.js";
import type { PortId, PortSpec, PortState, PortStatus } from "../port.js";
import { LinkFlag, Oper } from "./link-message.js";
import type { Link } from "./link-message.js";
import { TransmitQueue } from "./transmit-queue.js";

/** A port of the kernel datapath as configured. */
export interface KernelPortSpec extends PortSpec {
  /** The netdev's name, in the device's network namespace; the port's own name when absent. */
  readonly netdev?: string;
  /** `tap`: p4rtd creates the netdev, a persistent TAP. `netdev` when absent: it may come and go. */
  readonly type?: "netdev" | "tap";
}

/** What ports need of their datapath. */
export interface PortParts {
  readonly addon: Addon;
  readonly bpf: BpfDatapath;
  readonly netns: string | undefined;
  readonly hook: "tcx" | "clsact";
  readonly onRefused: (token: object, reason: TransmitRefusal) => void;
}

/** Flags of `BpfDatapath.setPort`. */
export const portDown = 1;
export const portCpu = 2;

/** MTU of a port without netdev. @see PortSpec */
const defaultMtu = 1500;
const vlanTagBytes = 4;

/** Kinds of netdevs that only hand on what their members receive. */
const kindsOfMembers: ReadonlySet<string | undefined> = new Set(["bond", "bridge", "team", "vrf"]);

/** What is open while the port has a netdev. */
interface Adopted {
  readonly ifindex: number;
  readonly lock: NameLock;
  readonly queue: TransmitQueue;
}

/** Name by which whoever serves a netdev keeps others out. */
export function portLock(ifindex: number): string {
  return `p4rtd/port/${ifindex}`;
}

export class KernelPort {
  readonly id: PortId;
  readonly name: string;
  readonly netdev: string;
  /** What the kernel last said of the netdev; undefined: it is missing or not ours. */
  link: Link | undefined;
  /** Why the netdev that is there is not ours. */
  problem: string | undefined;
  /** What was known of the netdev when it was last refused. */
  refused: Link | undefined;
  state: PortState = "missing";
  /** Commands whose answer has not come: what is told of the netdev until then is older. */
  commands = 0;
  #framesOut = 0;
  #adopted: Adopted | undefined;
  readonly #counters = new Float64Array(3);

  constructor(
    readonly spec: KernelPortSpec,
    /** Of its counters and policer. */
    readonly slot: number,
    readonly parts: PortParts,
  ) {
    this.id = spec.id;
    this.name = spec.name;
    this.netdev = spec.netdev ?? spec.name;
  }

  get ifindex(): number | undefined {
    return this.#adopted?.ifindex;
  }

  /** The netdev's MTU, or the configured one if that is less. */
  get mtu(): number {
    const { mtu } = this.spec;
    if (this.link === undefined) return mtu ?? defaultMtu;
    return Math.min(this.link.mtu, mtu ?? Infinity);
  }

  status(): PortStatus {
    const { id, name, netdev, mtu, state, slot } = this;
    this.parts.bpf.portCounters(slot, this.#counters);
    const [framesIn = 0, framesPunted = 0, framesDropped = 0] = this.#counters;
    return { id, name, netdev, mtu, state, framesIn, framesOut: this.#framesOut, framesPunted, framesDropped };
  }

  /**
   * Makes the netdev the port's: locked, known to the program, with the program attached, open to frames to other
   * stations, and with a way out. Nothing is left of a part of it that fails.
   * @precondition it is fit
   * @throws SystemError if the kernel refuses, EADDRINUSE: another process serves it
   */
  adopt(link: Link): void {
    const { addon, bpf, netns, hook } = this.parts;
    const { ifindex } = link;
    const undo: (() => void)[] = [];
    try {
      const lock = addon.lockName({ netns, name: portLock(ifindex) });
      undo.push(() => lock.close());
      const sender = addon.openPacketSender({ netns, ifindex });
      undo.push(() => sender.close());
      bpf.setPort(ifindex, { portId: this.id, slot: this.slot, flags: flagsOf(stateOf(link)) });
      undo.push(() => bpf.deletePort(ifindex));
      bpf.attach(ifindex, { hook, name: this.netdev });
      undo.push(() => bpf.detach(ifindex));
      // Last, as it makes others hear of the netdev: nothing is to be heard of one that is not had.
      sender.promiscuous("on");
      const { onRefused } = this.parts;
      const onSent = (frames: number) => void (this.#framesOut += frames);
      const hasCarrier = () => this.state === "up";
      const queue = new TransmitQueue(sender, { onSent, onRefused, hasCarrier });
      this.#adopted = { ifindex, lock, queue };
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
    this.link = link;
    this.problem = this.refused = undefined;
    this.state = stateOf(link);
  }

  /** Notes why `link` is not the port's; undefined: there is none. */
  refuse(link: Link | undefined, problem: string | undefined): void {
    this.refused = link;
    this.problem = problem;
    this.state = link === undefined ? "missing" : "down";
  }

  /** True unless `link` was refused as it is: what promiscuity says is no reason to ask anew. */
  mayAdopt(link: Link): boolean {
    const { refused } = this;
    if (refused === undefined) return true;
    const changed = (link.flags ^ refused.flags) & ~LinkFlag.promiscuous;
    const sameNetdev = link.ifindex === refused.ifindex && link.mtu === refused.mtu;
    return !sameNetdev || changed !== 0 || link.operState !== refused.operState;
  }

  /** Takes in what is new about the netdev. @precondition adopted */
  update(link: Link): void {
    this.link = link;
    this.#become(stateOf(link));
  }

  /** The netdev was brought down, as far as frames are concerned at once. */
  wentDown(): void {
    this.#become("down");
  }

  /** Gives the netdev up; frames that wait are refused for `reason`. @param attached `keep`: the program stays on it */
  release(reason: TransmitRefusal, attached: "detach" | "keep"): void {
    const adopted = this.#adopted;
    this.#adopted = undefined;
    this.link = undefined;
    this.state = "missing";
    if (adopted === undefined) return;
    adopted.queue.close(reason);
    if (attached === "detach") {
      this.parts.bpf.detach(adopted.ifindex);
      this.parts.bpf.deletePort(adopted.ifindex);
    }
    adopted.lock.close();
  }

  /** Queues `frame`, or says why not. */
  transmit(frame: Uint8Array, token: object): TransmitResult {
    if (frame.length < minFrameBytes) return "runt";
    if (frame.length > Math.min(linkBytesOf(frame) + this.mtu, maxFrameBytes)) return "mtu-exceeded";
    if (this.state === "missing") return "port-missing";
    if (this.state !== "up" || this.#adopted === undefined)
      return this.state === "no-carrier" ? "no-carrier" : "port-down";
    return this.#adopted.queue.offer(frame, token);
  }

  #become(state: PortState): void {
    if (state === this.state) return;
    this.state = state;
    const { id, slot, ifindex } = this;
    if (ifindex === undefined) return;
    this.parts.bpf.setPort(ifindex, { portId: id, slot, flags: flagsOf(state) });
  }
}

/**
 * Why a netdev is no port, whoever serves it; undefined: it may be one. A port is a wire: of a LAG, a bridge or a VRF
 * these are the members.
 */
export function unfitness({ kind }: Link): string | undefined {
  return kindsOfMembers.has(kind) ? `it is a ${kind}: make its members ports` : undefined;
}

/**
 * The state that a netdev's flags tell. One that has carrier is up though its operational state lags behind, as it
 * does for a moment; states that somebody set on purpose count.
 */
export function stateOf({ flags, operState }: Link): PortState {
  if ((flags & LinkFlag.up) === 0 || operState === Oper.notPresent) return "down";
  if ((flags & LinkFlag.lowerUp) === 0) return "no-carrier";
  const waits = operState === Oper.lowerLayerDown || operState === Oper.testing || operState === Oper.dormant;
  return waits ? "no-carrier" : "up";
}

/** A port without carrier gets no frames; those of one that just got it count before the kernel has told of it. */
function flagsOf(state: PortState): number {
  return state === "down" ? portDown : 0;
}

/** What of a frame the kernel does not count towards the MTU: the Ethernet header and one 802.1Q tag. @see packet(7) */
function linkBytesOf(frame: Uint8Array): number {
  const tagged = frame[12] === 0x81 && frame[13] === 0x00;
  return minFrameBytes + (tagged ? vlanTagBytes : 0);
}
