/** Tokens that come at a rate and go as frames pass. */

/** Tokens are counted in billionths, so that rate per second times nanoseconds stays a whole number. */
const whole = 1e9;

/**
 * A bucket of `burst` tokens, full at first, that gains `rate` tokens a second. Values beyond 2^53 are rounded, which
 * no frame notices.
 */
export class TokenBucket {
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

/** A bucket that fills as time passes and gives one token per frame. */
export class Policer {
  readonly #bucket: TokenBucket;
  #filledNs: number;

  /** @param rate frames per second */
  constructor(rate: { readonly pps: number; readonly burst: number }, nowNs: number) {
    this.#bucket = new TokenBucket(rate.pps, rate.burst);
    this.#filledNs = nowNs;
  }

  /** True if a frame may pass at `nowNs`; it has then used a token. */
  admits(nowNs: number): boolean {
    this.#bucket.fill(nowNs - this.#filledNs);
    this.#filledNs = nowNs;
    if (!this.#bucket.holds(1)) return false;
    this.#bucket.take(1);
    return true;
  }
}
