/** What p4rtd makes for a device outside of its own folders, written down before it is made, for `--cleanup`. */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";

/** What may be there in a network namespace because of one device. */
export interface KernelRecord {
  /** Layout of the pinned maps that the release had which wrote this. */
  readonly layout: number;
  /** Path of the network namespace; undefined: the one p4rtd ran in. */
  readonly netns: string | undefined;
  /** Which network namespace that was: its inode. A path may lead to another one later. */
  readonly netnsInode: number;
  /** Part of the names of the CPU port's two netdevs. */
  readonly ordinal: number;
  /** Persistent TAPs that p4rtd made, which are entered once they are there. */
  readonly taps: readonly TapRecord[];
}

/** A TAP; one of this name with another ifindex is somebody else's. */
export interface TapRecord {
  readonly name: string;
  readonly ifindex: number;
}

/** The inode of the network namespace at `netns`, or of this process's own; undefined: there is none. */
export function netnsInode(netns: string | undefined): number | undefined {
  return statSync(netns ?? "/proc/self/ns/net", { throwIfNoEntry: false })?.ino;
}

/** Writes `record` so that a reader sees all of it or what was there before. */
export function writeRecord(path: string, record: KernelRecord): void {
  const draft = `${path}.new`;
  writeFileSync(draft, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

/** Removes the record; none is no error. */
export function removeRecord(path: string): void {
  for (const file of [path, `${path}.new`]) rmSync(file, { force: true });
}

/** The record at `path`; undefined if there is none. @throws Error naming the file if it is none of ours */
export function readRecord(path: string): KernelRecord | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  const record = checked(parsed(text));
  if (record === undefined) throw new Error(`${path} is no record of p4rtd's: remove it by hand`);
  return record;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function checked(value: unknown): KernelRecord | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { layout, netns, netnsInode, ordinal, taps } = value as Partial<Record<keyof KernelRecord, unknown>>; // each checked below
  if (!isNumber(layout) || !isNumber(netnsInode) || !isNumber(ordinal)) return undefined;
  if ((netns !== undefined && typeof netns !== "string") || !isTaps(taps)) return undefined;
  return { layout, netns, netnsInode, ordinal, taps };
}

function isNumber(value: unknown): value is number {
  return Number.isInteger(value);
}

function isTaps(value: unknown): value is readonly TapRecord[] {
  return Array.isArray(value) && value.every(isTap);
}

function isTap(value: unknown): value is TapRecord {
  if (typeof value !== "object" || value === null) return false;
  const { name, ifindex } = value as Partial<Record<keyof TapRecord, unknown>>; // each checked below
  return typeof name === "string" && isNumber(ifindex);
}
