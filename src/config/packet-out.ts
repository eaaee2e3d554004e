/** `packet_out`: frames controllers send. */
import type { PacketOutOptions } from "./config.js";
import { defaultConfig } from "./defaults.js";
import { rate } from "./rate.js";
import { oneOf } from "./scalars.js";
import { section } from "./sections.js";

const defaults = defaultConfig.packetOut;

/** The section `packet_out`. */
export const packetOut = section({
  missing_metadata: oneOf(["zero", "strict"]).default(defaults.missingMetadata),
  rate: rate().optional(),
}).transform((raw): PacketOutOptions => ({ missingMetadata: raw.missing_metadata, rate: raw.rate }));
