/** Tokens that come at a rate and go as frames pass. */

/** Tokens are counted in billionths, so that rate per second times nanoseconds stays a whole number. */
const whole = 1e9;

/**
 * A bucket of `burst` tokens, full at first, that gains `rate` tokens a second. Values beyond 2^53 are rounded, which
 * no frame notices.
 */
export class MeterBucket {
  readonly #rate: number;
  readonly #full: number;
  #level: number;

  constructor(rate: number, burst: number) {
    this.#rate = rate;
    this.#full = burst * whole;
    this.#level = this.#full;
  }

  /**
   * Adds what `elapsedNs` brings.
   * @returns tokens that found no room, for `pour`
   */
  fill(elapsedNs: number): number {
    const level = this.#level + elapsedNs * this.#rate;
    this.#level = Math.min(level, this.#full);
    return level - this.#level;
  }

  /** Adds what another bucket of the same make had no room for. */
  pour(overflow: number): void {
    this.#level = Math.min(this.#level + overflow, this.#full);
  }

  holds(tokens: number): boolean {
    return this.#level >= tokens * whole;
  }

  /** @precondition `holds(tokens)` */
  take(tokens: number): void {
    this.#level -= tokens * whole;
  }
}
