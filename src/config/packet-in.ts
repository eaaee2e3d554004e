/** `packet_in`: frames on their way to controllers. */
import { defaultConfig } from "./defaults.js";
import { integer, oneOf, size } from "./scalars.js";
import { section } from "./sections.js";

export interface PacketInOptions {
  /** `target_egress_port` of a frame whose way out is unknown: no port, or the port it came by. */
  readonly targetEgressFallback: "zero" | "ingress";
  /** What may wait for one controller; a frame beyond either bound is dropped and counted. */
  readonly backlog: {
    /** 1 … 1,048,576 */
    readonly frames: number;
    /** 64 KiB … 1 GiB */
    readonly bytes: number;
  };
}

const defaults = defaultConfig.packetIn;

export const packetIn = section({
  target_egress_fallback: oneOf(["zero", "ingress"]).default(defaults.targetEgressFallback),
  backlog: section({
    frames: integer("a number of frames", 1, 1_048_576).default(defaults.backlog.frames),
    bytes: size("64KiB", "1GiB").default(defaults.backlog.bytes),
  }).default(defaults.backlog),
}).transform((raw): PacketInOptions => ({ targetEgressFallback: raw.target_egress_fallback, backlog: raw.backlog }));
