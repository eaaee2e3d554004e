/** Network namespaces of a test: made, changed and removed. */
import { existsSync } from "node:fs";
import { ip, listed, run, runWith } from "./commands.js";

/**
 * Every namespace of tests begins so, and goes on with the process that made it: "p4tk" is silent, without IPv6
 * addresses, so that its kernel sends nothing by itself; "p4tn" has IPv6, whose addresses hold at once.
 */
export type Prefix = "p4tk" | "p4tn";

/** A network namespace. */
export class Namespace implements Disposable {
  readonly path: string;

  private constructor(readonly name: string) {
    this.path = `/run/netns/${name}`;
  }

  /** @param role tells those apart that one process has at the same time */
  static add(role: string, prefix: Prefix = "p4tk"): Namespace {
    const name = `${prefix}${process.pid}-${role}`;
    ip(`netns add ${name}`);
    const made = new Namespace(name);
    for (const which of ["all", "default"]) {
      if (prefix === "p4tk") made.set(`net.ipv6.conf.${which}.disable_ipv6`, 1);
      else made.set(`net.ipv6.conf.${which}.accept_dad`, 0);
      made.set(`net.ipv4.conf.${which}.rp_filter`, 0);
    }
    return made;
  }

  /** A silent one with a veth pair `a`, `b` in it, both up, without addresses. */
  static withPair(): Namespace {
    const made = Namespace.add("pair");
    made.pair("a", "b");
    return made;
  }

  /** Joins two new netdevs by a wire and brings both up. */
  pair(one: string, other: string): void {
    this.ip(`link add name ${one} type veth peer name ${other}`);
    for (const netdev of [one, other]) this.ip(`link set dev ${netdev} up`);
  }

  /** Runs `ip` in it, with the words of `line`. */
  ip(line: string): string {
    return ip(`-n ${this.name} ${line}`);
  }

  /** Runs all `lines` in one `ip`. */
  ipBatch(lines: readonly string[]): void {
    runWith(lines.join("\n"), "ip", ["-n", this.name, "-batch", "-"]);
  }

  /** Runs any program in it; its output. */
  run(...command: readonly string[]): string {
    return run("ip", ["netns", "exec", this.name, ...command]);
  }

  /** Writes a sysctl such as `net.ipv4.ip_forward`. */
  set(name: string, value: number): void {
    this.run("sysctl", "-qw", `${name}=${value}`);
  }

  /** The names of the netdevs in it, `lo` not. */
  netdevs(): readonly string[] {
    const links = listed("ip", ["-n", this.name, "-json", "link", "show"]);
    return links.map(({ ifname }) => String(ifname)).filter((name) => name !== "lo");
  }

  ifindex(netdev: string): number {
    return this.#number(netdev, "ifindex");
  }

  /** How often promiscuity of a netdev was asked for. */
  promiscuity(netdev: string): number {
    return this.#number(netdev, "promiscuity");
  }

  #number(netdev: string, what: string): number {
    const [link] = listed("ip", ["-n", this.name, "-json", "-details", "link", "show", "dev", netdev]);
    const value = link?.[what];
    if (typeof value !== "number") throw new Error(`${this.name} has no ${netdev} with ${what}`);
    return value;
  }

  [Symbol.dispose](): void {
    ip(`netns del ${this.name}`);
  }
}

/** Removes namespaces of test processes that are gone: a killed one could not. */
export function removeLeftovers(): void {
  for (const { name } of listed("ip", ["-json", "netns", "list"])) {
    const owner = typeof name === "string" ? /^p4t[kn](\d+)-/.exec(name)?.[1] : undefined;
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) ip(`netns del ${String(name)}`);
  }
}
