/** The daemon: builds everything from a configuration, serves until told to stop, takes everything down again. */
import type { Logger } from "../base/logger.js";
import type { Config } from "../config/config.js";
import type { RpcContext } from "../rpc/context.js";
import { openDevices } from "./devices.js";
import { writePortFile } from "./port-file.js";
import { RpcServer } from "./server.js";
import { openTelemetry } from "./telemetry.js";

export interface RunOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Where to write the first TCP listener's port once it is ready. */
  readonly portFile: string | undefined;
  readonly stop: AbortSignal;
  /** Called with the bound TCP ports when the daemon serves. */
  readonly ready?: (ports: readonly (number | undefined)[]) => void;
}

/**
 * Runs until `stop`. Ends streams with UNAVAILABLE, closes server, switches and datapaths, also when a step throws.
 * @throws ListenError, or whatever broke while it ran
 */
export async function run({ config, log, portFile, stop, ready }: RunOptions): Promise<void> {
  const failure = new Failure();
  await using devices = openDevices(config, log, failure.report);
  await using telemetry = await openTelemetry(config, devices.byId);
  const context: RpcContext = {
    devices: devices.byId,
    log,
    backlog: config.packetIn.backlog,
    fatal: failure.report,
    finished: telemetry.finished,
  };
  await using server = await RpcServer.open(config, context);
  using _streams = { [Symbol.dispose]: () => devices.dismissAll("p4rtd is stopping") };
  const tcpPort = server.ports.find((port) => port !== undefined);
  using _portFile = portFile === undefined || tcpPort === undefined ? undefined : writePortFile(portFile, tcpPort);
  log.info("daemon.serving", { ports: server.ports, devices: [...devices.byId.keys()] });
  ready?.(server.ports);
  await Promise.race([failure.reported, aborted(stop)]);
  log.info("daemon.stopping");
}

/** Something that must end the process, whoever notices it. */
class Failure {
  #reject: (error: unknown) => void = () => {};
  readonly reported = new Promise<never>((_, reject) => (this.#reject = reject));
  readonly report = (error: unknown): void => this.#reject(error);

  constructor() {
    this.reported.catch(() => undefined); // raced against the stop signal, or reported too late to matter
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
