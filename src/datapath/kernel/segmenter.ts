/** Undoes segmentation offload: two netdevs through which the kernel sends copies of bundles, to cut them into frames. */
import type { BpfDatapath } from "../../addon/addon.js";
import type { Logger } from "../../base/logger.js";
import { StatusError } from "../../base/status.js";
import { NetlinkError } from "./route-socket.js";
import { isSystemError } from "./system-error.js";
import { VethPair } from "./veth-pair.js";
import type { PairNames, VethPairParts } from "./veth-pair.js";

/** The largest of a veth: a segment is as large as its sender's netdev allows. */
const mtu = 65_535;

export interface SegmenterParts extends VethPairParts {
  readonly bpf: BpfDatapath;
  readonly hook: "tcx" | "clsact";
  /** Of the device in its network namespace, 0 … 9,999: part of the netdevs' names. */
  readonly ordinal: number;
  readonly log: Logger;
}

/** Names of the netdevs: where bundles go in, and where segments come out. */
export function segmenterNames(ordinal: number): PairNames {
  return { sending: `p4gso${ordinal}`, receiving: `p4seg${ordinal}` };
}

/**
 * Neither end can do anything but whole frames with finished checksums, so the kernel makes such ones of what is sent in.
 * The tc program at the receiving end takes every frame that comes, so none reaches the box.
 */
export class Segmenter {
  readonly #parts: SegmenterParts;
  readonly #pair: VethPair;
  /** The end where bundles go in; undefined: there is none. */
  #input: number | undefined;
  #lost = 0;

  constructor(parts: SegmenterParts) {
    this.#parts = parts;
    this.#pair = new VethPair(parts, segmenterNames(parts.ordinal));
  }

  /**
   * Creates the pair anew, also if an earlier process left one. If the kernel refuses, that is logged, and bundles are
   * counted as `unsegmented`. @precondition the CPU port of this ordinal is ours
   */
  static async open(parts: SegmenterParts): Promise<Segmenter> {
    const segmenter = new Segmenter(parts);
    try {
      await segmenter.#create();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      parts.log.warn("datapath.no_segmenter", { reason: error.message });
      await segmenter.close();
    }
    return segmenter;
  }

  /** Segments that found the backlog between the two ends full. */
  lost(): number {
    const { addon, netns } = this.#parts;
    if (this.#input === undefined) return this.#lost;
    try {
      this.#lost = addon.transmitDrops({ netns, ifindex: this.#input });
    } catch (error) {
      if (!isSystemError(error) || error.code !== "ENODEV") throw error;
      this.#input = undefined; // somebody removed it
    }
    return this.#lost;
  }

  /** Removes the pair; nothing of it stays. */
  async close(): Promise<void> {
    this.#input = undefined;
    this.#parts.bpf.setSegmenter(undefined);
    await this.#pair.close();
  }

  async #create(): Promise<void> {
    const { addon, bpf, hook, netns, ordinal } = this.#parts;
    const names = segmenterNames(ordinal);
    const { sending: input, receiving: output } = await this.#pair.create(mtu);
    this.#pair.withoutIpv6(names.receiving);
    for (const name of [names.sending, names.receiving]) addon.disableOffloads({ netns, name });
    bpf.attach(output, { hook, name: names.receiving });
    await this.#pair.bringUp({ sending: input, receiving: output });
    bpf.setSegmenter({ input, output });
    this.#input = input;
  }
}

function isRefusal(error: unknown): error is Error {
  return error instanceof NetlinkError || error instanceof StatusError || isSystemError(error);
}
