#!/usr/bin/env node
/** `p4rtd`: argv and exit codes. */
import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { applyFlags, UsageError } from "./config/flags.js";
import { defaultConfig } from "./config/defaults.js";
import type { Config, Telemetry } from "./config/config.js";

/** @see sysexits(3) */
const exit = { usage: 64, software: 70, listen: 71, config: 78 } as const;

interface Flags {
  readonly config?: string;
  readonly check?: true;
  readonly logLevel?: Telemetry["logLevel"];
  readonly port?: number;
  readonly portFile?: string;
  readonly deviceId?: bigint;
}

function number(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("It must be a TCP port, 0 to 65535.");
  return Number(text);
}

function deviceId(text: string): bigint {
  if (!/^\d{1,20}$/.test(text)) throw new InvalidArgumentError("It must be a number, 1 to 18446744073709551615.");
  return BigInt(text);
}

function version(): string {
  for (const above of ["..", "../.."]) {
    const found = new URL(`${above}/package.json`, import.meta.url);
    try {
      const { name, version } = JSON.parse(readFileSync(found, "utf8")) as { name?: string; version?: string };
      if (name === "p4rtd" && version !== undefined) return version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error; // tried one folder further up
    }
  }
  return "unknown";
}

const command = new Command("p4rtd")
  .description("P4Runtime switch agent")
  .addOption(
    new Option("--config <file>", "configuration (YAML); without it: software datapath, device 1, 127.0.0.1:9559"),
  )
  .addOption(new Option("--check", "check the configuration and exit: 0 if it is good, 78 with the reasons if not"))
  .addOption(
    new Option("--log-level <level>", "least level that is logged").choices([
      "debug",
      "info",
      "warn",
      "error",
      "fatal",
    ]),
  )
  .addOption(new Option("--port <port>", "port of the first TCP listener; 0 picks a free one").argParser(number))
  .addOption(new Option("--port-file <file>", "file to write the bound port to, once it serves"))
  .addOption(new Option("--device-id <id>", "id of the only device").argParser(deviceId))
  .version(version(), "--version")
  .allowExcessArguments(false)
  .exitOverride();

async function configuration(flags: Flags): Promise<Config> {
  if (flags.config === undefined) return applyFlags(defaultConfig, flags);
  const { loadConfig } = await import("./config/load.js");
  return applyFlags(await loadConfig(flags.config), flags);
}

async function main(): Promise<number> {
  let flags: Flags;
  try {
    flags = command.parse().opts<Flags>();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exit.usage;
    throw error;
  }
  let config: Config;
  try {
    config = await configuration(flags);
  } catch (error) {
    if (error instanceof UsageError) return complain(error.message, exit.usage);
    if (error instanceof Error && error.name === "ConfigError") return complain(error.message, exit.config);
    throw error;
  }
  if (flags.check === true) {
    process.stdout.write(`${flags.config ?? "default configuration"}: OK\n`);
    return 0;
  }
  return serve(config, flags);
}

async function serve(config: Config, flags: Flags): Promise<number> {
  const { runDaemon } = await import("./daemon/run.js");
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  try {
    await runDaemon({
      config,
      configFile: flags.config,
      logLevel: flags.logLevel ?? config.telemetry.logLevel,
      portFile: flags.portFile,
      version: version(),
      stop: stop.signal,
    });
    return 0;
  } catch (error) {
    if (error instanceof Error && error.name === "ListenError") return complain(error.message, exit.listen);
    return complain(error instanceof Error ? (error.stack ?? error.message) : String(error), exit.software);
  }
}

function complain(message: string, code: number): number {
  process.stderr.write(`p4rtd: ${message}\n`);
  return code;
}

process.exitCode = await main();
