/** Work that is tried again later, each time after twice as long. */

/** The first delay, and the one beyond which they grow no more. */
export const firstDelayMs = 250;
export const longestDelayMs = 10_000;

/** One timer at most; it does not keep the process alive. */
export class BackOff {
  readonly #work: () => void;
  #timer: NodeJS.Timeout | undefined;
  #delayMs = firstDelayMs;

  constructor(work: () => void) {
    this.#work = work;
  }

  /** Has the work done once the delay is over, and doubles the delay; nothing new if it is waited for already. */
  again(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#work();
    }, this.#delayMs).unref();
    this.#delayMs = Math.min(2 * this.#delayMs, longestDelayMs);
  }

  /** Waits no more; the next delay is the first again. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#delayMs = firstDelayMs;
  }
}
