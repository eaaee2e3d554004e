/** Fails a suite that leaves something in the kernel. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { listed } from "./commands.js";

const graceMs = 3000;

/** Netdevs here, namespaces of this process, the programs named p4rtd and their links but those of other processes, pins. */
function traces(): readonly string[] {
  const programs = listed("bpftool", ["-j", "prog", "show"]).filter((each) => each["name"] === "p4rtd" && isOurs(each));
  const ids = new Set(programs.map((program) => program["id"]));
  const links = listed("bpftool", ["-j", "link", "show"]).filter((link) => ids.has(link["prog_id"]));
  const namespaces = listed("ip", ["-json", "netns", "list"]).filter((each) =>
    ["p4tk", "p4tn"].some((prefix) => String(each["name"]).startsWith(`${prefix}${process.pid}-`)),
  );
  const pins = "/run/p4rtd/bpf";
  return [
    ...named("netdev", listed("ip", ["-json", "link", "show"]), "ifname"),
    ...named("namespace", namespaces, "name"),
    ...named("program", programs, "id"),
    ...named("link", links, "id"),
    ...(existsSync(pins) ? readdirSync(pins).map((name) => `pin ${name}`) : []),
  ];
}

function named(kind: string, of: readonly Readonly<Record<string, unknown>>[], key: string): readonly string[] {
  return of.map((each) => `${kind} ${String(each[key])}`);
}

/** False if another process holds it: other suites run on this machine. */
function isOurs({ pids }: Readonly<Record<string, unknown>>): boolean {
  return !Array.isArray(pids) || pids.every((each: { readonly pid?: unknown }) => each.pid === process.pid);
}

/** Call it in a `describe`, after `noLeaks()`: what is in the kernel after the suite and was not before fails it, by name. */
export function noTraces(): void {
  let atStart: ReadonlySet<string> = new Set();
  before("nothing is counted yet", function () {
    atStart = new Set(traces());
    this.test?.parent?.afterAll("nothing is left in the kernel", async function () {
      this.timeout(2 * graceMs);
      const left = () => traces().filter((each) => !atStart.has(each));
      // The kernel takes programs and namespaces apart some time after they were given up.
      for (const deadline = performance.now() + graceMs; left().length > 0 && performance.now() < deadline;)
        await delay(50);
      assert.deepEqual(left(), []);
    });
  });
}
