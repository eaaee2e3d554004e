/** `packet_out`: frames controllers send. */
import { defaultConfig } from "./defaults.js";
import { rate, type Rate } from "./rate.js";
import { oneOf } from "./scalars.js";
import { section } from "./sections.js";

export interface PacketOutOptions {
  /** Metadata a PacketOut leaves out: taken as zero, or a reason to refuse it. */
  readonly missingMetadata: "zero" | "strict";
  /** What one controller may send; undefined: as much as it can. */
  readonly rate: Rate | undefined;
}

const defaults = defaultConfig.packetOut;

export const packetOut = section({
  missing_metadata: oneOf(["zero", "strict"]).default(defaults.missingMetadata),
  rate: rate().optional(),
}).transform((raw): PacketOutOptions => ({ missingMetadata: raw.missing_metadata, rate: raw.rate }));
