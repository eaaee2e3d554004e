/** What a p4rtd that was killed may have left in a network namespace. */
import type { Addon } from "../addon/addon.js";
import { cpuPairNames } from "../datapath/kernel/cpu-pair.js";
import { portLock } from "../datapath/kernel/kernel-port.js";
import { deleteByName, LinkMessage, type Link } from "../datapath/kernel/link-message.js";
import { segmenterNames } from "../datapath/kernel/segmenter.js";
import { NetlinkError, type RouteSocket } from "../datapath/kernel/route-socket.js";
import { isSystemError } from "../datapath/kernel/system-error.js";
import type { KernelRecord } from "./kernel-record.js";
import { listLinks, withRouteSocket } from "./netns-links.js";
import { decodeBpfFilter, deleteFilter, filterDump, FilterMessage } from "./tc-filter.js";

/** How the names of our programs begin. */
const programPrefix = "p4rtd";
/** errno of a dump where there is no qdisc to have filters. */
const noQdisc: ReadonlySet<number> = new Set([22 /* EINVAL */, 2 /* ENOENT */]);

/**
 * Removes what `record` names, and filters of ours on netdevs that no p4rtd serves.
 * @returns what was removed, in phrases
 * @throws SystemError, NetlinkError if something cannot be removed
 */
export function clearNetns(addon: Addon, record: KernelRecord): Promise<readonly string[]> {
  const { netns, taps, ordinal } = record;
  const place = netns === undefined ? "" : ` in ${netns}`;
  return withRouteSocket(addon, netns, async (socket) => {
    const removed: string[] = [];
    for (const link of await listLinks(socket))
      if (await clearFilters(addon, netns, socket, link)) removed.push(`the tc filter on ${link.name}${place}`);
    const names = new Set((await listLinks(socket)).map(({ name }) => name));
    for (const { sending, receiving } of [segmenterNames(ordinal), cpuPairNames(ordinal)]) {
      if (!names.has(sending)) continue;
      await socket.change(`remove '${sending}'`, LinkMessage.delete, deleteByName(sending));
      removed.push(`${sending} and ${receiving}${place}`);
    }
    for (const name of taps.filter((tap) => names.has(tap))) {
      addon.deleteTap({ netns, name });
      removed.push(`the TAP ${name}${place}`);
    }
    return removed;
  });
}

/** True if there was one. */
async function clearFilters(
  addon: Addon,
  netns: string | undefined,
  socket: RouteSocket,
  { ifindex }: Link,
): Promise<boolean> {
  const ours = (await filtersOn(socket, ifindex)).filter(({ name }) => name.startsWith(programPrefix));
  if (ours.length === 0 || isServed(addon, netns, ifindex)) return false;
  for (const filter of ours) await socket.change("remove a filter", FilterMessage.delete, deleteFilter(filter));
  return true;
}

async function filtersOn(socket: RouteSocket, ifindex: number) {
  try {
    const messages = await socket.list("list filters", FilterMessage.get, filterDump(ifindex));
    return messages.flatMap((message) => decodeBpfFilter(message) ?? []);
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
