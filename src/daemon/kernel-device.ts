/** A configured device → a kernel datapath with its ports. Loaded only where one is configured. */
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Addon } from "../addon/addon.js";
import { loadAddon } from "../addon/load.js";
import type { Logger } from "../base/logger.js";
import { packageRoot } from "../base/package-root.js";
import { StatusError } from "../base/status.js";
import type { Config, KernelDatapath as KernelConfig, NetdevInterface } from "../config/config.js";
import { KernelDatapath, type KernelOptions } from "../datapath/kernel/kernel-datapath.js";
import { maxTables } from "../datapath/kernel/rule-steps.js";
import { ordinaryPort } from "../datapath/port.js";
import type { Backend, DeviceSurroundings } from "./backend.js";
import { DatapathError } from "./datapath-error.js";
import { DeviceLock } from "./device-lock.js";
import { clearUnserved } from "./kernel-leftovers.js";
import { netnsInode, readRecord, removeRecord, writeRecord } from "./kernel-record.js";
import { listLinks, withRouteSocket } from "./netns-links.js";
import { kernelLayout, markedNetdevs, pinFolders, removePins } from "./pins.js";
import { lackedCapabilities, neededCapabilities } from "./privileges.js";
import type { RunFolder } from "./run-folder.js";

/** Distinct masks of one device that the program can walk. */
const maxTuples = 4_096;

/** A device whose datapath is the kernel's. */
export interface KernelDevice {
  readonly id: bigint;
  readonly datapath: KernelConfig;
  readonly ports: readonly NetdevInterface[];
}

/** The addon of a build that had libbpf. */
export type BpfAddon = Addon & { readonly openBpf: NonNullable<Addon["openBpf"]> };

/**
 * Opens the kernel datapath of `device`. A netdev that is not there is waited for, with an event.
 * @throws DatapathError if it cannot be opened; nothing stays open then
 */
export async function openKernel(config: Config, device: KernelDevice, around: DeviceSurroundings): Promise<Backend> {
  const { netns } = device.datapath;
  checkPrivileges(device);
  checkTun(device);
  const addon = bpfAddon(device);
  const inode = netnsInode(netns);
  if (inode === undefined) throw unavailable(device, `there is no network namespace ${netns ?? ""}: make it first`);
  const lock = await takeDevice(device, around.folder);
  try {
    const pins = preparePins(device, around.folder, addon);
    const there = await netdevs(device, addon);
    const undoNote = note(device, around.folder, { inode, there, pins });
    const opened = { addon, pins, there, log: around.log, record: around.folder.record(device.id) };
    const datapath = await openDatapath(config, device, opened).catch((error: unknown) => {
      undoNote();
      throw error;
    });
    warnOfAbsent(device, there, around.log);
    const close = async () => {
      try {
        await datapath[Symbol.asyncDispose]();
        if (config.restart.rulesOnExit === "flush") forget(device, around.folder, pins);
      } finally {
        await lock[Symbol.asyncDispose]();
      }
    };
    return { datapath, injector: undefined, close };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

function checkPrivileges({ id, datapath }: KernelDevice): void {
  const lacked = lackedCapabilities(neededCapabilities(datapath.netns));
  if (lacked.length === 0) return;
  const message = `device ${id}: the kernel datapath lacks ${lacked.join(", ")}: run p4rtd as root, or grant them as systemd/p4rtd.service does`;
  throw new DatapathError(message, "privilege");
}

/** A device file that is not there or not for this user would look like a fault of the port. */
function checkTun(device: KernelDevice): void {
  if (!device.ports.some(({ type }) => type === "tap")) return;
  try {
    closeSync(openSync("/dev/net/tun", "r+"));
  } catch (error) {
    throw notPermitted(device, "ports of type tap need /dev/net/tun", error);
  }
}

/** The addon, which may be missing, or built where there was no libbpf. */
function bpfAddon(device: KernelDevice): BpfAddon {
  const addon = load(device);
  const { openBpf } = addon;
  if (openBpf === undefined)
    throw unavailable(
      device,
      "the native addon was built without libbpf, which the kernel datapath needs: install the package libbpf-dev, then run `npm rebuild`",
    );
  return { ...addon, openBpf };
}

function load(device: KernelDevice): Addon {
  try {
    return loadAddon();
  } catch (error) {
    throw unavailable(device, messageOf(error), error);
  }
}

/** ifindexes by names. */
type Netdevs = ReadonlyMap<string, number>;

async function netdevs(device: KernelDevice, addon: Addon): Promise<Netdevs> {
  try {
    const links = await withRouteSocket(addon, device.datapath.netns, listLinks);
    return new Map(links.map(({ name, ifindex }) => [name, ifindex]));
  } catch (error) {
    throw notPermitted(device, "the netdevs cannot be listed", error);
  }
}

/**
 * Writes down what is about to be made, with the TAPs that an earlier p4rtd made and that are still there.
 * @returns puts the earlier record back, unless something stays that only the new one tells of
 */
function note(
  { id, datapath: { netns } }: KernelDevice,
  folder: RunFolder,
  { inode, there, pins }: { readonly inode: number; readonly there: Netdevs; readonly pins: string },
): () => void {
  const path = folder.record(id);
  const before = readRecord(path);
  const sameNetns = before !== undefined && before.netns === netns && before.netnsInode === inode;
  const taps = sameNetns ? before.taps.filter(({ name, ifindex }) => there.get(name) === ifindex) : [];
  writeRecord(path, { layout: kernelLayout, netns, netnsInode: inode, ordinal: ordinalOf(id), taps });
  return () => {
    if (existsSync(pins)) return;
    if (before === undefined) removeRecord(path);
    else writeRecord(path, before);
  };
}

/** Adds the TAPs that were made. @param there what was there before */
async function noteTaps(device: KernelDevice, addon: Addon, path: string, there: Netdevs): Promise<void> {
  const made = device.ports.filter((port) => isNewTap(port, there));
  const record = readRecord(path);
  if (made.length === 0 || record === undefined) return;
  const now = await netdevs(device, addon);
  const taps = made.flatMap(({ netdev: name }) => {
    const ifindex = now.get(name);
    return ifindex === undefined ? [] : [{ name, ifindex }];
  });
  writeRecord(path, { ...record, taps: [...record.taps, ...taps] });
}

function isNewTap({ type, netdev }: NetdevInterface, there: Netdevs): boolean {
  return type === "tap" && !there.has(netdev);
}

/** After a flush nothing is left but TAPs, which others may use: the record stays as long as there are some. */
function forget(device: KernelDevice, folder: RunFolder, pins: string): void {
  const path = folder.record(device.id);
  if (existsSync(pins)) removePins(pins);
  if (readRecord(path)?.taps.length === 0) removeRecord(path);
}

interface Opened {
  readonly addon: BpfAddon;
  readonly pins: string;
  readonly log: Logger;
}

/** Tells apart the CPU ports of devices that share a network namespace. */
function ordinalOf(id: bigint): number {
  return Number(id % 10_000n);
}

async function openDatapath(
  config: Config,
  device: KernelDevice,
  { addon, pins, there, log, record }: Opened & { readonly there: Netdevs; readonly record: string },
): Promise<KernelDatapath> {
  const datapath = await KernelDatapath.open(kernelOptions(config, device, { addon, pins, log })).catch(
    (error: unknown) => {
      throw refused(device, error);
    },
  );
  try {
    addPorts(datapath, device);
    await noteTaps(device, addon, record, there);
    await detachOthers(datapath, device, { addon, pins, log });
    return datapath;
  } catch (error) {
    for (const port of device.ports.filter((one) => isNewTap(one, there))) {
      const id = ordinaryPort(port.portId);
      if (id !== undefined) datapath.removePort(id); // the TAP goes with it; a port that was not added has none
    }
    await datapath[Symbol.asyncDispose]();
    throw error;
  }
}

function addPorts(datapath: KernelDatapath, device: KernelDevice): void {
  for (const { name, portId, netdev, type } of device.ports) {
    const id = ordinaryPort(portId);
    if (id === undefined) continue;
    const added = datapath.addPort({ id, name, netdev, type });
    if (!added.ok) throw unavailable(device, added.status.message);
  }
}

/** What an earlier p4rtd left on netdevs that are no ports any more would go on dropping there. */
async function detachOthers(datapath: KernelDatapath, device: KernelDevice, { addon, pins, log }: Opened) {
  const { netns } = device.datapath;
  try {
    const removed = await clearUnserved(addon, { netns, marked: markedNetdevs(pins) });
    for (const what of removed) log.info("datapath.leftover_removed", { device: device.id, what });
    datapath.detachOthers();
  } catch (error) {
    throw notPermitted(device, "what an earlier p4rtd left cannot be removed", error);
  }
}

function kernelOptions(config: Config, { id, datapath: wanted }: KernelDevice, opened: Opened): KernelOptions {
  const { punt, restart } = config;
  const masks = config.devices.find(({ deviceId }) => deviceId === id)?.acl.maxMasks ?? maxTuples;
  return {
    ...opened,
    object: readFileSync(join(packageRoot().root, "native/bpf/p4rtd.bpf.o")),
    ...(wanted.netns !== undefined && { netns: wanted.netns }),
    ordinal: ordinalOf(id),
    attach: wanted.attach,
    capacity: wanted.maxRules,
    maxTuples: Math.min(maxTuples, maxTables * masks),
    ringBytes: wanted.puntRingBytes,
    queues: punt.queues,
    ...(punt.policers.perPort && { portPolicer: punt.policers.perPort }),
    ...(punt.policers.deviceTotal && { devicePolicer: punt.policers.deviceTotal }),
    unparsable: punt.unparsable,
    excludeLocal: punt.excludeLocal,
    rulesOnExit: restart.rulesOnExit,
  };
}

/** No error: it may come later. */
function warnOfAbsent(device: KernelDevice, there: Netdevs, log: Logger): void {
  for (const { name, netdev, type } of device.ports)
    if (type === "netdev" && !there.has(netdev))
      log.warn("datapath.port_absent", { device: device.id, interface: name, netdev });
}

async function takeDevice(device: KernelDevice, folder: RunFolder): Promise<DeviceLock> {
  const path = folder.lock(device.id);
  try {
    mkdirSync(folder.path, { recursive: true, mode: 0o755 });
    const lock = await DeviceLock.take(path);
    if (lock !== undefined) return lock;
  } catch (error) {
    throw notPermitted(device, `the run-time folder ${folder.path} cannot be used`, error);
  }
  throw unavailable(device, `another p4rtd holds it (${path}): stop that one, or give this one a folder of its own`);
}

/** Our bpffs with room for the pins of `device`; what an older release left there is removed. @returns their folder */
function preparePins(device: KernelDevice, folder: RunFolder, addon: Addon): string {
  try {
    mkdirSync(folder.bpffs, { recursive: true, mode: 0o700 });
    addon.mountBpffs(folder.bpffs);
    accessSync(folder.bpffs, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const mount = `mount -t bpf -o mode=0700 p4rtd ${folder.bpffs}`;
    const what = `no bpffs of its own on ${folder.bpffs}; as root, before p4rtd starts: ${mount}, and give the folder to p4rtd's user`;
    throw notPermitted(device, what, error);
  }
  for (const { deviceId, layout, path } of pinFolders(folder.bpffs)) {
    if (deviceId !== device.id || layout === kernelLayout) continue;
    if (layout > kernelLayout) {
      const what = `a newer p4rtd left pins of layout ${layout} in ${path}, this one knows up to ${kernelLayout}: remove them with p4rtd --cleanup of the newer one`;
      throw unavailable(device, what);
    }
    removePins(path);
  }
  return folder.pins(device.id, kernelLayout);
}

function unavailable({ id }: KernelDevice, what: string, cause?: unknown): DatapathError {
  return new DatapathError(`device ${id}: ${what}`, "unavailable", { cause });
}

/** What the datapath says against starting; the kernel's EPERM and EACCES are about privileges. */
function refused({ id }: KernelDevice, error: unknown): unknown {
  if (!(error instanceof StatusError)) return error;
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const reason = code === "EPERM" || code === "EACCES" ? "privilege" : "unavailable";
  return new DatapathError(`device ${id}: ${error.message}`, reason, { cause: error });
}

/** A file system's refusal is one of privilege where it says so. */
function notPermitted({ id }: KernelDevice, what: string, cause: unknown): DatapathError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const reason = code === "EPERM" || code === "EACCES" ? "privilege" : "unavailable";
  return new DatapathError(`device ${id}: ${what}: ${messageOf(cause)}`, reason, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
