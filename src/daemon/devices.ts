/** Configured devices → switches with their datapaths. The only place that names a backend. */
import { saiVerdict } from "../acl/action-binding.js";
import { systemClock } from "../base/clock.js";
import { defined } from "../base/invariant.js";
import type { Logger } from "../base/logger.js";
import { Code, StatusError } from "../base/status.js";
import type { Config } from "../config/config.js";
import type { Device } from "../config/config.js";
import { addressBytes } from "../config/host.js";
import { SoftDatapath } from "../datapath/soft/soft-datapath.js";
import { ordinaryPort, type PortSpec } from "../datapath/port.js";
import type { PacketOptions } from "../switch/packets.js";
import { Switch, type SwitchOptions } from "../switch/switch.js";
import { PacketInEncoder } from "../wire/encode-packet-in.js";

/** The devices of one daemon. */
export class Devices implements AsyncDisposable {
  readonly byId: ReadonlyMap<bigint, Switch>;

  constructor(byId: ReadonlyMap<bigint, Switch>) {
    this.byId = byId;
  }

  /** Ends every stream with UNAVAILABLE. */
  dismissAll(message: string): void {
    for (const device of this.byId.values()) device.controllers.dismissAll({ code: Code.UNAVAILABLE, message });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const device of this.byId.values()) {
      await device[Symbol.asyncDispose]();
      await device.datapath[Symbol.asyncDispose]();
    }
  }
}

/** Opens one switch per configured device. @param failed called if one cannot go on */
export function openDevices(config: Config, log: Logger, failed: (error: unknown) => void): Devices {
  const switches = new Map<bigint, Switch>();
  for (const device of config.devices) {
    const datapath = openSoft(config, device);
    const opened = new Switch(datapath, datapath, switchOptions(config, device, log));
    opened.open(failed);
    switches.set(device.deviceId, opened);
  }
  return new Devices(switches);
}

function openSoft(config: Config, device: Device): SoftDatapath {
  const { punt } = config;
  const datapath = new SoftDatapath({
    clock: systemClock,
    queues: punt.queues,
    ...(punt.policers.perPort && { portPolicer: punt.policers.perPort }),
    ...(punt.policers.deviceTotal && { devicePolicer: punt.policers.deviceTotal }),
    unparsable: punt.unparsable,
    excludeLocal: punt.excludeLocal,
    routes: device.datapath.routes.flatMap(({ prefix, portId }) => {
      const port = ordinaryPort(portId);
      return port === undefined ? [] : [{ prefix: addressBytes(prefix.address), length: prefix.length, port }];
    }),
  });
  for (const { name, portId, mtu } of config.interfaces.filter((entry) => entry.deviceId === device.deviceId)) {
    const id = ordinaryPort(portId);
    if (id === undefined) continue;
    const port: PortSpec = { id, name, mtu };
    const added = datapath.addPort(port);
    if (!added.ok) throw new StatusError(added.status);
  }
  datapath.setLocalAddresses(device.datapath.localAddresses.map(addressBytes));
  return datapath;
}

/** What refused stream messages are answered with; undefined: nothing. */
export function streamErrorPolicy({ streamErrors }: Config): PacketOptions["errors"] {
  const { enabled, perStreamPerSecond: perSecond, echoBytes } = streamErrors;
  return enabled ? { perSecond, echoBytes } : undefined;
}

function switchOptions(config: Config, device: Device, log: Logger): SwitchOptions {
  const { packetOut, punt, packetIn } = config;
  return {
    deviceId: device.deviceId,
    name: device.name,
    arbitration: {
      promotion: config.arbitration.promotion,
      maxControllersPerRole: config.limits.controllersPerRole,
    },
    pipeline: {
      bindings: new Map(device.pipeline.bindings),
      actions: new Map(
        device.pipeline.actions.map(([action, name]) => [
          action,
          defined(saiVerdict(name), "configured actions are SAI's"),
        ]),
      ),
      maxMasks: device.acl.maxMasks,
      queues: punt.queues,
      tableSize: device.acl.tableSize,
      unboundTables: device.pipeline.unboundTables,
      identicalCommit: device.pipeline.identicalCommit,
      egressFallback: packetIn.targetEgressFallback,
      missingMetadata: packetOut.missingMetadata,
    },
    packets: {
      clock: systemClock,
      encoder: (metadata) => new PacketInEncoder(metadata),
      outRate: packetOut.rate && { perSecond: packetOut.rate.pps, burst: packetOut.rate.burst },
      errors: streamErrorPolicy(config),
    },
    clock: systemClock,
    log,
  };
}
