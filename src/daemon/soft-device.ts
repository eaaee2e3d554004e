/** A configured device → a software switch with its ports. */
import { systemClock } from "../base/clock.js";
import { StatusError } from "../base/status.js";
import type { Config, Device, SoftDatapath as SoftConfig } from "../config/config.js";
import { addressBytes } from "../config/host.js";
import { ordinaryPort } from "../datapath/port.js";
import { SoftDatapath } from "../datapath/soft/soft-datapath.js";

/** Opens the software switch that `wanted` describes, all its ports up. */
export function openSoft(config: Config, device: Device, wanted: SoftConfig): SoftDatapath {
  const { punt } = config;
  const datapath = new SoftDatapath({
    clock: systemClock,
    queues: punt.queues,
    ...(punt.policers.perPort && { portPolicer: punt.policers.perPort }),
    ...(punt.policers.deviceTotal && { devicePolicer: punt.policers.deviceTotal }),
    unparsable: punt.unparsable,
    excludeLocal: punt.excludeLocal,
    routes: wanted.routes.flatMap(({ prefix, portId }) => {
      const port = ordinaryPort(portId);
      return port === undefined ? [] : [{ prefix: addressBytes(prefix.address), length: prefix.length, port }];
    }),
  });
  for (const entry of config.interfaces) {
    const id = ordinaryPort(entry.portId);
    if (id === undefined || entry.deviceId !== device.deviceId || entry.type !== "virtual") continue;
    const added = datapath.addPort({ id, name: entry.name, mtu: entry.mtu });
    if (!added.ok) throw new StatusError(added.status);
  }
  datapath.setLocalAddresses(wanted.localAddresses.map(addressBytes));
  return datapath;
}
