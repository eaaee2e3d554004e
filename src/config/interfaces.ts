/** `interfaces`: the names operators know, and the ports they are. */
import type { Interface } from "./config.js";
import { defaultMtu } from "./defaults.js";
import { deviceId, portId } from "./ids.js";
import { integer, oneOf, text } from "./scalars.js";
import { mapping, section } from "./sections.js";

/** An interface as the file has it: the device may be left out where there is only one. */
export interface InterfaceEntry extends Omit<Interface, "deviceId"> {
  readonly deviceId: bigint | undefined;
}

/** `cpu` is the CPU port's own name among the ports of a datapath. */
const interfaceName = text(
  "an interface name",
  /^(?!cpu$)[\w.:/@-]{1,64}$/,
  "1 to 64 letters, digits, or any of . : / @ _ -, but not cpu",
);

const entry = section({
  port_id: portId(),
  device: deviceId().optional(),
  type: oneOf(["virtual"], ["netdev", "tap"]).default("virtual"),
  mtu: integer("an MTU", 68, 65535).default(defaultMtu),
});

/** The section `interfaces`; which device an interface belongs to may still be open. */
export const interfaces = mapping(interfaceName, entry, "interface names to {port_id, …}").transform((raw) =>
  Object.entries(raw).map(([name, { port_id, device, type, mtu }]): InterfaceEntry => ({
    name,
    portId: port_id,
    deviceId: device,
    type,
    mtu,
  })),
);
