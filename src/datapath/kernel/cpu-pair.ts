/** The way into the kernel for frames that the CPU port receives, by two netdevs of its own. */
import type { BpfDatapath, NameLock } from "../../addon/addon.js";
import type { Logger } from "../../base/logger.js";
import { StatusError, failedPrecondition } from "../../base/status.js";
import type { TransmitResult } from "../datapath.js";
import type { TransmitRefusal } from "../drop-reason.js";
import { maxFrameBytes, minFrameBytes } from "../frame-size.js";
import { cpuPort, cpuPortName } from "../port.js";
import type { PortStatus } from "../port.js";
import { AddressMessage, Family, addIpv4Address, decodeNetconf, netconfOfAll } from "./address-message.js";
import type { IpSettings } from "./address-message.js";
import { portCpu } from "./kernel-port.js";
import { Ipv4Setting, LinkMessage, changeIpv4 } from "./link-message.js";
import { Flag } from "./netlink.js";
import { NetlinkError } from "./route-socket.js";
import { isSystemError } from "./system-error.js";
import { TransmitQueue } from "./transmit-queue.js";
import { VethPair } from "./veth-pair.js";
import type { PairNames, VethPairParts } from "./veth-pair.js";

export interface CpuPairParts extends VethPairParts {
  readonly bpf: BpfDatapath;
  readonly hook: "tcx" | "clsact";
  /** Of the device in its network namespace, 0 … 9,999: part of the netdevs' names. */
  readonly ordinal: number;
  readonly slot: number;
  readonly log: Logger;
  readonly onRefused: (token: object, reason: TransmitRefusal) => void;
}

/** Names of the netdevs: where frames are sent, and where the kernel receives them. */
export function cpuPairNames(ordinal: number): PairNames {
  return { sending: `p4cpu${ordinal}`, receiving: `p4rx${ordinal}` };
}

/**
 * The receiving end forwards, whatever the box does else, and takes frames from the box's own addresses.
 */
export class CpuPair {
  readonly #parts: CpuPairParts;
  readonly #lock: NameLock;
  readonly #pair: VethPair;
  readonly #counters = new Float64Array(3);
  #queue: TransmitQueue | undefined;
  #receiving = 0;

  constructor(parts: CpuPairParts, lock: NameLock) {
    this.#parts = parts;
    this.#lock = lock;
    this.#pair = new VethPair(parts, cpuPairNames(parts.ordinal));
  }

  /**
   * Creates the pair anew, also if an earlier process left one.
   * @throws StatusError FAILED_PRECONDITION if another process has it or the kernel refuses
   */
  static async open(parts: CpuPairParts): Promise<CpuPair> {
    const pair = new CpuPair(parts, lockOf(parts));
    try {
      await pair.#create();
      return pair;
    } catch (error) {
      await pair.close();
      if (error instanceof NetlinkError || isSystemError(error))
        throw new StatusError(failedPrecondition(`submit_to_ingress: ${error.message}`).status, { cause: error });
      throw error;
    }
  }

  status(): PortStatus {
    this.#parts.bpf.portCounters(this.#parts.slot, this.#counters);
    const [framesIn = 0, framesPunted = 0, framesDropped = 0] = this.#counters;
    const mtu = maxFrameBytes - minFrameBytes;
    return { id: cpuPort, name: cpuPortName, mtu, state: "up", framesIn, framesOut: 0, framesPunted, framesDropped };
  }

  /** Queues `frame` to be received by the CPU port, or says why not. */
  submit(frame: Uint8Array, token: object): TransmitResult {
    if (frame.length < minFrameBytes) return "runt";
    if (frame.length > maxFrameBytes) return "mtu-exceeded";
    return this.#queue?.offer(frame, token) ?? "port-down";
  }

  /** Removes the pair; nothing of it stays. */
  async close(): Promise<void> {
    this.#queue?.close("port-down");
    this.#queue = undefined;
    try {
      if (this.#receiving !== 0) this.#parts.bpf.deletePort(this.#receiving);
      await this.#pair.close();
    } finally {
      this.#lock.close();
    }
  }

  async #create(): Promise<void> {
    const { addon, bpf, hook, netns, ordinal, slot, socket, onRefused } = this.#parts;
    const { receiving } = cpuPairNames(ordinal);
    const { acceptLocal, forwarding, rpFilter } = Ipv4Setting;
    const indexes = await this.#pair.create(maxFrameBytes - minFrameBytes);
    const to = indexes.receiving;
    await socket.change(
      "let the CPU port forward",
      LinkMessage.set,
      changeIpv4(to, [
        [forwarding, 1],
        [rpFilter, 0],
        [acceptLocal, 1],
      ]),
    );
    await this.#pair.bringUp(indexes);
    await this.#checkSettings(to);
    bpf.resetSlot(slot);
    bpf.setPort(to, { portId: cpuPort, slot, flags: portCpu });
    this.#receiving = to;
    bpf.attach(to, { hook, name: receiving });
    const sender = addon.openPacketSender({ netns, ifindex: indexes.sending });
    this.#queue = new TransmitQueue(sender, { onSent: () => {}, onRefused, hasCarrier: () => true });
  }

  /** Settings of all interfaces that overrule those of one. */
  async #checkSettings(receiving: number): Promise<void> {
    const { log, ordinal, socket } = this.#parts;
    const ipv4 = await this.#settings(Family.inet);
    const ipv6 = await this.#settings(Family.inet6);
    if (ipv4?.rpFilter === 2) {
      const address = Uint8Array.of(169, 254, 254, ordinal & 0xff);
      await socket.change(
        "give the CPU port an address",
        AddressMessage.newAddress,
        addIpv4Address(receiving, address),
        Flag.create,
      );
    }
    if (ipv4?.rpFilter === 1)
      log.warn("port.submit_limited", {
        reason: "net.ipv4.conf.all.rp_filter is 1: frames whose source is not routed back are dropped",
      });
    if (ipv6?.forwarding === 0)
      log.info("port.submit_without_ipv6", {
        reason: "net.ipv6.conf.all.forwarding is 0: submitted IPv6 frames are not forwarded",
      });
  }

  async #settings(family: Family): Promise<IpSettings | undefined> {
    const { socket } = this.#parts;
    const answer = await socket.ask("tell settings of IP", AddressMessage.getNetconf, netconfOfAll(family));
    return answer && decodeNetconf(answer.body);
  }
}

function lockOf({ addon, netns, ordinal }: CpuPairParts): NameLock {
  try {
    return addon.lockName({ netns, name: `p4rtd/cpu/${ordinal}` });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const { sending } = cpuPairNames(ordinal);
    throw new StatusError(failedPrecondition(`'${sending}' is in use by another p4rtd: ${error.message}`).status, {
      cause: error,
    });
  }
}
