/** The daemon as a process of its own: what it does to bad input, and what that costs, is seen from outside. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const startMs = 20_000;
const pollMs = 20;

/**
 * Resident memory that nothing uses: garbage of the burst itself, more of it on newer Node, and what the C library keeps
 * for later (LIMITATIONS.md). Measured at 15 to 60 MiB.
 */
export const allocatorKeeps = 64 * 1024 * 1024;

/** How long memory may take to settle, and how far apart two looks at it are. */
const settleMs = 10_000;
const lookMs = 500;

export const MiB = 1024 * 1024;

export class Daemon implements AsyncDisposable {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #output: () => string;

  private constructor(process: ChildProcess, folder: string, port: number, output: () => string) {
    this.#process = process;
    this.#folder = folder;
    this.port = port;
    this.#output = output;
  }

  /** Starts `p4rtd` with the configuration `yaml` on a port of its own. */
  static async start(yaml: string): Promise<Daemon> {
    const folder = mkdtempSync(join(tmpdir(), "p4rtd-hostile-"));
    const [config, portFile] = [join(folder, "p4rtd.yaml"), join(folder, "port")];
    writeFileSync(config, yaml);
    const args = [main, "--config", config, "--port", "0", "--port-file", portFile, "--log-level", "error"];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text: Buffer) => (output = (output + text.toString()).slice(-8192)));
    const deadline = performance.now() + startMs;
    while (!existsSync(portFile)) {
      assert.equal(child.exitCode, null, `the daemon did not start:\n${output}`);
      assert.ok(performance.now() < deadline, `the daemon does not start:\n${output}`);
      await delay(pollMs);
    }
    return new Daemon(child, folder, Number(readFileSync(portFile, "utf8")), () => output);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** @throws if the process has ended */
  alive(): void {
    const { exitCode, signalCode } = this.#process;
    assert.ok(
      exitCode === null && signalCode === null,
      `the daemon is gone (${exitCode} ${signalCode}):\n${this.#output()}`,
    );
  }

  /** What it wrote to its log, errors only; the end of it. */
  get log(): string {
    return this.#output();
  }

  /** Resident memory in bytes. */
  rss(): number {
    this.alive();
    const pages = readFileSync(`/proc/${this.pid}/statm`, "utf8").split(" ")[1];
    return Number(pages) * 4096;
  }

  /** The least resident memory seen until it is at most `wanted`, or has had `ms` to settle. */
  async settled(wanted: number, ms = settleMs): Promise<number> {
    let least = this.rss();
    for (let waited = 0; waited < ms && least > wanted; waited += lookMs) {
      await delay(lookMs);
      least = Math.min(least, this.rss());
    }
    return least;
  }

  /** Runs `work` and tells the most memory that was resident meanwhile. */
  async peakOf(work: () => Promise<void>): Promise<number> {
    let peak = this.rss();
    const look = setInterval(() => (peak = Math.max(peak, this.rss())), 50);
    try {
      await work();
    } finally {
      clearInterval(look);
    }
    return Math.max(peak, this.rss());
  }

  /** Stops it; it must end by itself and well. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.alive();
      const exit = once(this.#process, "exit");
      this.#process.kill("SIGTERM");
      const [code] = (await Promise.race([exit, delay(settleMs, ["it does not stop"], { ref: false })])) as unknown[];
      assert.equal(code, 0, this.#output());
    } finally {
      this.#process.kill("SIGKILL");
      rmSync(this.#folder, { recursive: true });
    }
  }
}
