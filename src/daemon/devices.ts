/** Configured devices → switches with their datapaths. The only place that names a backend. */
import { saiVerdict } from "../acl/action-binding.js";
import { systemClock } from "../base/clock.js";
import { absurd, defined } from "../base/invariant.js";
import type { Logger } from "../base/logger.js";
import { Code } from "../base/status.js";
import type { Config } from "../config/config.js";
import type { Device } from "../config/config.js";
import type { PacketOptions } from "../switch/packets.js";
import { Switch, type SwitchOptions } from "../switch/switch.js";
import { decodeRoleConfig } from "../wire/decode-role-config.js";
import { PacketInEncoder } from "../wire/encode-packet-in.js";
import { Replay } from "../wire/replay.js";
import type { Backend, DeviceSurroundings } from "./backend.js";
import { openSoft } from "./soft-device.js";

/** The devices of one daemon. */
export class Devices implements AsyncDisposable {
  readonly #switches = new Map<bigint, Switch>();
  readonly #closings: (() => Promise<void>)[] = [];

  get byId(): ReadonlyMap<bigint, Switch> {
    return this.#switches;
  }

  add(device: Switch, close: () => Promise<void>): void {
    this.#switches.set(device.deviceId, device);
    this.#closings.push(async () => {
      await device[Symbol.asyncDispose]();
      await close();
    });
  }

  /** Ends every stream with UNAVAILABLE. */
  dismissAll(message: string): void {
    for (const device of this.byId.values()) device.controllers.dismissAll({ code: Code.UNAVAILABLE, message });
  }

  /** Closes every device, also when one of them fails. @throws the first failure */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closings.splice(0)) await close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}

/**
 * Opens one switch per configured device.
 * @throws DatapathError if a datapath cannot be opened; nothing stays open then
 */
export async function openDevices(config: Config, surroundings: DeviceSurroundings): Promise<Devices> {
  const devices = new Devices();
  try {
    for (const device of config.devices) {
      const { datapath, injector, close } = await openBackend(config, device, surroundings);
      const opened = new Switch(datapath, injector, switchOptions(config, device, surroundings.log));
      opened.open(surroundings.failed);
      devices.add(opened, close);
    }
  } catch (error) {
    await devices[Symbol.asyncDispose]();
    throw error;
  }
  return devices;
}

/** Native code, and all that needs it, is loaded only for a device that has a kernel datapath. */
async function openBackend(config: Config, device: Device, surroundings: DeviceSurroundings): Promise<Backend> {
  const { datapath: wanted } = device;
  switch (wanted.type) {
    case "soft": {
      const datapath = openSoft(config, device, wanted);
      return { datapath, injector: datapath, close: () => datapath[Symbol.asyncDispose]() };
    }
    case "kernel": {
      const { openKernel } = await import("./kernel-device.js");
      const ports = config.interfaces.flatMap((entry) =>
        entry.deviceId === device.deviceId && entry.type !== "virtual" ? [entry] : [],
      );
      return await openKernel(config, { id: device.deviceId, datapath: wanted, ports }, surroundings);
    }
    default:
      return absurd(wanted);
  }
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
      replay: (apply) => new Replay(apply),
    },
    packets: {
      clock: systemClock,
      encoder: (metadata) => new PacketInEncoder(metadata),
      outRate: packetOut.rate && { perSecond: packetOut.rate.pps, burst: packetOut.rate.burst },
      errors: streamErrorPolicy(config),
    },
    decodeRoleConfig,
    clock: systemClock,
    log,
  };
}
