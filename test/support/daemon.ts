/** The built daemon as a child process, started as users start it. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { P4Client } from "./p4-client.js";
import { root } from "./repository.js";

const program = join(root, "dist/p4rtd.js");
const timeoutMs = 15_000;

export interface DaemonOptions {
  /** Text of the file that `--config` names; none when absent. */
  readonly yaml?: string;
  readonly args?: readonly string[];
  /** Arguments for Node itself. */
  readonly nodeArguments?: readonly string[];
  /** A command that runs the one behind it, such as `setpriv --reuid 65534`. */
  readonly within?: readonly string[];
  /** Added to the environment of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** One line of the log. */
export type LogEvent = Readonly<Record<string, unknown>> & { readonly level: string; readonly event: string };

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of p4rtd with a folder of its own; a port and a file for it are chosen unless `args` say so. */
export class Daemon implements AsyncDisposable {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #folder: Folder;
  readonly #events: LogEvent[] = [];
  readonly #clients: P4Client[] = [];
  #wake: () => void = () => {};
  #stdout = "";
  #stderr = "";

  private constructor(options: DaemonOptions, folder: Folder) {
    this.#folder = folder;
    const { yaml, args = [], nodeArguments = [], within: around = [], environment = {} } = options;
    const config = yaml === undefined ? [] : ["--config", folder.write("p4rtd.yaml", yaml)];
    if (around.length > 0) chmodSync(folder.path, 0o755); // it may run as somebody else
    const [command = "", ...rest] = [...around, process.execPath, ...nodeArguments, program, ...config, ...args];
    this.#child = spawn(command, rest, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, P4RTD_RUN_DIR: folder.at("run"), ...environment },
    });
    const { stdout, stderr } = this.#child;
    assert.ok(stdout && stderr);
    stdout.on("data", (text: Buffer) => (this.#stdout += text.toString()));
    createInterface(stderr).on("line", (line) => this.#line(line));
    this.ended = new Promise((resolve) => {
      this.#child.once("close", (code) => {
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
        this.#wake();
      });
    });
  }

  /** Starts a daemon on a free port and waits until it serves. */
  static async start(options: DaemonOptions = {}): Promise<Daemon> {
    const folder = new Folder();
    const daemon = new Daemon({ ...options, args: ["--port", "0", ...(options.args ?? [])] }, folder);
    await daemon.event("daemon.serving");
    return daemon;
  }

  /** Runs p4rtd until it ends by itself. */
  static async outcome(options: DaemonOptions): Promise<Ended> {
    const folder = new Folder();
    await using daemon = new Daemon(options, folder);
    return await within(daemon.ended, "p4rtd did not end");
  }

  get pid(): number {
    assert.ok(this.#child.pid);
    return this.#child.pid;
  }

  /** Everything logged so far. */
  get events(): readonly LogEvent[] {
    return this.#events;
  }

  /** The first event of this name, when it comes. */
  async event(name: string): Promise<LogEvent> {
    const search = async () => {
      for (;;) {
        const found = this.#events.find(({ event }) => event === name);
        if (found !== undefined) return found;
        assert.equal(this.#child.exitCode, null, `p4rtd ended before ${name}:\n${this.#stderr}`);
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    };
    return within(search(), `${name} was not logged`);
  }

  /** Where the first listener listens. */
  async address(): Promise<string> {
    const { listening } = await this.event("daemon.serving");
    assert.ok(Array.isArray(listening));
    return String(listening[0]);
  }

  async client(): Promise<P4Client> {
    const client = new P4Client(await this.address());
    this.#clients.push(client);
    return client;
  }

  /** Stops reading its log, as if the reader of the pipe had gone. */
  closeLog(): void {
    this.#child.stderr?.destroy();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends SIGTERM. Resolves with the outcome and how long the stop took. */
  async stop(): Promise<Ended & { readonly ms: number }> {
    const began = performance.now();
    this.signal("SIGTERM");
    const ended = await within(this.ended, "p4rtd did not stop");
    return { ...ended, ms: performance.now() - began };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.signal("SIGKILL");
    await this.ended;
    this.#folder[Symbol.dispose]();
  }

  #line(line: string): void {
    this.#stderr += `${line}\n`;
    if (line.startsWith("{")) this.#events.push(JSON.parse(line) as LogEvent); // a line of the log has both
    this.#wake();
  }
}

/** A folder that is gone after the test. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "p4rtd-test-"));

  /** Makes a file; returns its path. */
  write(name: string, text: string): string {
    writeFileSync(this.at(name), text);
    return this.at(name);
  }

  at(name: string): string {
    return join(this.path, name);
  }

  /** The names of files in the order in which they appear, until `last`. */
  async appearing(last: string, start: () => void): Promise<readonly string[]> {
    const names: string[] = [];
    const seen = new Promise<void>((resolve) => {
      const watcher = watch(this.path, (_, name) => {
        if (name !== null) names.push(name);
        if (name !== last) return;
        watcher.close();
        resolve();
      });
    });
    start();
    await within(seen, `${last} did not appear`);
    return names;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

async function within<T>(promise: Promise<T>, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${otherwise} within ${timeoutMs / 1000} s`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
