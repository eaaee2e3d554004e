/** `--cleanup`: removes what p4rtd left behind, and nothing else. `docs/kernel-state.md` lists what that can be. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, rmdirSync } from "node:fs";
import { DeviceLock } from "./device-lock.js";
import { netnsInode, readRecord, removeRecord, type KernelRecord } from "./kernel-record.js";
import { kernelLayout, markedNetdevs, pinFolders, removePins } from "./pins.js";
import type { RunFolder } from "./run-folder.js";

/** What a cleanup did, in phrases for people. */
export interface CleanupReport {
  readonly removed: readonly string[];
  /** What stays, and why; empty: nothing of ours is left. */
  readonly failed: readonly string[];
}

/** Collects a report, and goes on where something cannot be removed. */
class Report implements CleanupReport {
  readonly removed: string[] = [];
  readonly failed: string[] = [];

  /** @param work returns what it removed */
  async of(what: string, work: () => readonly string[] | Promise<readonly string[]>): Promise<void> {
    try {
      this.removed.push(...(await work()));
    } catch (error) {
      this.failed.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** Removes everything that any p4rtd with this run-time folder left. Nothing is touched while one of them runs. */
export async function cleanUp(folder: RunFolder): Promise<CleanupReport> {
  const report = new Report();
  const ids = deviceIds(folder);
  const locks: DeviceLock[] = [];
  try {
    for (const id of ids) {
      const lock = await DeviceLock.take(folder.lock(id));
      if (lock === undefined) report.failed.push(`device ${id} is held by a p4rtd that runs: stop it first`);
      else locks.push(lock);
    }
    if (report.failed.length > 0) return report;
    for (const id of ids) await cleanDevice(folder, id, report);
    if (report.failed.length === 0) await report.of(folder.bpffs, () => unmount(folder.bpffs));
  } finally {
    for (const lock of locks) await lock[Symbol.asyncDispose]();
  }
  return report;
}

/** Every device of which something is in the folder. */
function deviceIds(folder: RunFolder): readonly bigint[] {
  const names = existsSync(folder.path) ? readdirSync(folder.path) : [];
  const named = names.flatMap((name) => /^device-([1-9]\d{0,19})\.(?:lock|json(?:\.new)?)$/.exec(name)?.[1] ?? []);
  const pinned = pinFolders(folder.bpffs).map(({ deviceId }) => deviceId);
  return [...new Set([...named.map(BigInt), ...pinned])].sort((a, b) => (a < b ? -1 : 1));
}

/** In the netns first: the record says what is there, so it goes last. */
async function cleanDevice(folder: RunFolder, id: bigint, report: Report): Promise<void> {
  const failuresBefore = report.failed.length;
  const path = folder.record(id);
  await report.of(path, async () => {
    const record = readRecord(path);
    return record === undefined ? [] : clearRecorded(folder, record, id);
  });
  for (const pins of pinFolders(folder.bpffs).filter(({ deviceId }) => deviceId === id))
    await report.of(pins.path, () => {
      if (pins.layout > kernelLayout) throw newer(pins.layout);
      return removePins(pins.path);
    });
  if (report.failed.length > failuresBefore) return;
  await report.of(path, () => {
    const was = existsSync(path);
    removeRecord(path);
    return was ? [path] : [];
  });
}

async function clearRecorded(folder: RunFolder, record: KernelRecord, id: bigint): Promise<readonly string[]> {
  if (record.layout > kernelLayout) throw newer(record.layout);
  const inode = netnsInode(record.netns);
  if (inode !== record.netnsInode) {
    if (record.netns !== undefined) return []; // that namespace is gone, and everything in it
    throw new Error(
      `device ${id} was in another network namespace (net:[${record.netnsInode}]): run p4rtd --cleanup there`,
    );
  }
  const { loadAddon } = await import("../addon/load.js");
  const { clearNetns } = await import("./kernel-leftovers.js");
  const marked = pinFolders(folder.bpffs)
    .filter(({ deviceId }) => deviceId === id)
    .flatMap(({ path }) => markedNetdevs(path));
  return clearNetns(loadAddon(), record, marked);
}

function newer(layout: number): Error {
  return new Error(
    `left by a newer p4rtd, with layout ${layout}; this one knows up to ${kernelLayout}: use the newer one`,
  );
}

/** Takes our own bpffs and its folder away, once nothing is pinned there; another file system in its place stays. */
function unmount(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  const real = realpathSync(path);
  const mounted = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .filter((fields) => fields[4] === real)
    .map((fields) => fields.slice(fields.indexOf("-") + 1));
  const ours = mounted.some(([type, source]) => type === "bpf" && source === "p4rtd");
  if (mounted.length > 0 && !ours) return [];
  const others = readdirSync(path).filter((name) => !/^(?:maps|progs)\.debug$/.test(name)); // the kernel's own
  if (others.length > 0) throw new Error(`holds ${others.join(", ")}, which p4rtd did not make`);
  if (ours) execFileSync("umount", [real], { stdio: ["ignore", "ignore", "pipe"] });
  rmdirSync(path);
  return [ours ? `the bpffs on ${path}` : path];
}
