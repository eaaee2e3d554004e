/** The built daemon as a child process, started as users start it. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "../test/support/repository.js";

const program = join(root, "dist/p4rtd.js");

const startTimeoutMs = 10_000;

export interface DaemonOptions {
  /** Arguments for Node itself, such as `--cpu-prof`. */
  readonly nodeArguments?: readonly string[];
  /** The configuration as YAML; none by default. */
  readonly yaml?: string;
}

export class Daemon implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child;
    this.#folder = folder;
    this.port = port;
  }

  /** Starts a daemon on a free port and waits until it serves. @throws if it ends, or does not serve within 10 s */
  static async start({ nodeArguments = [], yaml }: DaemonOptions = {}): Promise<Daemon> {
    const folder = mkdtempSync(join(tmpdir(), "p4rtd-bench-"));
    const portFile = join(folder, "port");
    const config = join(folder, "p4rtd.yaml");
    if (yaml !== undefined) writeFileSync(config, yaml);
    const flags = ["--port", "0", "--port-file", portFile, "--log-level", "warn"];
    if (yaml !== undefined) flags.push("--config", config);
    const child = spawn(process.execPath, [...nodeArguments, program, ...flags], {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, P4RTD_RUN_DIR: join(folder, "run") },
    });
    const began = performance.now();
    while (!existsSync(portFile)) {
      await sleep(2);
      if (child.exitCode !== null) throw new Error(`the daemon ended with exit code ${child.exitCode}`);
      if (performance.now() - began > startTimeoutMs) throw new Error("the daemon does not serve");
    }
    return new Daemon(child, folder, Number(readFileSync(portFile, "utf8")));
  }

  /** CPU time of all threads since the start, in µs. @see proc_pid_schedstat(5): the first number is ns on a CPU */
  cpuUs(): number {
    const tasks = `/proc/${this.#pid}/task`;
    const ns = readdirSync(tasks).map((task) =>
      Number(readFileSync(join(tasks, task, "schedstat"), "utf8").split(" ")[0]),
    );
    return ns.reduce((sum, each) => sum + each, 0) / 1000;
  }

  /** Resident memory in MB (10^6 bytes). */
  residentMb(): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, "utf8");
    return (Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
    const bpffs = join(this.#folder, "run/bpf");
    if (readFileSync("/proc/self/mountinfo", "utf8").includes(` ${bpffs} `)) execFileSync("umount", [bpffs]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error("the daemon runs");
    return pid;
  }
}

/** CPU time of daemon and client over a stretch of work. */
export class CpuMeter {
  readonly #daemon: Daemon;
  readonly #daemonBegan: number;
  readonly #clientBegan = process.cpuUsage();
  readonly #began = performance.now();

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
    this.#daemonBegan = daemon.cpuUs();
  }

  /** Since the meter was made: elapsed time, and CPU time for each of `operations`. */
  read(operations: number): { readonly ms: number; readonly daemonUs: number; readonly clientUs: number } {
    const ms = performance.now() - this.#began;
    const { user, system } = process.cpuUsage(this.#clientBegan);
    return {
      ms,
      daemonUs: (this.#daemon.cpuUs() - this.#daemonBegan) / operations,
      clientUs: (user + system) / operations,
    };
  }
}
