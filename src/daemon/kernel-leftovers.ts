/** What a p4rtd that was killed may have left in a network namespace. */
import type { Addon } from "../addon/addon.js";
import { cpuPairNames } from "../datapath/kernel/cpu-pair.js";
import { portLock } from "../datapath/kernel/kernel-port.js";
import { deleteByName, LinkMessage } from "../datapath/kernel/link-message.js";
import { segmenterNames } from "../datapath/kernel/segmenter.js";
import { NetlinkError, type RouteSocket } from "../datapath/kernel/route-socket.js";
import { isSystemError } from "../datapath/kernel/system-error.js";
import type { KernelRecord } from "./kernel-record.js";
import { listLinks, withRouteSocket } from "./netns-links.js";
import {
  decodeBpfFilter,
  deleteClsact,
  deleteFilter,
  deleteQdiscMessage,
  filterDump,
  FilterMessage,
  FilterPlace,
} from "./tc-filter.js";

/** How the names of our programs begin. */
const programPrefix = "p4rtd";
/** errno of a dump where there is no qdisc to have filters. */
const noQdisc: ReadonlySet<number> = new Set([22 /* EINVAL */, 2 /* ENOENT */]);

/**
 * Removes what `record` names, and filters and qdiscs of ours on netdevs that no p4rtd serves.
 * @param marked names of the netdevs to which p4rtd gave a clsact qdisc
 * @returns what was removed, in phrases
 * @throws SystemError, NetlinkError if something cannot be removed
 */
export function clearNetns(addon: Addon, record: KernelRecord, marked: readonly string[]): Promise<readonly string[]> {
  const { netns, taps, ordinal } = record;
  const place = netns === undefined ? "" : ` in ${netns}`;
  return withRouteSocket(addon, netns, async (socket) => {
    const removed = [...(await clearHooks(addon, { netns, marked }, socket))];
    const indexes = new Map((await listLinks(socket)).map(({ name, ifindex }) => [name, ifindex]));
    for (const { sending, receiving } of [segmenterNames(ordinal), cpuPairNames(ordinal)]) {
      if (!indexes.has(sending)) continue;
      await socket.change(`remove '${sending}'`, LinkMessage.delete, deleteByName(sending));
      removed.push(`${sending} and ${receiving}${place}`);
    }
    for (const { name, ifindex } of taps) {
      if (indexes.get(name) !== ifindex) continue; // gone, and perhaps made anew by somebody else
      addon.deleteTap({ netns, name });
      removed.push(`the TAP ${name}${place}`);
    }
    return removed;
  });
}

/** Netdevs of a network namespace, and which of them have a qdisc of ours. */
interface Hooked {
  readonly netns: string | undefined;
  /** Names of the netdevs to which p4rtd gave a clsact qdisc. */
  readonly marked: readonly string[];
}

/**
 * Removes filters of ours from netdevs that no p4rtd serves, and clsact qdiscs of ours that have no filter then.
 * @returns what was removed, in phrases
 * @throws SystemError, NetlinkError if something cannot be removed
 */
export function clearUnserved(addon: Addon, hooked: Hooked): Promise<readonly string[]> {
  return withRouteSocket(addon, hooked.netns, (socket) => clearHooks(addon, hooked, socket));
}

async function clearHooks(addon: Addon, { netns, marked }: Hooked, socket: RouteSocket): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const { ifindex, name } of await listLinks(socket)) {
    if (isSegmenter(name)) continue;
    const ours = (await filtersOn(socket, ifindex, FilterPlace.ingress))
      .flatMap((message) => decodeBpfFilter(message) ?? [])
      .filter((filter) => filter.name.startsWith(programPrefix));
    const hasQdisc = marked.includes(name);
    if ((ours.length === 0 && !hasQdisc) || isServed(addon, netns, ifindex)) continue;
    const place = `on ${name}${netns === undefined ? "" : ` in ${netns}`}`;
    for (const filter of ours) await socket.change("remove a filter", FilterMessage.delete, deleteFilter(filter));
    if (ours.length > 0) removed.push(`the tc filter ${place}`);
    if (hasQdisc && (await clearClsact(socket, ifindex))) removed.push(`the qdisc clsact ${place}`);
  }
  return removed;
}

/** A netdev of the pair that some p4rtd made for itself: it has no lock, and goes with its p4rtd or by its name. */
function isSegmenter(name: string): boolean {
  const { sending, receiving } = segmenterNames(0);
  return [sending, receiving].some((one) => name.startsWith(one.slice(0, -1)));
}

/** True if the qdisc was there, without filters. */
async function clearClsact(socket: RouteSocket, ifindex: number): Promise<boolean> {
  for (const place of Object.values(FilterPlace))
    if ((await filtersOn(socket, ifindex, place)).length > 0) return false;
  try {
    await socket.change("remove a qdisc", deleteQdiscMessage, deleteClsact(ifindex));
    return true;
  } catch (error) {
    if (error instanceof NetlinkError && noQdisc.has(error.errno)) return false;
    throw error;
  }
}

async function filtersOn(socket: RouteSocket, ifindex: number, place: number) {
  try {
    return await socket.list("list filters", FilterMessage.get, filterDump(ifindex, place));
  } catch (error) {
    if (error instanceof NetlinkError && noQdisc.has(error.errno)) return [];
    throw error;
  }
}

/** True if a p4rtd that runs, perhaps with another run-time folder, serves the netdev. */
function isServed(addon: Addon, netns: string | undefined, ifindex: number): boolean {
  try {
    addon.lockName({ netns, name: portLock(ifindex) }).close();
    return false;
  } catch (error) {
    if (isSystemError(error) && error.code === "EADDRINUSE") return true;
    throw error;
  }
}
