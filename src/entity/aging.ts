/** Idle timeouts: how long an entry may go without a hit, and when it had its last. @see P4Runtime §9.1.8 */

/**
 * When an entry was last hit. One for the life of an entry, whatever is modified of it: the states that readers of
 * several generations see share it. Times are nanoseconds of one monotonic clock.
 */
export class Activity {
  /** Undefined: the entry is not yet where frames can hit it. */
  #lastHitNs: number | undefined;
  /** When the timeout began to run: at the last hit, or at the last notification. */
  #timerNs = 0;
  /** What the rule had counted when somebody looked. */
  #packets = 0;

  /** @param nowNs undefined: frames cannot hit the entry, its program is only saved */
  constructor(nowNs?: number) {
    if (nowNs !== undefined) this.#hit(nowNs);
  }

  /** Takes what the rule has counted. More than before is a hit, as of now; less is a rule that began again. */
  counted(packets: number, nowNs: number): void {
    if (this.#lastHitNs === undefined || packets > this.#packets) this.#hit(nowNs);
    this.#packets = packets;
  }

  /** The rule counts from zero again. */
  restart(): void {
    this.#packets = 0;
  }

  /** Goes on for the same entry of another program, whose rule counts on. */
  goOn(before: Activity | undefined): void {
    if (before === undefined) return;
    this.#lastHitNs = before.#lastHitNs;
    this.#timerNs = before.#timerNs;
    this.#packets = before.#packets;
  }

  /** Since the last hit, or since the entry was there to be hit; 0 while it is not. */
  elapsedNs(nowNs: number): number {
    return this.#lastHitNs === undefined ? 0 : Math.max(0, nowNs - this.#lastHitNs);
  }

  /** True if the entry has been idle for `timeoutNs` since its last hit or notification; never for 0 (IDL-03). */
  isDue(timeoutNs: bigint, nowNs: number): boolean {
    return timeoutNs > 0n && this.#lastHitNs !== undefined && nowNs - this.#timerNs >= Number(timeoutNs);
  }

  /** A notification was made: the timeout runs anew, the last hit stays (IDL-09). */
  notified(nowNs: number): void {
    this.#timerNs = nowNs;
  }

  #hit(nowNs: number): void {
    this.#lastHitNs = nowNs;
    this.#timerNs = nowNs;
  }
}

/** How an entry of a table with idle timeouts ages. */
export interface Aging {
  /** As written, 0 … 2^63 − 1; 0: never notified. */
  readonly timeoutNs: bigint;
  readonly activity: Activity;
}
