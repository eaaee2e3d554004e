/** `limits`: what one peer, or all of them, may ask for. */
import type { Limits } from "./config.js";
import { defaultConfig } from "./defaults.js";
import { integer, size } from "./scalars.js";
import { section } from "./sections.js";

const defaults = defaultConfig.limits;

/** The section `limits`. */
export const limits = section({
  max_recv_bytes: size("4MiB", "1GiB").default(defaults.maxRecvBytes),
  controllers_per_role: integer("a number of controllers", 16, 65536).default(defaults.controllersPerRole),
  max_concurrent_streams: integer("a number of streams", 1, 2 ** 31 - 1).default(defaults.maxConcurrentStreams),
}).transform((raw): Limits => ({
  maxRecvBytes: raw.max_recv_bytes,
  controllersPerRole: raw.controllers_per_role,
  maxConcurrentStreams: raw.max_concurrent_streams,
}));
