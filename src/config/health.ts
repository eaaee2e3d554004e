/** `health`: standard gRPC services beside P4Runtime. */
import type { Health } from "./config.js";
import { defaultConfig } from "./defaults.js";
import { flag } from "./scalars.js";
import { section } from "./sections.js";

const defaults = defaultConfig.health;

/** The section `health`. */
export const health = section({
  grpc_health: flag().default(defaults.grpcHealth),
  reflection: flag().default(defaults.reflection),
}).transform((raw): Health => ({ grpcHealth: raw.grpc_health, reflection: raw.reflection }));
