/** The daemon: builds everything from a configuration, serves until told to stop, takes everything down again. */
import type { Logger, LogLevel } from "../base/logger.js";
import { Code } from "../base/status.js";
import type { Config } from "../config/config.js";
import type { RpcContext } from "../rpc/context.js";
import { openDevices, streamErrorPolicy, type Devices } from "./devices.js";
import { writePortFile } from "./port-file.js";
import { RpcServer } from "./server.js";
import type { Switch } from "../switch/switch.js";
import { createLogger } from "../telemetry/log.js";
import { openTelemetry } from "./telemetry.js";

export interface RunOptions {
  readonly config: Config;
  /** Where `config` came from; undefined: the defaults. */
  readonly configFile: string | undefined;
  readonly logLevel: LogLevel;
  /** Where to write the first TCP listener's port once it is ready. */
  readonly portFile: string | undefined;
  readonly version: string;
  readonly stop: AbortSignal;
}

/** Runs the daemon with its own log. Resolves when it was told to stop and everything is closed. @throws as `run` */
export async function runDaemon(options: RunOptions): Promise<void> {
  const log = createLogger({ level: options.logLevel });
  try {
    await run(options, log);
  } catch (error) {
    log.fatal("daemon.failed", { error });
    throw error;
  } finally {
    await log.flushed();
  }
}

/**
 * Runs until `stop`. Ends streams with UNAVAILABLE, closes server, switches and datapaths, also when a step throws.
 * @param ready called with the bound TCP ports and the devices when the daemon serves
 * @throws ListenError, or whatever broke while it ran
 */
export async function run(
  { config, configFile, portFile, version, stop }: RunOptions,
  log: Logger,
  ready: (ports: readonly (number | undefined)[], devices: ReadonlyMap<bigint, Switch>) => void = () => {},
): Promise<void> {
  const failure = new Failure();
  if (configFile === undefined) log.info("daemon.default_configuration", { hint: "--config FILE replaces it" });
  await using devices = openDevices(config, log, failure.report);
  await using telemetry = await openTelemetry(config, devices.byId, { log, version });
  const context: RpcContext = {
    devices: devices.byId,
    log,
    backlog: config.packetIn.backlog,
    streamErrors: streamErrorPolicy(config),
    strangers: new Set(),
    fatal: failure.report,
    finished: telemetry.finished,
  };
  await using server = await RpcServer.open(config, context);
  using _streams = { [Symbol.dispose]: () => dismissAll(devices, context) };
  const tcpPort = server.ports.find((port) => port !== undefined);
  using _portFile = portFile === undefined || tcpPort === undefined ? undefined : writePortFile(portFile, tcpPort);
  const listening = config.listeners.map((listener, i) =>
    listener.kind === "unix" ? listener.path : `${listener.address}:${server.ports[i] ?? listener.port}`,
  );
  log.info("daemon.serving", {
    version,
    listening,
    devices: [...devices.byId.keys()],
    security: "none: every listener is insecure",
  });
  ready(server.ports, devices.byId);
  await Promise.race([failure.reported, aborted(stop)]);
  log.info("daemon.stopping");
}

/** Ends every stream, so that clients know why and nobody waits for them. */
function dismissAll(devices: Devices, context: RpcContext): void {
  const message = "p4rtd is stopping";
  devices.dismissAll(message);
  for (const stranger of context.strangers) stranger.end({ code: Code.UNAVAILABLE, message });
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
