/** `interfaces`: the names operators know, and the ports they are. */
import type { DeviceDatapath, Interface } from "./config.js";
import { defined } from "../base/invariant.js";
import { defaultMtu } from "./defaults.js";
import { deviceId, portId } from "./ids.js";
import { netdevAllowed, readNetdev } from "./kernel.js";
import { integer, oneOf, scalar, text } from "./scalars.js";
import { mapping, section } from "./sections.js";

/** An interface as the file has it; what is undefined depends on its device. */
export interface InterfaceEntry {
  readonly name: string;
  readonly portId: number;
  readonly deviceId: bigint | undefined;
  readonly type: Interface["type"] | undefined;
  readonly netdev: string | undefined;
  readonly mtu: number | undefined;
}

/** `cpu` is the CPU port's own name among the ports of a datapath. */
const interfaceName = text(
  "an interface name",
  /^(?!cpu$)[\w.:/@-]{1,64}$/,
  "1 to 64 letters, digits, or any of . : / @ _ -, but not cpu",
);

const netdev = () =>
  scalar<string>({ what: "the name of a Linux interface", allowed: netdevAllowed, read: readNetdev });

/** The keys of every type; `backends.ts` says which type has which. */
const entry = section({
  port_id: portId(),
  device: deviceId().optional(),
  type: oneOf(["virtual", "netdev", "tap"]).optional(),
  netdev: netdev().optional(),
  mtu: integer("an MTU", 68, 65535).optional(),
});

/** The section `interfaces`. */
export const interfaces = mapping(interfaceName, entry, "interface names to {port_id, …}").transform((raw) =>
  Object.entries(raw).map(([name, { port_id, device, type, netdev, mtu }]): InterfaceEntry => ({
    name,
    portId: port_id,
    deviceId: device,
    type,
    netdev,
    mtu,
  })),
);

/** `entry` as a port of device `deviceId`, whose datapath is of `type`. @precondition `backends.ts` has nothing against it */
export function completeInterface(entry: InterfaceEntry, deviceId: bigint, type: DeviceDatapath["type"]): Interface {
  const { name, portId, mtu = defaultMtu } = entry;
  if (type === "soft") return { name, portId, deviceId, type: "virtual", mtu };
  const netdev = defined(entry.netdev ?? readNetdev(name), "a port of the kernel datapath has a netdev");
  return { name, portId, deviceId, type: entry.type === "tap" ? "tap" : "netdev", netdev };
}
