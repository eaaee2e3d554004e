/** The optional part that only software switches keep: frames injected on a port, every outcome observable. */
import type { DropReason, TransmitRefusal } from "./drop-reason.js";
import type { PortId } from "./port.js";

/** A frame that leaves by a port; `cpuPort`: it is punted. */
export interface OutputFrame {
  readonly port: PortId;
  readonly frame: Uint8Array;
  /** Of a copy by a multicast group or clone session: the replica's number. */
  readonly instance?: number;
}

/** What became of one frame; exactly one per frame injected, transmitted or submitted, also when it failed. */
export interface FrameResult {
  /** The port it came in by; `cpuPort` for PacketOut. */
  readonly ingressPort: PortId;
  readonly frame: Uint8Array;
  /** Where it left, unchanged but for clones, which may be its first bytes only. */
  readonly outputs: readonly OutputFrame[];
  /** Set if the original went nowhere. */
  readonly dropped?: DropReason | TransmitRefusal;
}

/** Ended because `lost` results did not fit the subscriber's backlog. */
export class SubscriberTooSlow extends Error {
  override readonly name = "SubscriberTooSlow";
  constructor(readonly lost: number) {
    super(`${lost} results were lost: the subscriber reads too slowly`);
  }
}

/** What may wait for one subscriber; a result beyond either bound is lost. */
export interface ResultBacklog {
  readonly results: number;
  /** Of the frames that came in. */
  readonly bytes: number;
}

export interface Injector {
  /** Processes `frame` as received on `port`, at once. `unknown-port`: there is no such port. */
  inject(port: PortId, frame: Uint8Array): FrameResult | "unknown-port";
  /**
   * Every result from the moment of the call on, in processing order, of which `backlog` may wait.
   * Ends with SubscriberTooSlow when the backlog overflows.
   */
  results(signal: AbortSignal, backlog: ResultBacklog): AsyncIterable<FrameResult>;
}
