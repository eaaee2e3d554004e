/** A clock that stands still until told. */
import type { Clock } from "../../src/base/clock.js";

export class HandClock implements Clock {
  #nowNs = 5_000_000_000n;

  monotonicNs(): bigint {
    return this.#nowNs;
  }

  realtimeNs(): bigint {
    return this.#nowNs;
  }

  advanceNs(ns: number | bigint): void {
    this.#nowNs += BigInt(ns);
  }

  advanceMs(ms: number): void {
    this.advanceNs(BigInt(Math.round(ms * 1e6)));
  }
}
