/** The command line of `p4rtd` → exit code. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { LogLevel } from "../base/logger.js";
import type { Config } from "../config/config.js";
import { defaultConfig } from "../config/defaults.js";
import { applyFlags, UsageError } from "../config/flags.js";
import { ConfigError } from "../config/problem.js";
import { version } from "./installation.js";
import { runFolder, runFolderVariable, type RunFolder } from "./run-folder.js";

/** What the process ends with. @see sysexits(3) */
const exit = {
  stopped: 0,
  usage: 64,
  unavailable: 69,
  software: 70,
  listen: 71,
  create: 73,
  privilege: 77,
  config: 78,
} as const;

const exitHelp = `
Exit codes: ${exit.stopped} stopped by SIGTERM or SIGINT; ${exit.usage} wrong usage; ${exit.unavailable} a datapath cannot be opened;
${exit.software} internal error; ${exit.listen} a listener cannot bind; ${exit.create} the port file cannot be written;
${exit.privilege} a privilege is missing; ${exit.config} wrong configuration.
Environment: ${runFolderVariable} is the folder for pins, locks and records (default /run/p4rtd).`;

const logLevels: readonly LogLevel[] = ["debug", "info", "warn", "error", "fatal"];

interface Flags {
  readonly config?: string;
  readonly check?: true;
  readonly logLevel?: LogLevel;
  readonly port?: number;
  readonly portFile?: string;
  readonly deviceId?: bigint;
  readonly cleanup?: true;
}

/** Does what `args` say. Resolves to the exit code, once the daemon has stopped if it was started. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    const flags = parse(args);
    const folder = runFolder(process.env);
    if (folder === undefined) throw new UsageError(`${runFolderVariable} is no absolute path`);
    if (flags.cleanup === true) return await cleanup(flags, folder);
    const config = await configuration(flags);
    if (flags.check === true) {
      process.stdout.write(`${flags.config ?? "default configuration"}: OK\n`);
      return exit.stopped;
    }
    return await serve(config, flags, folder);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.stopped : exit.usage;
    if (error instanceof UsageError) return complain(`p4rtd: ${error.message}`, exit.usage);
    if (error instanceof ConfigError) return complain(error.message, exit.config);
    throw error;
  }
}

/** @throws CommanderError after the complaint, the help or the version was printed */
function parse(args: readonly string[]): Flags {
  return new Command("p4rtd")
    .description("P4Runtime switch agent")
    .option("--config <file>", "configuration (YAML); without it: software datapath, device 1, 127.0.0.1:9559")
    .option("--check", `check the configuration and exit: 0 if it is good, ${exit.config} with the reasons if not`)
    .addOption(new Option("--log-level <level>", "least level that is logged").choices(logLevels))
    .option("--port <port>", "port of the first TCP listener; 0 picks a free one", port)
    .option("--port-file <file>", "file to write the first TCP listener's port to, once it serves")
    .option("--device-id <id>", "id of the only device", deviceId)
    .option(
      "--cleanup",
      "remove everything that p4rtd left in the kernel and in its run-time folder, say what, and exit",
    )
    .version(version(), "--version")
    .addHelpText("after", exitHelp)
    .allowExcessArguments(false)
    .exitOverride()
    .parse(args, { from: "user" })
    .opts<Flags>();
}

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("It must be a TCP port, 0 to 65535.");
  return Number(text);
}

function deviceId(text: string): bigint {
  if (!/^\d{1,20}$/.test(text)) throw new InvalidArgumentError("It must be a number, 1 to 18446744073709551615.");
  return BigInt(text);
}

/** @throws ConfigError, or UsageError for a flag that does not fit the configuration */
async function configuration(flags: Flags): Promise<Config> {
  const config = applyFlags(flags.config === undefined ? defaultConfig : await load(flags.config), flags);
  if (flags.portFile !== undefined && !config.listeners.some((listener) => listener.kind === "tcp"))
    throw new UsageError("--port-file: the configuration has no TCP listener whose port it could hold");
  return config;
}

async function load(file: string): Promise<Config> {
  const { loadConfig } = await import("../config/load.js");
  return loadConfig(file);
}

/** Prints a line for each thing. A second run finds nothing more to remove. */
async function cleanup(flags: Flags, folder: RunFolder): Promise<number> {
  const [other] = Object.keys(flags).filter((name) => name !== "cleanup");
  if (other !== undefined) throw new UsageError("--cleanup goes with no other flag: what was left is written down");
  const { cleanUp } = await import("./cleanup.js");
  const { removed, failed } = await cleanUp(folder);
  for (const what of removed) process.stdout.write(`removed ${what}\n`);
  if (removed.length === 0 && failed.length === 0) process.stdout.write(`nothing of p4rtd's is left\n`);
  return failed.length === 0
    ? exit.stopped
    : complain(failed.map((why) => `p4rtd: ${why}`).join("\n"), exit.unavailable);
}

/** What went wrong once the daemon runs is in its log. */
async function serve(config: Config, flags: Flags, folder: RunFolder): Promise<number> {
  const { runDaemon } = await import("./run.js");
  const outcome = await runDaemon({
    config,
    configFile: flags.config,
    logLevel: flags.logLevel ?? config.telemetry.logLevel,
    portFile: flags.portFile,
    version: version(),
    stop: stopSignal(),
    folder,
    environment: process.env,
  });
  switch (outcome) {
    case "stopped":
      return exit.stopped;
    case "cannot-open":
      return exit.unavailable;
    case "not-permitted":
      return exit.privilege;
    case "cannot-listen":
      return exit.listen;
    case "no-port-file":
      return exit.create;
    case "failed":
      return exit.software;
  }
}

/** Aborted by the first SIGTERM or SIGINT; the second one ends the process where it stands. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const [signal, number] of [
    ["SIGINT", 2],
    ["SIGTERM", 15],
  ] as const)
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(128 + number);
      stop.abort();
    });
  return stop.signal;
}

function complain(message: string, code: number): number {
  process.stderr.write(`${message}\n`);
  return code;
}
