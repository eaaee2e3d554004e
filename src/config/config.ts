/** YAML → one frozen, validated `Config`; every default lives here (`defaults.ts`). */
import type { Arbitration } from "./arbitration.js";
import type { Device } from "./devices.js";
import type { Health } from "./health.js";
import type { Interface } from "./interfaces.js";
import type { Keepalive } from "./keepalive.js";
import type { Limits } from "./limits.js";
import type { Listener } from "./listeners.js";
import type { PacketInOptions } from "./packet-in.js";
import type { PacketOutOptions } from "./packet-out.js";
import type { Punt } from "./punt.js";
import type { Restart } from "./restart.js";
import type { StreamErrors } from "./stream-errors.js";
import type { Telemetry } from "./telemetry.js";

/** Everything an operator can decide, checked as a whole and frozen to the last level; each section documents itself. */
export interface Config {
  /** One or more, in the file's order. */
  readonly listeners: readonly Listener[];
  /** One or more, ids and names unique. */
  readonly devices: readonly Device[];
  /** In the file's order; names unique, port ids unique per device; each names a device of `devices`. */
  readonly interfaces: readonly Interface[];
  readonly limits: Limits;
  readonly keepalive: Keepalive;
  readonly arbitration: Arbitration;
  readonly punt: Punt;
  readonly packetIn: PacketInOptions;
  readonly packetOut: PacketOutOptions;
  readonly streamErrors: StreamErrors;
  readonly restart: Restart;
  readonly telemetry: Telemetry;
  readonly health: Health;
}
