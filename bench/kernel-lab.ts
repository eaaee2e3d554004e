/** The network of the kernel benchmark: a source, a box that forwards, a sink; each a network namespace made here. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ip, listed, run } from "../test/support/commands.js";
import { root } from "../test/support/repository.js";
import { loadAddon } from "../src/addon/load.js";

/** Namespaces begin so, and go on with the process that made them. */
const prefix = "p4tbn";

/** Netdevs of the box, each with its other end outside. */
export const boxNetdevs = ["port1", "port2"] as const;
/** What frames of `flood` and `live` are addressed to, and what they leave the box with: no MAC of the sink's. */
const boxMac = "02:00:00:00:00:01";
export const nobodysMac = "02:00:00:00:00:99";

/** What the benchmark needs and does not find here, as things to install or to be; empty: nothing. */
export function missingForKernel(): readonly string[] {
  const programs = { ip: "iproute2", cc: "gcc", taskset: "util-linux", sysctl: "procps" };
  const absent = Object.entries(programs).filter(([name]) => spawnSync("which", [name]).status !== 0);
  return [
    ...(process.getuid?.() === 0 ? [] : ["root"]),
    ...absent.map(([name, packageName]) => `${name} (package ${packageName})`),
    ...(loadAddon().openBpf === undefined ? ["an addon built with libbpf (package libbpf-dev, then npm rebuild)"] : []),
  ];
}

/** What a source of frames did. */
export interface Burst {
  readonly sent: number;
  /** Frames for which the kernel had no room. */
  readonly refused: number;
  readonly wallMs: number;
  /** CPU time of the source, with all that its frames caused in softirqs on its CPU, whoever ran them. */
  readonly cpuNs: number;
}

/** Frames to send. */
export interface Load {
  readonly frames: number;
  readonly bytes: number;
  /** Frames a second; as fast as can be by default. */
  readonly rate?: number;
  /** 64 by default; a frame of TTL 1 is not forwarded. */
  readonly ttl?: number;
  /** Destination MAC, the box by default. */
  readonly to?: string;
}

type Role = "source" | "box" | "sink";

/** Frames to 10.0.2.2 that the box receives leave by its port2; no kernel sends anything by itself. */
export class KernelBenchLab implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "p4rtd-bench-"));
  readonly #made: string[] = [];

  private constructor() {}

  static build(): KernelBenchLab {
    removeLeftovers();
    const lab = new KernelBenchLab();
    try {
      lab.#compile();
      lab.#wire();
      return lab;
    } catch (error) {
      lab[Symbol.dispose]();
      throw error;
    }
  }

  name(role: Role): string {
    return `${prefix}${process.pid}-${role}`;
  }

  /** Of the network namespace. */
  path(role: Role): string {
    return `/run/netns/${this.name(role)}`;
  }

  ip(role: Role, line: string): string {
    return ip(`-n ${this.name(role)} ${line}`);
  }

  ifindex(role: Role, netdev: string): number {
    return Number(this.#link(role, netdev)["ifindex"]);
  }

  /** Frames that the far end of the box's port2 has received. */
  arrived(): number {
    const stats = this.#link("sink", "sink0")["stats64"] as { readonly rx: { readonly packets: number } }; // as ip prints it
    return stats.rx.packets;
  }

  /** Frames that the kernel makes and port1 of the box receives: the cheapest there are. */
  live(load: Load): Promise<Burst> {
    const { frames, bytes, ttl = 64, to = boxMac } = load;
    return this.#start("box", ["live", boxNetdevs[0], frames, bytes, ttl, to]);
  }

  /** Frames of a packet socket on a netdev, by default on the wire to the box's port1. */
  flood(load: Load, from: readonly [Role, string] = ["source", "source0"]): Promise<Burst> {
    const { frames, bytes, rate = 0, ttl = 64, to = boxMac } = load;
    return this.#start(from[0], ["flood", from[1], frames, rate, bytes, ttl, to], rate > 0);
  }

  [Symbol.dispose](): void {
    for (const name of this.#made.splice(0)) ip(`netns del ${name}`);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #compile(): void {
    for (const name of ["flood", "live"])
      run("cc", ["-O2", "-Wall", "-o", join(this.#folder, name), join(root, `bench/native/${name}.c`)]);
  }

  #wire(): void {
    for (const role of ["source", "box", "sink"] as const) {
      ip(`netns add ${this.name(role)}`);
      this.#made.push(this.name(role));
      for (const which of ["all", "default"]) {
        this.#set(role, `net.ipv6.conf.${which}.disable_ipv6=1`);
        this.#set(role, `net.ipv4.conf.${which}.rp_filter=0`);
      }
    }
    const [port1, port2] = boxNetdevs;
    this.ip("box", `link add name ${port1} type veth peer name source0 netns ${this.name("source")}`);
    this.ip("box", `link add name ${port2} type veth peer name sink0 netns ${this.name("sink")}`);
    this.ip("box", `link set ${port1} address ${boxMac}`);
    this.#set("box", "net.ipv4.ip_forward=1");
    this.ip("source", "link set source0 up");
    this.ip("sink", "link set sink0 up");
    for (const [i, netdev] of boxNetdevs.entries()) {
      this.ip("box", `link set ${netdev} up`);
      this.ip("box", `address add 10.0.${i + 1}.1/24 dev ${netdev}`);
    }
    this.ip("box", `neigh replace 10.0.2.2 lladdr ${nobodysMac} dev ${port2} nud permanent`);
  }

  #set(role: Role, setting: string): void {
    run("ip", ["netns", "exec", this.name(role), "sysctl", "-qw", setting]);
  }

  #link(role: Role, netdev: string): Readonly<Record<string, unknown>> {
    const [link] = listed("ip", ["-n", this.name(role), "-s", "-json", "link", "show", "dev", netdev]);
    if (link === undefined) throw new Error(`${this.name(role)} has no ${netdev}`);
    return link;
  }

  /** Unpaced sources have the second CPU to themselves, as far as we are concerned. */
  async #start(role: Role, command: readonly (string | number)[], paced = false): Promise<Burst> {
    const [program, ...words] = command.map(String);
    const pinned = paced ? [] : ["taskset", "-c", String(sourceCpu)];
    const before = softirqNs();
    const args = ["netns", "exec", this.name(role), ...pinned, join(this.#folder, program ?? ""), ...words];
    const child = spawn("ip", args, { stdio: ["ignore", "pipe", "inherit"] });
    const said: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => said.push(bytes));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("close", resolve);
      child.on("error", reject);
    });
    if (code !== 0) throw new Error(`${program ?? ""} ended with exit code ${code ?? "none"}`);
    const told = JSON.parse(Buffer.concat(said).toString()) as {
      readonly [name in "sent" | "refused" | "wallNs" | "cpuNs"]: number;
    }; // as frame.h prints it
    return { ...told, wallMs: told.wallNs / 1e6, cpuNs: told.cpuNs + softirqNs() - before };
  }
}

const sourceCpu = 1;
const readerCpu = 0;

const threadsOfSoftirqs = readdirSync("/proc").filter(
  (pid) => /^\d+$/.test(pid) && commandOf(pid)?.startsWith("ksoftirqd/") === true,
);

/** CPU time of the kernel's threads for softirqs: what they take over of our frames. @see proc_pid_schedstat(5) */
export function softirqNs(): number {
  const ns = threadsOfSoftirqs.map((pid) => Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]));
  return ns.reduce((sum, each) => sum + each, 0);
}

function commandOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return undefined; // it has ended meanwhile
  }
}

/** Keeps all threads of this process off the sources' CPU until disposed of. */
export function besideSource(): Disposable {
  const pin = (cpus: string) => void execFileSync("taskset", ["-apc", cpus, String(process.pid)], { stdio: "ignore" });
  pin(String(readerCpu));
  return { [Symbol.dispose]: () => pin(`${readerCpu},${sourceCpu}`) };
}

/** Removes namespaces of benchmarks that are gone: a killed one could not. */
function removeLeftovers(): void {
  for (const { name } of listed("ip", ["-json", "netns", "list"])) {
    const owner = typeof name === "string" ? new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1] : undefined;
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) ip(`netns del ${String(name)}`);
  }
}
