/** Fails a suite that leaves something in the kernel. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Addon } from "../../src/addon/addon.js";
import { loadAddon } from "../../src/addon/load.js";
import { listed } from "../support/commands.js";

const graceMs = 3000;

/** Programs, by id, and folders that this process or a daemon of it made: whatever else there is belongs to others. */
const notedPrograms = new Set<number>();
const notedFolders = new Set<string>();

/** Notes the programs that process `pid` holds: none of them may be there after the suite. @see proc_pid_fdinfo(5) */
export function noteProgramsOf(pid: number): void {
  const ids = programsOf(pid);
  if (ids.length === 0) throw new Error(`process ${pid} holds no program`);
  for (const id of ids) notedPrograms.add(id);
}

/** Notes a folder with a bpffs in it: nothing may be mounted there after the suite, and so nothing be pinned. */
export function noteFolder(path: string): void {
  notedFolders.add(path);
}

function programsOf(pid: number): readonly number[] {
  const folder = `/proc/${pid}/fdinfo`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      const id = /^prog_id:\s+(\d+)$/m.exec(readFileSync(`${folder}/${fd}`, "utf8"))?.[1];
      return id === undefined ? [] : [Number(id)];
    } catch (error) {
      // The descriptor that listed the folder is closed by now.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
      throw error;
    }
  });
}

/** Lets the addon of this thread note each program that it loads. Returns what undoes that. */
export function noteOwnPrograms(): () => void {
  const addon: { -readonly [Key in keyof Addon]: Addon[Key] } = loadAddon();
  const { openBpf } = addon;
  if (openBpf === undefined) return () => {};
  addon.openBpf = (options) => {
    const bpf = openBpf(options);
    noteProgramsOf(process.pid);
    return bpf;
  };
  return () => (addon.openBpf = openBpf);
}

/** Noted programs and their links, mounts in noted folders, namespaces of this process, netdevs here that p4rtd or tests made. */
export function traces(): readonly string[] {
  const programs = listed("bpftool", ["-j", "prog", "show"]).filter(({ id }) => notedPrograms.has(Number(id)));
  const ids = new Set(programs.map((program) => program["id"]));
  const links = listed("bpftool", ["-j", "link", "show"]).filter((link) => ids.has(link["prog_id"]));
  const namespaces = listed("ip", ["-json", "netns", "list"]).filter((each) =>
    ["p4tk", "p4tn"].some((prefix) => String(each["name"]).startsWith(`${prefix}${process.pid}-`)),
  );
  const netdevs = listed("ip", ["-json", "link", "show"]).filter(({ ifname }) => /^(p4|tap)/.test(String(ifname)));
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((place) => [...notedFolders].some((folder) => place.startsWith(`${folder}/`)));
  return [
    ...named("netdev", netdevs, "ifname"),
    ...named("namespace", namespaces, "name"),
    ...named("program", programs, "id"),
    ...named("link", links, "id"),
    ...mounts.map((place) => `mount ${place}`),
  ];
}

function named(kind: string, of: readonly Readonly<Record<string, unknown>>[], key: string): readonly string[] {
  return of.map((each) => `${kind} ${String(each[key])}`);
}

/**
 * Call it in a `describe`, after `noLeaks()`: what is in the kernel after the suite and was not before fails it, by name.
 * Programs and pins of other processes do not count, whatever they do meanwhile.
 */
export function noTraces(): void {
  let atStart: ReadonlySet<string> = new Set();
  before("nothing is counted yet", function () {
    atStart = new Set(traces());
    const undo = noteOwnPrograms();
    this.test?.parent?.afterAll("nothing is left in the kernel", async function () {
      this.timeout(2 * graceMs);
      undo();
      const left = () => traces().filter((each) => !atStart.has(each));
      // The kernel takes programs and namespaces apart some time after they were given up.
      for (const deadline = performance.now() + graceMs; left().length > 0 && performance.now() < deadline;)
        await delay(50);
      assert.deepEqual(left(), []);
    });
  });
}
