/** Random numbers and bytes that a seed repeats. */

/** The seed of this run: `P4RTD_FUZZ_SEED`, else a new one. */
export function fuzzSeed(): number {
  const seed = process.env["P4RTD_FUZZ_SEED"];
  return seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(seed);
}

/** xorshift32: quick, and the same everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) | 1;
  }

  /** 0 … 2 ** 32 - 1. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** 0 … `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.next() / 2 ** 32) * bound);
  }

  /** True once in `n` times. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  of<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count);
    for (let i = 0; i < count; i++) bytes[i] = this.next() >>> 24;
    return bytes;
  }
}
