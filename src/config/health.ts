/** `health`: standard gRPC services beside P4Runtime. */
import { defaultConfig } from "./defaults.js";
import { flag } from "./scalars.js";
import { section } from "./sections.js";

export interface Health {
  /** Serve `grpc.health.v1.Health`. */
  readonly grpcHealth: boolean;
  /** Serve gRPC server reflection. */
  readonly reflection: boolean;
}

const defaults = defaultConfig.health;

export const health = section({
  grpc_health: flag().default(defaults.grpcHealth),
  reflection: flag().default(defaults.reflection),
}).transform((raw): Health => ({ grpcHealth: raw.grpc_health, reflection: raw.reflection }));
