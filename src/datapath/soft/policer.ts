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

  /** True if a frame may pass at `nowNs`; nothing is taken yet. */
  admits(nowNs: number): boolean {
    this.#bucket.fill(nowNs - this.#filledNs);
    this.#filledNs = nowNs;
    return this.#bucket.holds(1);
  }

  /** Takes the token of a frame that passes. @precondition `admits` */
  take(): void {
    this.#bucket.take(1);
  }
}
