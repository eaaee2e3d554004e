/** The three meters of P4Runtime, color-blind. */
import { absurd } from "../../base/invariant.js";
import { sameConfig, type MeterConfig, type MeterSpec } from "../rule.js";
import { MeterBucket } from "./meter-bucket.js";

export type Colour = "green" | "yellow" | "red";

/** What one rule's meters have marked other than green since the rule was added. */
export class ColourCounts {
  yellowPackets = 0;
  yellowBytes = 0;
  redPackets = 0;
  redBytes = 0;

  add(colour: "yellow" | "red", bytes: number): void {
    if (colour === "red") {
      this.redPackets++;
      this.redBytes += bytes;
      return;
    }
    this.yellowPackets++;
    this.yellowBytes += bytes;
  }
}

/** One rule's meter: its configuration and the state of its buckets, which start full. */
export class Meter {
  /** Those of the rule: a meter that takes another's place goes on with them. */
  readonly counts: ColourCounts;
  #filledNs: number;
  readonly #bytes: boolean;
  readonly #marker: Marker;

  /**
   * @param config undefined: every frame is green
   * @param at now, on the clock that `mark` is given, and the meter whose place this one takes, if there is one
   */
  constructor(
    readonly spec: MeterSpec,
    readonly config: MeterConfig | undefined,
    at: { readonly nowNs: number; readonly before?: Meter | undefined },
  ) {
    this.#bytes = spec.unit === "bytes";
    this.#marker = config === undefined ? new AlwaysGreen() : markerOf(spec, config);
    this.#filledNs = at.nowNs;
    this.counts = at.before?.counts ?? new ColourCounts();
  }

  /** True if a meter of the same history would mark every frame as `other` does. */
  marksAs({ spec, config }: Meter): boolean {
    return spec.type === this.spec.type && spec.unit === this.spec.unit && sameConfig(config, this.config);
  }

  /** Marks a frame of `bytes` bytes, takes its tokens and counts it unless it is green. */
  mark(bytes: number, nowNs: number): Colour {
    const elapsedNs = nowNs - this.#filledNs;
    this.#filledNs = nowNs;
    const colour = this.#marker.mark(this.#bytes ? bytes : 1, elapsedNs);
    if (colour !== "green") this.counts.add(colour, bytes);
    return colour;
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

/** What is left of a meter that lost its configuration: its counts. */
class AlwaysGreen implements Marker {
  mark(): Colour {
    return "green";
  }
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
