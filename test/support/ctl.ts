/** The built `p4rtctl` as a child process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Ended } from "./daemon.js";
import { root } from "./repository.js";

/** Runs `p4rtctl`, which finds no socket but the one that `args` or `socket` names. */
export async function p4rtctl(args: readonly string[], { socket }: { readonly socket?: string } = {}): Promise<Ended> {
  const { P4RTD_ADMIN_SOCKET: _, ...inherited } = process.env;
  const env = socket === undefined ? inherited : { ...inherited, P4RTD_ADMIN_SOCKET: socket };
  const child = spawn(process.execPath, [join(root, "dist/p4rtctl.js"), ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const texts = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (texts.stderr += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, ...texts };
}
