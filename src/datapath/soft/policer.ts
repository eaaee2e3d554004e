/** One limit on punted frames per second. */
import { MeterBucket } from "./meter-bucket.js";

/** Frames per second, and how many may come at once. */
export interface PolicerSpec {
  readonly pps: number;
  readonly burst: number;
}

/** A bucket that fills as time passes and gives one token per frame. */
export class Policer {
  readonly #bucket: MeterBucket;
  #filledNs: number;

  constructor(spec: PolicerSpec, nowNs: number) {
    this.#bucket = new MeterBucket(spec.pps, spec.burst);
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
