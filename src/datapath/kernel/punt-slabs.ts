/** Memory for punted frames that native code fills, and the one consumer who empties it. */
import type { BpfDatapath } from "../../addon/addon.js";
import { defined, invariant } from "../../base/invariant.js";
import type { PuntedBatch } from "../datapath.js";

/** Frames in one slab, bytes of their frames, and slabs: what may wait beside the ring. */
export const slabFrames = 1024;
const frameBytes = 1024 * 1024;
const slabCount = 16;
const columns = 4;

/** One slab with its columns, as `BpfOptions.slabs` lays them out. */
interface Slab {
  readonly memory: ArrayBuffer;
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  readonly ingressPorts: Uint32Array;
  readonly egressPorts: Uint32Array;
}

function newSlab(): Slab {
  const memory = new ArrayBuffer(4 * columns * slabFrames + frameBytes);
  const column = (index: number) => new Uint32Array(memory, 4 * index * slabFrames, slabFrames);
  return {
    memory,
    bytes: new Uint8Array(memory),
    offsets: column(0),
    lengths: column(1),
    ingressPorts: column(2),
    egressPorts: column(3),
  };
}

export class PuntSlabs {
  readonly #slabs: readonly Slab[] = Array.from({ length: slabCount }, newSlab);
  #bpf: BpfDatapath | undefined;
  #reading = false;
  #closed = false;
  #wake: () => void = () => {};

  /** For `BpfOptions.slabs`. */
  get memory(): readonly ArrayBuffer[] {
    return this.#slabs.map((slab) => slab.memory);
  }

  /** Takes slabs of `bpf` from now on. */
  serve(bpf: BpfDatapath): void {
    this.#bpf = bpf;
  }

  /** For `BpfOptions.onPunted`. */
  ring(): void {
    this.#wake();
  }

  /** Ends the reading; batches still held are given back to nobody. */
  close(): void {
    this.#closed = true;
    this.#bpf = undefined;
    this.#wake();
  }

  /** @precondition nobody else reads */
  async *read(signal: AbortSignal): AsyncGenerator<PuntedBatch, void, void> {
    invariant(!this.#reading, "punted frames have one consumer");
    this.#reading = true;
    const abort = () => this.#wake();
    signal.addEventListener("abort", abort);
    try {
      while (!signal.aborted && !this.#closed) {
        const batch = this.#take();
        if (batch !== undefined) yield batch;
        else await new Promise<void>((wake) => (this.#wake = wake));
      }
    } finally {
      signal.removeEventListener("abort", abort);
      this.#reading = false;
    }
  }

  #take(): PuntedBatch | undefined {
    const taken = this.#bpf?.take() ?? -1;
    if (taken < 0) return undefined;
    const index = taken & 0xffff;
    const { bytes, offsets, lengths, ingressPorts, egressPorts } = defined(this.#slabs[index], "a slab of ours");
    let held = true;
    return {
      count: taken >>> 16,
      slab: bytes,
      offsets,
      lengths,
      ingressPorts,
      egressPorts,
      release: () => {
        invariant(held, "a batch is released once");
        held = false;
        this.#bpf?.release(index);
      },
    };
  }
}
