/** What the sections of a file say about each other. */
import { toHex } from "../base/hex.js";
import { checkBackends, datapathType } from "./backends.js";
import { defaultDeviceName, defaultInterfaces } from "./defaults.js";
import { addressBytes, readPrefix } from "./host.js";
import type { KeyPath } from "./problem.js";
import { readSkeleton, type Skeleton } from "./skeleton.js";
import { Taken, type ReferenceProblem } from "./taken.js";

/** Every fault between sections of `raw`; silent where a section is absent. */
export function checkReferences(raw: unknown): readonly ReferenceProblem[] {
  const skeleton = readSkeleton(raw);
  if (skeleton === undefined) return [];
  const checks = [checkListeners, checkDevices, checkInterfaces, checkBackends, checkRulesOnExit];
  return checks.flatMap((check) => [...check(skeleton)]);
}

function* checkListeners({ listeners = [], admin }: Skeleton): Iterable<ReferenceProblem> {
  const taken = new Taken();
  for (const [index, listener] of listeners.entries()) {
    const { address, port, unix } = listener ?? {};
    if (unix !== undefined) yield* taken.add(`unix ${unix}`, ["listeners", index, "unix"], `'${unix}'`);
    else if (address !== undefined && port !== undefined && port !== 0n) {
      yield* taken.add(
        `tcp ${address} ${port.toString()}`,
        ["listeners", index, "port"],
        `${address} port ${port.toString()}`,
      );
    }
  }
  if (admin?.unix !== undefined) yield* taken.add(`unix ${admin.unix}`, ["admin", "unix"], `'${admin.unix}'`);
}

function* checkDevices({ devices = [] }: Skeleton): Iterable<ReferenceProblem> {
  const taken = new Taken();
  for (const [index, device] of devices.entries()) {
    const { device_id: id, name } = device ?? {};
    const path = ["devices", index];
    if (id !== undefined) yield* taken.add(`id ${id}`, [...path, "device_id"], `device id ${id}`);
    const shown = name ?? (id === undefined ? undefined : defaultDeviceName(id));
    if (shown !== undefined) yield* taken.add(`name ${shown}`, [...path, "name"], `the name '${shown}'`);
    yield* checkPrefixes(Object.keys(device?.datapath?.routes ?? {}), [...path, "datapath", "routes"]);
  }
}

function* checkPrefixes(texts: readonly string[], path: KeyPath): Iterable<ReferenceProblem> {
  const taken = new Taken();
  for (const text of texts) {
    const prefix = readPrefix(text);
    if (prefix === undefined) continue;
    const network = `${toHex(addressBytes(prefix.address))}/${prefix.length}`;
    yield* taken.add(network, [...path, text], "the prefix");
  }
}

function* checkInterfaces({ devices, interfaces }: Skeleton): Iterable<ReferenceProblem> {
  const ids = devices === undefined ? [1n] : devices.map((device) => device?.device_id);
  const known = [...new Set(ids.filter((id) => id !== undefined))];
  const only = ids.length === 1 ? ids[0] : undefined;
  if (interfaces === undefined && ids.length > 1) {
    yield { path: ["interfaces"], reason: "missing: several devices share no default interfaces" };
    return;
  }
  if (interfaces === undefined && datapathType(devices?.[0]) === "kernel") {
    yield { path: ["interfaces"], reason: "missing: the ports of a kernel datapath are named there" };
    return;
  }
  const entries: NonNullable<Skeleton["interfaces"]> = interfaces ?? defaultEntries;
  const allowed = known.join(", ");
  const ports = new Taken();
  const portsOf = new Map<bigint, Set<number>>(known.map((id) => [id, new Set()]));
  for (const [name, entry] of Object.entries(entries)) {
    if (entry === undefined) continue;
    const path = ["interfaces", name];
    const device = entry.device ?? only;
    if (entry.device !== undefined && ids.every((id) => id !== undefined) && !known.includes(entry.device)) {
      yield { path: [...path, "device"], reason: `there is no device ${entry.device} (allowed: ${allowed})` };
    }
    if (entry.device === undefined && ids.length > 1) {
      yield { path: [...path, "device"], reason: `missing, and there are several devices (allowed: ${allowed})` };
    }
    if (entry.port_id === undefined || device === undefined) continue;
    portsOf.get(device)?.add(entry.port_id);
    yield* ports.add(`${device} ${entry.port_id}`, [...path, "port_id"], `port id ${entry.port_id}`);
  }
  yield* checkRoutes(devices ?? [], portsOf);
}

/** The rules of a software datapath are part of the process. */
function* checkRulesOnExit({ devices = [undefined], restart }: Skeleton): Iterable<ReferenceProblem> {
  const soft = devices.findIndex((device) => datapathType(device) === "soft");
  if (restart?.rules_on_exit !== "keep" || soft < 0) return;
  const reason = `nothing can be kept of devices[${soft}]: the rules of a software datapath end with the process (allowed: flush)`;
  yield { path: ["restart", "rules_on_exit"], reason };
}

/** The interfaces of a file that has none, as a file would have them. */
const defaultEntries: NonNullable<Skeleton["interfaces"]> = Object.fromEntries(
  defaultInterfaces(1n).map(({ name, portId }) => [name, { port_id: portId, device: undefined }]),
);

function* checkRoutes(
  devices: NonNullable<Skeleton["devices"]>,
  portsOf: ReadonlyMap<bigint, ReadonlySet<number>>,
): Iterable<ReferenceProblem> {
  for (const [index, device] of devices.entries()) {
    const ports = portsOf.get(device?.device_id ?? 0n);
    if (ports === undefined) continue;
    for (const [prefix, port] of Object.entries(device?.datapath?.routes ?? {})) {
      if (port === undefined || ports.has(port)) continue;
      const path = ["devices", index, "datapath", "routes", prefix];
      const allowed = [...ports].join(", ") || "none, it has no interface";
      yield { path, reason: `the device has no port ${port} (allowed: ${allowed})` };
    }
  }
}
