/** A token bucket in packets per second. */
import { integer } from "./scalars.js";
import { section } from "./sections.js";

export interface Rate {
  /** Tokens per second, 1 … 10^9. */
  readonly pps: number;
  /** Tokens the bucket holds, 1 … 10^9. */
  readonly burst: number;
}

const most = 1_000_000_000;

export const rate = () =>
  section({
    pps: integer("a rate in packets per second", 1, most),
    burst: integer("a burst in packets", 1, most),
  });
