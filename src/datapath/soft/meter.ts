/** The three meters of P4Runtime, color-blind. */
import { absurd } from "../../base/invariant.js";
import type { MeterConfig, MeterSpec } from "../rule.js";
import { MeterBucket } from "./meter-bucket.js";

export type Colour = "green" | "yellow" | "red";

/** One rule's meter: its configuration and the state of its buckets, which start full. */
export class Meter {
  #filledNs: number;
  readonly #bytes: boolean;
  readonly #marker: Marker;

  /** @param nowNs now, on the clock that `mark` is given */
  constructor(
    spec: MeterSpec,
    readonly config: MeterConfig,
    nowNs: number,
  ) {
    this.#bytes = spec.unit === "bytes";
    this.#marker = markerOf(spec, config);
    this.#filledNs = nowNs;
  }

  /** Marks a frame of `bytes` bytes and takes its tokens. */
  mark(bytes: number, nowNs: number): Colour {
    const elapsedNs = nowNs - this.#filledNs;
    this.#filledNs = nowNs;
    return this.#marker.mark(this.#bytes ? bytes : 1, elapsedNs);
  }
}

interface Marker {
  mark(size: number, elapsedNs: number): Colour;
}

function markerOf(spec: MeterSpec, config: MeterConfig): Marker {
  const committed = bucket(config.cir, config.cburst);
  switch (spec.type) {
    case "two-rate-three-color":
      return new TwoRate(committed, bucket(config.pir, config.pburst));
    case "single-rate-three-color":
      return new SingleRate(committed, bucket(config.cir, config.eburst));
    case "single-rate-two-color":
      return new SingleRate(committed, bucket(0n, 0n));
    default:
      return absurd(spec.type);
  }
}

function bucket(rate: bigint, burst: bigint): MeterBucket {
  return new MeterBucket(Number(rate), Number(burst));
}

/** @see RFC 2698 §3 */
class TwoRate implements Marker {
  constructor(
    readonly committed: MeterBucket,
    readonly peak: MeterBucket,
  ) {}

  mark(size: number, elapsedNs: number): Colour {
    this.committed.fill(elapsedNs);
    this.peak.fill(elapsedNs);
    if (!this.peak.holds(size)) return "red";
    this.peak.take(size);
    if (!this.committed.holds(size)) return "yellow";
    this.committed.take(size);
    return "green";
  }
}

/** @see RFC 2697 §3; with an excess bucket of size zero it knows two colours */
class SingleRate implements Marker {
  constructor(
    readonly committed: MeterBucket,
    readonly excess: MeterBucket,
  ) {}

  mark(size: number, elapsedNs: number): Colour {
    this.excess.pour(this.committed.fill(elapsedNs));
    const bucket = this.committed.holds(size) ? this.committed : this.excess;
    if (!bucket.holds(size)) return "red";
    bucket.take(size);
    return bucket === this.committed ? "green" : "yellow";
  }
}
