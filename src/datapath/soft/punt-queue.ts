/** Punted frames on their way to the one consumer. */
import { invariant } from "../../base/invariant.js";
import type { PuntedBatch } from "../datapath.js";
import type { PortId } from "../port.js";
import { PuntSlab } from "./punt-slab.js";

/** How much may wait, in batches not yet released too. */
export interface PuntBacklog {
  readonly frames: number;
  readonly bytes: number;
}

/** Slabs kept for reuse, and the largest that is worth keeping. */
const spareSlabs = 4;
const spareSlabBytes = 2 * 1024 * 1024;

/**
 * Frames are copied into an open slab; the consumer takes it as one batch. The first frame of a batch rings the bell,
 * which is heard at the end of the event loop's turn: what one turn punts comes as one batch.
 */
export class PuntQueue {
  readonly #limit: PuntBacklog;
  readonly #spare: PuntSlab[] = [];
  #open = new PuntSlab();
  #frames = 0;
  #bytes = 0;
  #closed = false;
  #reading = false;
  #rung = false;
  #wake: () => void = () => {};

  constructor(limit: PuntBacklog) {
    this.#limit = limit;
  }

  /** Copies `frame` into the backlog. @returns false if it does not fit */
  offer(frame: Uint8Array, ingress: PortId, egress: PortId | 0): boolean {
    if (this.#closed || this.#frames >= this.#limit.frames || this.#bytes + frame.length > this.#limit.bytes)
      return false;
    this.#frames++;
    this.#bytes += frame.length;
    this.#open.append(frame, ingress, egress);
    this.#ring();
    return true;
  }

  /** Ends the reading once everything waiting is read. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** @precondition nobody else reads */
  async *read(signal: AbortSignal): AsyncGenerator<PuntedBatch, void, void> {
    invariant(!this.#reading, "punted frames have one consumer");
    this.#reading = true;
    const abort = () => this.#wake();
    signal.addEventListener("abort", abort);
    try {
      while (!signal.aborted) {
        if (this.#open.count > 0) yield this.#take();
        else if (this.#closed) return;
        else await new Promise<void>((wake) => (this.#wake = wake));
      }
    } finally {
      signal.removeEventListener("abort", abort);
      this.#reading = false;
    }
  }

  #ring(): void {
    if (this.#rung || !this.#reading) return;
    this.#rung = true;
    setImmediate(() => {
      this.#rung = false;
      this.#wake();
    });
  }

  #take(): PuntedBatch {
    const slab = this.#open;
    this.#open = this.#spare.pop() ?? new PuntSlab();
    let held = true;
    return {
      count: slab.count,
      slab: slab.bytes,
      offsets: slab.offsets,
      lengths: slab.lengths,
      ingressPorts: slab.ingressPorts,
      egressPorts: slab.egressPorts,
      release: () => {
        invariant(held, "a batch is released once");
        held = false;
        this.#release(slab);
      },
    };
  }

  #release(slab: PuntSlab): void {
    this.#frames -= slab.count;
    this.#bytes -= slab.used;
    slab.clear();
    if (this.#spare.length < spareSlabs && slab.bytes.length <= spareSlabBytes) this.#spare.push(slab);
  }
}
