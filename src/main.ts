#!/usr/bin/env node
/** `p4rtd`: argv and exit codes. */
import { silentLogger } from "./base/logger.js";
import { defaultConfig } from "./config/defaults.js";
import { run } from "./daemon/run.js";

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
process.once("SIGINT", () => stop.abort());
await run({
  config: defaultConfig,
  log: silentLogger,
  portFile: process.argv[2],
  stop: stop.signal,
  ready: () => console.log("ready"),
});
