/** The clock as meters read it. */
import type { Clock } from "../../base/clock.js";

/** Nanoseconds since the start as doubles: exact for 104 days, then to the nearest microsecond for centuries. */
export class Ticks {
  readonly #clock: Clock;
  readonly #start: bigint;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#start = clock.monotonicNs();
  }

  nowNs(): number {
    return Number(this.#clock.monotonicNs() - this.#start);
  }
}
