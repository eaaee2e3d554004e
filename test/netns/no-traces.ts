/** Fails a suite that leaves something in the kernel. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { listed } from "./commands.js";

const graceMs = 3000;
const maxTries = 10;

/** Netdevs here, namespaces of this process, the programs named p4rtd and their links but those of other processes, pins. */
function traces(): readonly string[] {
  const others = programsOfOthers();
  const programs = steadily(["-j", "prog", "show"]).filter(
    ({ id, name }) => name === "p4rtd" && typeof id === "number" && !others.has(id),
  );
  const ids = new Set(programs.map((program) => program["id"]));
  const links = steadily(["-j", "link", "show"]).filter((link) => ids.has(link["prog_id"]));
  const namespaces = listed("ip", ["-json", "netns", "list"]).filter((each) =>
    String(each["name"]).startsWith(`p4tk${process.pid}-`),
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

/** What bpftool lists. It gives up when something goes while it looks, which is another suite's doing. */
function steadily(args: readonly string[]): readonly Readonly<Record<string, unknown>>[] {
  for (let tries = 1; ; tries++) {
    try {
      return listed("bpftool", args);
    } catch (error) {
      if (tries === maxTries) throw error;
    }
  }
}

/** Ids of BPF programs that other processes hold: other suites run on this machine. */
function programsOfOthers(): ReadonlySet<number> {
  const found = new Set<number>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid))
    for (const line of descriptorLines(pid)) found.add(Number(line.slice("prog_id:".length)));
  return found;
}

/** Lines of a process's descriptors that name a program; none if it ends meanwhile or is closed to us. */
function descriptorLines(pid: string): readonly string[] {
  const folder = `/proc/${pid}/fdinfo`;
  try {
    return readdirSync(folder)
      .flatMap((fd) => readFileSync(`${folder}/${fd}`, "utf8").split("\n"))
      .filter((line) => line.startsWith("prog_id:"));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES") return [];
    throw error;
  }
}

function named(kind: string, of: readonly Readonly<Record<string, unknown>>[], key: string): readonly string[] {
  return of.map((each) => `${kind} ${String(each[key])}`);
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
