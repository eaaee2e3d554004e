/** The daemon: builds everything from a configuration, serves until told to stop, takes everything down again. */
import type { Addon } from "../addon/addon.js";
import type { Logger, LogLevel } from "../base/logger.js";
import { Code } from "../base/status.js";
import type { Config, UnixSocket } from "../config/config.js";
import type { RpcContext } from "../rpc/context.js";
import type { Switch } from "../switch/switch.js";
import { Health } from "../telemetry/health.js";
import { createLogger } from "../telemetry/log.js";
import { DatapathError } from "./datapath-error.js";
import { openDevices, streamErrorPolicy, type Devices } from "./devices.js";
import { Failure } from "./failure.js";
import { ListenError } from "./listen-error.js";
import { giveBackMemory } from "./memory.js";
import { PortFileError, writePortFile } from "./port-file.js";
import { defaultRunFolder, RunFolder } from "./run-folder.js";
import { RpcServer } from "./server.js";
import { NotifyError, openServiceManager, type ServiceEnvironment } from "./sd-notify.js";
import { servedNames } from "./standard-services.js";
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
  /** Where kernel datapaths keep their pins, locks and records; absent: /run/p4rtd. */
  readonly folder?: RunFolder;
  /** Where a service manager says what it wants to hear; absent: there is none. */
  readonly environment?: ServiceEnvironment;
  /** Where whoever notices it reports what must end the daemon. */
  readonly failure?: Failure;
}

/** How a daemon ended; for all but `stopped` a fatal event says why. */
export type Outcome = "stopped" | "cannot-listen" | "cannot-open" | "not-permitted" | "no-port-file" | "failed";

/** Runs the daemon as this process, with its own log. Resolves when everything is closed and logged. */
export async function runDaemon(options: RunOptions): Promise<Outcome> {
  const log = createLogger({ level: options.logLevel });
  const failure = new Failure();
  process.on("uncaughtException", failure.report);
  try {
    using _memory = giveBackMemory();
    await run({ ...options, failure }, log);
    return "stopped";
  } catch (error) {
    return logFatal(log, error);
  } finally {
    await log.flushed();
    process.off("uncaughtException", failure.report);
  }
}

function logFatal(log: Logger, error: unknown): Outcome {
  if (error instanceof ListenError) {
    log.fatal("daemon.cannot_listen", { reason: error.message });
    return "cannot-listen";
  }
  if (error instanceof PortFileError) {
    log.fatal("daemon.no_port_file", { reason: error.message });
    return "no-port-file";
  }
  if (error instanceof DatapathError && error.reason === "privilege") {
    log.fatal("datapath.not_permitted", { reason: error.message });
    return "not-permitted";
  }
  if (error instanceof DatapathError) {
    log.fatal("datapath.cannot_open", { reason: error.message });
    return "cannot-open";
  }
  if (error instanceof NotifyError) {
    log.fatal("daemon.cannot_notify", { reason: error.message });
    return "cannot-open";
  }
  log.fatal("daemon.failed", { error });
  return "failed";
}

/**
 * Runs until `stop`. Ends streams with UNAVAILABLE, closes server, switches and datapaths, also when a step throws.
 * @param ready called with the bound TCP ports and the devices when the daemon serves
 * @throws ListenError, PortFileError, DatapathError, NotifyError, or whatever broke while it ran
 */
export async function run(
  options: RunOptions,
  log: Logger,
  ready: (ports: readonly (number | undefined)[], devices: ReadonlyMap<bigint, Switch>) => void = () => {},
): Promise<void> {
  const { config, configFile, portFile, version, stop, environment = {}, failure = new Failure() } = options;
  const { folder = new RunFolder(defaultRunFolder) } = options;
  using manager = await openServiceManager(environment, loadAddonLazily, log);
  await using devices = await openDevices(config, { log, folder, failed: failure.report });
  await using telemetry = await openTelemetry(config, devices.byId, { log, version });
  const context: RpcContext = {
    devices: devices.byId,
    log,
    backlog: config.packetIn.backlog,
    streamErrors: streamErrorPolicy(config),
    streams: new Set(),
    fatal: failure.report,
    build: { version, platform: `${process.platform}/${process.arch}`, runtime: `node ${process.versions.node}` },
    maxMessageBytes: config.limits.maxRecvBytes,
    finished: telemetry.finished,
  };
  await using server = await RpcServer.open(config, context);
  await using _admin = config.admin && (await openAdmin(config.admin, context));
  using _streams = { [Symbol.dispose]: () => dismissAll(devices, context) };
  using health = new Health({ services: servedNames, target: server.health, holdMs: 0 });
  const tcpPort = server.ports.find((port) => port !== undefined);
  using _portFile = portFile === undefined || tcpPort === undefined ? undefined : writePortFile(portFile, tcpPort);
  health.start();
  if (configFile === undefined) log.info("daemon.default_configuration", { hint: "--config FILE replaces it" });
  const listening = config.listeners.map((listener, i) =>
    listener.kind === "unix" ? listener.path : `${listener.address}:${server.ports[i] ?? listener.port}`,
  );
  log.info("daemon.serving", {
    version,
    listening,
    ...(config.admin && { admin: config.admin.path }),
    devices: config.devices.map(({ deviceId, datapath }) => ({ device_id: deviceId, datapath: datapath.type })),
    security: "none: every listener is insecure",
  });
  manager.ready();
  ready(server.ports, devices.byId);
  await Promise.race([failure.reported, aborted(stop)]);
  manager.stopping();
  log.info("daemon.stopping");
}

async function openAdmin(socket: UnixSocket, context: RpcContext): Promise<AsyncDisposable> {
  const { openAdminServer } = await import("./admin-server.js");
  return openAdminServer(socket, context);
}

/** Native code, for whoever needs it. */
async function loadAddonLazily(): Promise<Addon> {
  const { loadAddon } = await import("../addon/load.js");
  return loadAddon();
}

/** Ends every stream, so that clients know why and nobody waits for them. */
function dismissAll(devices: Devices, context: RpcContext): void {
  const message = "p4rtd is stopping";
  devices.dismissAll(message);
  for (const stream of context.streams) stream.end({ code: Code.UNAVAILABLE, message });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
