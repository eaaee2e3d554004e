/** Fails a suite that leaves something in the kernel. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { listed } from "../support/commands.js";

const graceMs = 3000;

/** Whose programs are looked for: those that this process may have made, or exactly those that `noteProgramsOf` saw. */
export type Whose = "this process" | "noted daemons";

const noted = new Set<number>();

/** Notes the programs that process `pid` holds: none of them may be there after the suite. @see proc_pid_fdinfo(5) */
export function noteProgramsOf(pid: number): void {
  const folder = `/proc/${pid}/fdinfo`;
  const texts = readdirSync(folder).map((fd) => readFileSync(`${folder}/${fd}`, "utf8"));
  const ids = texts.flatMap((text) => /^prog_id:\s+(\d+)$/m.exec(text)?.[1] ?? []);
  if (ids.length === 0) throw new Error(`process ${pid} holds no program`);
  for (const id of ids) noted.add(Number(id));
}

/** Netdevs here, namespaces of this process, programs named p4rtd and their links, pins of this process. */
function traces(whose: Whose): readonly string[] {
  const isOurs = whose === "this process" ? isMine : ({ id }: Listed) => noted.has(Number(id));
  const programs = listed("bpftool", ["-j", "prog", "show"]).filter((each) => each["name"] === "p4rtd" && isOurs(each));
  const ids = new Set(programs.map((program) => program["id"]));
  const links = listed("bpftool", ["-j", "link", "show"]).filter((link) => ids.has(link["prog_id"]));
  const namespaces = listed("ip", ["-json", "netns", "list"]).filter((each) =>
    ["p4tk", "p4tn"].some((prefix) => String(each["name"]).startsWith(`${prefix}${process.pid}-`)),
  );
  const pins = "/run/p4rtd/bpf"; // daemons of tests have run-time folders of their own
  return [
    ...named("netdev", listed("ip", ["-json", "link", "show"]), "ifname"),
    ...named("namespace", namespaces, "name"),
    ...named("program", programs, "id"),
    ...named("link", links, "id"),
    ...(whose === "this process" && existsSync(pins) ? readdirSync(pins).map((name) => `pin ${name}`) : []),
  ];
}

function named(kind: string, of: readonly Readonly<Record<string, unknown>>[], key: string): readonly string[] {
  return of.map((each) => `${kind} ${String(each[key])}`);
}

type Listed = Readonly<Record<string, unknown>>;

/** False if another process holds it: other suites run on this machine. */
function isMine({ pids }: Listed): boolean {
  return !Array.isArray(pids) || pids.every((each: { readonly pid?: unknown }) => each.pid === process.pid);
}

/** Call it in a `describe`, after `noLeaks()`: what is in the kernel after the suite and was not before fails it, by name. */
export function noTraces(whose: Whose = "this process"): void {
  let atStart: ReadonlySet<string> = new Set();
  before("nothing is counted yet", function () {
    atStart = new Set(traces(whose));
    this.test?.parent?.afterAll("nothing is left in the kernel", async function () {
      this.timeout(2 * graceMs);
      const left = () => traces(whose).filter((each) => !atStart.has(each));
      // The kernel takes programs and namespaces apart some time after they were given up.
      for (const deadline = performance.now() + graceMs; left().length > 0 && performance.now() < deadline;)
        await delay(50);
      assert.deepEqual(left(), []);
    });
  });
}
