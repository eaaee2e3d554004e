/** `limits`: what one peer, or all of them, may ask for. */
import { defaultConfig } from "./defaults.js";
import { integer, size } from "./scalars.js";
import { section } from "./sections.js";

export interface Limits {
  /** Largest gRPC message taken, in bytes; 4 MiB … 1 GiB. */
  readonly maxRecvBytes: number;
  /** Live controllers per device and role, 16 … 65,536; one more is RESOURCE_EXHAUSTED. */
  readonly controllersPerRole: number;
  /** RPCs in flight per connection, streams included; 1 … 2^31 − 1. The peer queues what is beyond. */
  readonly maxConcurrentStreams: number;
}

const defaults = defaultConfig.limits;

export const limits = section({
  max_recv_bytes: size("4MiB", "1GiB").default(defaults.maxRecvBytes),
  controllers_per_role: integer("a number of controllers", 16, 65536).default(defaults.controllersPerRole),
  max_concurrent_streams: integer("a number of streams", 1, 2 ** 31 - 1).default(defaults.maxConcurrentStreams),
}).transform((raw): Limits => ({
  maxRecvBytes: raw.max_recv_bytes,
  controllersPerRole: raw.controllers_per_role,
  maxConcurrentStreams: raw.max_concurrent_streams,
}));
