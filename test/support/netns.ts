/** Network namespaces for one test, and commands within. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

/** Runs a command that must succeed; returns what it printed. */
export function sh(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

let count = 0;

/** A network namespace that is gone after the test. */
export class Netns implements Disposable {
  readonly name = `p4tc-${process.pid}-${++count}`;

  constructor() {
    sh("ip", "netns", "add", this.name);
    this.ip("link", "set", "lo", "up");
  }

  get path(): string {
    return `/run/netns/${this.name}`;
  }

  /** `ip` within. */
  ip(...args: readonly string[]): string {
    return sh("ip", "-n", this.name, ...args);
  }

  /** Any command within. */
  run(...command: readonly string[]): string {
    return sh("ip", "netns", "exec", this.name, ...command);
  }

  /** The names of the netdevs within, `lo` not. */
  netdevs(): readonly string[] {
    const links = JSON.parse(this.ip("-j", "link")) as readonly { readonly ifname: string }[]; // what ip prints
    return links.map(({ ifname }) => ifname).filter((name) => name !== "lo");
  }

  ifindex(netdev: string): number {
    const [link] = JSON.parse(this.ip("-j", "link", "show", netdev)) as readonly { readonly ifindex: number }[]; // what ip prints
    assert.ok(link !== undefined);
    return link.ifindex;
  }

  [Symbol.dispose](): void {
    sh("ip", "netns", "del", this.name);
  }
}
