/** `packet_in`: frames on their way to controllers. */
import type { PacketInOptions } from "./config.js";
import { defaultConfig } from "./defaults.js";
import { integer, oneOf, size } from "./scalars.js";
import { section } from "./sections.js";

const defaults = defaultConfig.packetIn;

/** The section `packet_in`. */
export const packetIn = section({
  target_egress_fallback: oneOf(["zero", "ingress"]).default(defaults.targetEgressFallback),
  backlog: section({
    frames: integer("a number of frames", 1, 1_048_576).default(defaults.backlog.frames),
    bytes: size("64KiB", "1GiB").default(defaults.backlog.bytes),
  }).default(defaults.backlog),
}).transform((raw): PacketInOptions => ({ targetEgressFallback: raw.target_egress_fallback, backlog: raw.backlog }));
