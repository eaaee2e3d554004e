/** Network namespaces of a test's own, and what Linux must allow for them. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";

/** What keeps this machine from making network namespaces, for the title of a skipped suite; undefined: nothing. */
function missing(): string | undefined {
  if (process.getuid?.() !== 0) return "root";
  const name = `p4rtd-test-probe-${process.pid}`;
  const made = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  if (made.error !== undefined) return "iproute2";
  if (made.status !== 0) return `network namespaces (${made.stderr.trim()})`;
  execFileSync("ip", ["netns", "del", name]);
  return undefined;
}

/**
 * A suite that needs root and network namespaces. Without them it is skipped and its title names what is missing; with
 * `CI=true` that is a failure.
 */
export function describeAsRoot(title: string, body: () => void): void {
  const lack = missing();
  if (lack === undefined) return void describe(title, body);
  if (process.env["CI"] === "true") throw new Error(`${title}: this machine lacks ${lack}`);
  describe.skip(`${title} (skipped: needs ${lack})`, body);
}

let made = 0;

/** A network namespace with a veth pair `a`, `b` in it, both up, without addresses. */
export class Network {
  readonly name = `p4rtd-test-${process.pid}-${made++}`;
  readonly path = `/run/netns/${this.name}`;

  constructor() {
    execFileSync("ip", ["netns", "add", this.name]);
    // No IPv6 of the kernel's own: what arrives is what a test sent.
    this.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1", "net.ipv6.conf.all.disable_ipv6=1");
    this.ip("link add name a type veth peer name b");
    this.ip("link set dev a up");
    this.ip("link set dev b up");
  }

  /** Runs `ip` with these words in the namespace; its output. */
  ip(words: string): string {
    return execFileSync("ip", ["-n", this.name, ...words.split(" ")], { encoding: "utf8", stdio: "pipe" });
  }

  /** Runs a program in the namespace; its output. */
  run(...command: readonly string[]): string {
    return execFileSync("ip", ["netns", "exec", this.name, ...command], { encoding: "utf8", stdio: "pipe" });
  }

  /** The index of a netdev here. */
  ifindex(netdev: string): number {
    const [link] = JSON.parse(this.ip(`-json link show dev ${netdev}`)) as readonly { readonly ifindex: number }[];
    return link?.ifindex ?? 0;
  }

  /** How often promiscuity of a netdev was asked for. */
  promiscuity(netdev: string): number {
    const [link] = JSON.parse(this.ip(`-json -details link show dev ${netdev}`)) as readonly {
      readonly promiscuity: number;
    }[];
    return link?.promiscuity ?? -1;
  }

  remove(): void {
    execFileSync("ip", ["netns", "del", this.name]);
  }
}

/**
 * The frames that arrive on a netdev while `send` runs, until there are `count` of them: whole, with their VLAN tags,
 * as tcpdump saw them.
 */
export async function captured(
  network: Network,
  netdev: string,
  count: number,
  send: () => void,
): Promise<readonly Uint8Array[]> {
  const args = [
    "-i",
    netdev,
    "-Q",
    "in",
    "-c",
    String(count),
    "-U",
    "-s",
    "2048",
    "-B",
    "4096",
    "--immediate-mode",
    "-w",
    "-",
  ];
  const child = spawn("ip", ["netns", "exec", network.name, "tcpdump", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  const closed = once(child, "close");
  const timeout = setTimeout(() => child.kill(), 10_000); // then too few frames are compared
  let said = "";
  for await (const chunk of child.stderr) {
    const before = said.includes("listening on");
    said += String(chunk);
    if (!before && said.includes("listening on")) send();
  }
  await closed;
  clearTimeout(timeout);
  return framesOf(Buffer.concat(output));
}

/** The packets of a capture file in the byte order of this machine. @see pcap-savefile(5) */
function framesOf(capture: Buffer): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 24; at + 16 <= capture.length;) {
    const length = capture.readUInt32LE(at + 8);
    frames.push(new Uint8Array(capture.subarray(at + 16, at + 16 + length)));
    at += 16 + length;
  }
  return frames;
}

/** Writes `lines` for `ip -batch` and runs them in the namespace. */
export function batch(network: Network, lines: readonly string[], file: string): void {
  writeFileSync(file, lines.join("\n"));
  execFileSync("ip", ["-n", network.name, "-batch", file], { stdio: "pipe" });
}
