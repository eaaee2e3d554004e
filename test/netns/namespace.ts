/** Network namespaces of a test: made, changed and removed. */
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { ip, listed, run } from "./commands.js";

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

  /** @param role tells the namespaces of one process apart */
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

  /** Runs `ip` in it. */
  ip(line: string): string {
    return ip(`-n ${this.name} ${line}`);
  }

  /** Writes a sysctl such as `net.ipv4.ip_forward`. */
  set(name: string, value: number): void {
    run("ip", ["netns", "exec", this.name, "sysctl", "-qw", `${name}=${value}`]);
  }

  ifindex(netdev: string): number {
    const [link] = listed("ip", ["-n", this.name, "-json", "link", "show", "dev", netdev]);
    const ifindex = link?.["ifindex"];
    if (typeof ifindex !== "number") throw new Error(`${this.name} has no ${netdev}`);
    return ifindex;
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

/** Waits until `holds`, looking every few milliseconds. @throws Error that names `what` if it takes longer than `ms` */
export async function until(what: string, holds: () => boolean, ms = 5000): Promise<void> {
  for (const deadline = performance.now() + ms; !holds();) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about within ${ms} ms`);
    await delay(2);
  }
}
