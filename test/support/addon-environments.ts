/** The addon in environments of its own: workers and processes whose code a test writes out. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { root } from "../support/repository.js";

const file = join(root, "build/Release/p4rtd.node");
const head = `const addon = require(${JSON.stringify(file)});\n`;

/** How a worker ended: its exit code, what it posted, and the error that nothing caught in it. */
export interface Ended {
  readonly code: number;
  readonly posted: readonly unknown[];
  readonly error: Error | undefined;
}

/** Runs `code` in a worker, with the addon as `addon` and `post` to report. */
export async function inWorker(code: string): Promise<Ended> {
  const worker = new Worker(
    `const post = (x) => require("node:worker_threads").parentPort.postMessage(x);\n${head}${code}`,
    {
      eval: true,
    },
  );
  const posted: unknown[] = [];
  let error: Error | undefined;
  worker.on("message", (message: unknown) => posted.push(message));
  worker.on("error", (thrown: Error) => (error = thrown));
  const [exitCode] = (await once(worker, "exit").catch(() => once(worker, "exit"))) as [number];
  return { code: exitCode, posted, error };
}

/** Runs `code` in a process of its own, with the addon as `addon`; its exit code or signal, and standard output. */
export async function inProcess(
  code: string,
): Promise<{ readonly ended: number | NodeJS.Signals | null; readonly output: string; readonly errors: string }> {
  const child = spawn(process.execPath, ["--expose-gc", "-e", head + code], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const [exitCode, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { ended: signal ?? exitCode, output, errors };
}
