/** What belongs to which type of datapath: keys of devices and interfaces, and the bounds of the kernel's. */
import type { DeviceDatapath, Interface } from "./config.js";
import { maxKernelMasks, maxKernelPorts, maxKernelQueues, netdevAllowed, netnsPath, readNetdev } from "./kernel.js";
import type { KeyPath } from "./problem.js";
import type { DeviceSkeleton, Skeleton } from "./skeleton.js";
import { Taken, type ReferenceProblem } from "./taken.js";

type DatapathType = DeviceDatapath["type"];

/** Keys of `devices[].datapath` beside `type`, by the type that has them. */
const datapathKeys: Readonly<Record<DatapathType, readonly string[]>> = {
  soft: ["local_addresses", "routes"],
  kernel: ["attach", "netns", "max_rules", "punt_ring"],
};

/** Types of interfaces, and the keys that not all interfaces have, by the type of their datapath. */
const interfaceTypes: Readonly<Record<DatapathType, readonly Interface["type"][]>> = {
  soft: ["virtual"],
  kernel: ["netdev", "tap"],
};
const interfaceKeys: Readonly<Record<DatapathType, readonly string[]>> = { soft: ["mtu"], kernel: ["netdev"] };

/** The type of a device's datapath; undefined if it says something unknown. */
export function datapathType(device: DeviceSkeleton): DatapathType | undefined {
  const type = device?.datapath?.type ?? "soft";
  return type === "soft" || type === "kernel" ? type : undefined;
}

/** Every fault between the type of a datapath and what the file says of its device, its ports and its queues. */
export function* checkBackends(skeleton: Skeleton): Iterable<ReferenceProblem> {
  const { devices = [undefined] } = skeleton;
  for (const [index, device] of devices.entries()) yield* checkDatapath(device, ["devices", index]);
  yield* checkPorts(devices, skeleton.interfaces ?? {});
  const queues = Object.keys(skeleton.punt?.queues ?? {}).length;
  if (queues > maxKernelQueues && devices.some((device) => datapathType(device) === "kernel"))
    yield { path: ["punt", "queues"], reason: beyond(`${queues} queues`, maxKernelQueues) };
}

function* checkDatapath(device: DeviceSkeleton, path: KeyPath): Iterable<ReferenceProblem> {
  const type = datapathType(device);
  if (type === undefined) return;
  const other = otherThan(type);
  for (const key of datapathKeys[other].filter((name) => name in (device?.datapath ?? {}))) {
    const reason = `only a datapath of type ${other} has it (allowed with ${type}: ${["type", ...datapathKeys[type]].join(", ")})`;
    yield { path: [...path, "datapath", key], part: "key", reason };
  }
  const masks = device?.acl?.max_masks ?? 0n;
  if (type === "kernel" && masks > maxKernelMasks && masks <= 65_536n)
    yield { path: [...path, "acl", "max_masks"], reason: beyond(`${masks} masks`, maxKernelMasks) };
}

function* checkPorts(
  devices: readonly DeviceSkeleton[],
  interfaces: NonNullable<Skeleton["interfaces"]>,
): Iterable<ReferenceProblem> {
  const netdevs = new Taken();
  const ports = new Map<DeviceSkeleton, number>();
  for (const [name, entry] of Object.entries(interfaces)) {
    if (entry === undefined) continue;
    const device = devices.find(({ device_id } = {}) => devices.length === 1 || device_id === entry.device);
    const type = devices.length > 1 && device === undefined ? undefined : datapathType(device);
    if (type === undefined) continue;
    const path = ["interfaces", name];
    yield* checkEntry(entry, type, path);
    if (type === "soft") continue;
    const count = (ports.get(device) ?? 0) + 1;
    ports.set(device, count);
    if (count === maxKernelPorts + 1) yield { path, reason: beyond(`${count} ports`, maxKernelPorts) };
    if ("netdev" in entry && entry.netdev === undefined) continue; // no text: its own fault
    const netdev = readNetdev(entry.netdev ?? name);
    const shown = netdev === undefined ? undefined : `the netdev '${netdev}'`;
    if (shown !== undefined) {
      const place = "netdev" in entry ? [...path, "netdev"] : path;
      yield* netdevs.add(`${netnsPath(device?.datapath?.netns) ?? ""} ${netdev}`, place, shown);
    } else if (entry.netdev === undefined) {
      const reason = `missing, and '${name}' cannot be the name of a Linux interface (allowed: ${netdevAllowed})`;
      yield { path: [...path, "netdev"], reason };
    }
  }
}

function* checkEntry(
  entry: Readonly<Record<string, unknown>>,
  datapath: DatapathType,
  path: KeyPath,
): Iterable<ReferenceProblem> {
  const other = otherThan(datapath);
  const types: readonly unknown[] = interfaceTypes[datapath];
  if (interfaceTypes[other].some((type) => type === entry["type"])) {
    const reason = `only an interface of a ${other} datapath can be '${String(entry["type"])}' (allowed: ${types.join(", ")})`;
    yield { path: [...path, "type"], reason };
  }
  for (const key of interfaceKeys[other].filter((name) => name in entry)) {
    const why = key === "mtu" ? "; a Linux interface has its own MTU" : "";
    yield { path: [...path, key], part: "key", reason: `only an interface of a ${other} datapath has it${why}` };
  }
}

function otherThan(type: DatapathType): DatapathType {
  return type === "soft" ? "kernel" : "soft";
}

function beyond(what: string, most: number): string {
  return `${what} are too many for a kernel datapath (allowed: at most ${most})`;
}
