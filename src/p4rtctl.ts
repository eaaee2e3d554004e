#!/usr/bin/env node
/** `p4rtctl`: what an operator asks a running p4rtd. */
import { runP4rtctl } from "./ctl/command-line.js";
import { version } from "./daemon/installation.js";

async function main(): Promise<void> {
  process.exitCode = await runP4rtctl(process.argv.slice(2), {
    version: version(),
    socket: process.env["P4RTD_ADMIN_SOCKET"],
    color: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
    out: process.stdout,
    err: process.stderr,
  });
}

void main();
