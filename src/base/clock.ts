/** Time, injectable. */

/** Monotonic and wall-clock time. */
export interface Clock {
  /** Nanoseconds on a clock that never steps; only differences mean something. */
  monotonicNs(): bigint;
  /** Nanoseconds since the Unix epoch. */
  realtimeNs(): bigint;
}

export const systemClock: Clock = {
  monotonicNs: () => process.hrtime.bigint(),
  realtimeNs: () => BigInt(Date.now()) * 1_000_000n,
};
