/** Three network namespaces of the demo's own, host – switch – host, with p4rtd on the ports of the one in the middle. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const checkout = new URL("../../", import.meta.url); // from the compiled file
const startMs = 15_000;

/** A program that ran to its end. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

const [left, middle, right] = ["p4demo-left", "p4demo-switch", "p4demo-right"] as const;
export const hosts = { left, right } as const;
export type Host = (typeof hosts)[keyof typeof hosts];

/** What p4rtd is told: two interfaces of the namespace in the middle. */
export const configuration = `listeners:
  - { address: 127.0.0.1, port: 9559, insecure: true }
devices:
  - device_id: 1
    name: leaf-1
    datapath: { type: kernel, netns: ${middle} }
interfaces:
  ethernet-1/1: { netdev: eth1, port_id: 1 }
  ethernet-1/2: { netdev: eth2, port_id: 2 }
`;

/** `ip` commands, one a line; what is behind a namespace's name runs in it. */
const wiring = [
  `link add name eth0 netns ${left} type veth peer name eth1 netns ${middle}`,
  `link add name eth0 netns ${right} type veth peer name eth2 netns ${middle}`,
  ...[`${left} eth0 1 2`, `${middle} eth1 1 1`, `${middle} eth2 2 1`, `${right} eth0 2 2`].flatMap((line) => {
    const [name = "", device = "", net = "", host = ""] = line.split(" ");
    return [
      `-n ${name} address add 10.0.${net}.${host}/24 dev ${device}`,
      `-n ${name} address add 2001:db8:${net}::${host}/64 dev ${device} nodad`,
      `-n ${name} link set ${device} up`,
    ];
  }),
  `-n ${left} route add default via 10.0.1.1`,
  `-n ${left} route add default via 2001:db8:1::1`,
  `-n ${right} route add default via 10.0.2.1`,
  `-n ${right} route add default via 2001:db8:2::1`,
];

function ip(line: string): void {
  execFileSync("ip", line.split(" "), { stdio: ["ignore", "ignore", "pipe"] });
}

/** The lab while it stands; what was started in it ends with it. */
export class KernelLab implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "p4rtd-demo-"));
  readonly #children: ChildProcess[] = [];

  /** Builds the namespaces. @throws if one of them is there already, or without the right to make them */
  static build(): KernelLab {
    const lab = new KernelLab();
    chmodSync(lab.#folder, 0o755); // lldpd reaches its socket as a user of its own
    try {
      for (const name of [left, middle, right]) {
        ip(`netns add ${name}`);
        lab.run(name, ["sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0"]); // addresses hold at once
      }
      for (const line of wiring) ip(line);
      lab.run(middle, ["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
    } catch (error) {
      lab.#tearDown();
      throw error;
    }
    return lab;
  }

  /** Starts the built daemon. @returns the address where it serves */
  async startDaemon(): Promise<string> {
    const [config, portFile] = [join(this.#folder, "p4rtd.yaml"), join(this.#folder, "port")];
    writeFileSync(config, configuration);
    const program = fileURLToPath(new URL("dist/p4rtd.js", checkout));
    const flags = ["--config", config, "--port", "0", "--port-file", portFile, "--log-level", "warn"];
    const daemon = spawn(process.execPath, [program, ...flags], { stdio: ["ignore", "ignore", "inherit"] });
    this.#children.push(daemon);
    const began = performance.now();
    while (!existsSync(portFile)) {
      if (daemon.exitCode !== null) throw new Error(`p4rtd ended with exit code ${daemon.exitCode}`);
      if (performance.now() - began > startMs) throw new Error("p4rtd does not serve");
      await sleep(10);
    }
    return `127.0.0.1:${readFileSync(portFile, "utf8").trim()}`;
  }

  /** Starts a program on a host; it is ended with the lab if it does not end before. */
  start(host: Host, command: readonly [string, ...string[]]): { readonly ended: Promise<Ended> } {
    const child = spawn("ip", ["netns", "exec", host, ...command], { stdio: ["ignore", "pipe", "pipe"] });
    this.#children.push(child);
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    const ended = once(child, "close").then(() => ({
      code: child.exitCode,
      output: Buffer.concat(chunks).toString(),
    }));
    return { ended };
  }

  /** Where a program may put its socket. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  run(name: string, command: readonly [string, ...string[]]): void {
    execFileSync("ip", ["netns", "exec", name, ...command], { stdio: ["ignore", "ignore", "pipe"] });
  }

  /** Ends what runs, the daemon first, and takes the namespaces down. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const closed = once(child, "close");
      child.kill("SIGTERM");
      await closed;
    }
    this.#tearDown();
  }

  #tearDown(): void {
    for (const name of [left, middle, right])
      if (existsSync(`/run/netns/${name}`)) execFileSync("ip", ["netns", "delete", name]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
