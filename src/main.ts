#!/usr/bin/env node
/** `p4rtd`: keeps compiled code for the next start where Node can, then does what the command line says. */
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Node keeps compiled code from 22.1 on. A folder beside our own code, not a shared temporary one, whose content anyone
 * could have put there; if it cannot be written or what it holds is stale or broken, Node compiles as ever.
 */
function keepCompiledCode(): void {
  const later = nodeModule as { readonly enableCompileCache?: (folder: string) => unknown }; // absent before 22.1
  later.enableCompileCache?.(fileURLToPath(new URL("compile-cache", import.meta.url)));
}

async function main(): Promise<void> {
  keepCompiledCode();
  const { runCommandLine } = await import("./daemon/command-line.js"); // not before the cache is on
  process.exitCode = await runCommandLine(process.argv.slice(2));
}

void main();
