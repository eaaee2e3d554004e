/** At most `rate` events a second, `burst` at once. */
import type { Clock } from "./clock.js";

export class TokenBucket {
  readonly #clock: Clock;
  readonly #ratePerNs: number;
  readonly #burst: number;
  #tokens: number;
  #last: bigint;

  constructor(clock: Clock, limit: { readonly perSecond: number; readonly burst: number }) {
    this.#clock = clock;
    this.#ratePerNs = limit.perSecond / 1e9;
    this.#burst = limit.burst;
    this.#tokens = limit.burst;
    this.#last = clock.monotonicNs();
  }

  /** Takes one token if there is one. */
  take(): boolean {
    const now = this.#clock.monotonicNs();
    this.#tokens = Math.min(this.#burst, this.#tokens + Number(now - this.#last) * this.#ratePerNs);
    this.#last = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
