/** What holds where a file says nothing, and for a start with no file at all. Loads no library. */
import type { AclOptions, Config, Device, Interface, KernelDatapath, PipelineOptions } from "./config.js";
import { deepFreeze } from "./freeze.js";

/** Of `devices[].pipeline`. */
export const defaultPipeline: PipelineOptions = deepFreeze({
  unboundTables: "refuse",
  identicalCommit: "clear",
  bindings: [],
  actions: [],
});

/** Of `devices[].acl`. */
export const defaultAcl: AclOptions = deepFreeze({ tableSize: "exact", maxMasks: 256 });

/** Of `devices[].datapath` where its type is `kernel`. */
export const defaultKernelDatapath: KernelDatapath = deepFreeze({
  type: "kernel",
  attach: "auto",
  netns: undefined,
  maxRules: 16_384,
  puntRingBytes: 16 * 1024 * 1024,
});

/** Largest IP packet of a virtual interface that names no `mtu`, in bytes. */
export const defaultMtu = 1500;

/** The TCP port of a listener that names none: the one IANA gave P4Runtime, and the only one built in. */
export const defaultPort = 9559;

/** The interfaces of the only device when `interfaces` is absent and its datapath is the software switch. */
export function defaultInterfaces(deviceId: bigint): readonly Interface[] {
  return [1, 2, 3, 4].map((portId) => ({
    name: `ethernet-1/${portId}`,
    portId,
    deviceId,
    type: "virtual",
    mtu: defaultMtu,
  }));
}

/** The name of a device that has none in the file. */
export function defaultDeviceName(deviceId: bigint): string {
  return `device-${deviceId.toString()}`;
}

const softDevice: Device = {
  deviceId: 1n,
  name: defaultDeviceName(1n),
  datapath: { type: "soft", localAddresses: [], routes: [] },
  pipeline: defaultPipeline,
  acl: defaultAcl,
};

/** The configuration of a start with no file: software datapath, device 1, four ports, insecure on 127.0.0.1:9559. */
export const defaultConfig: Config = deepFreeze({
  listeners: [{ kind: "tcp", address: "127.0.0.1", port: defaultPort, security: "insecure" }],
  admin: undefined,
  devices: [softDevice],
  interfaces: defaultInterfaces(1n),
  limits: { maxRecvBytes: 64 * 1024 * 1024, controllersPerRole: 16, maxConcurrentStreams: 100 },
  keepalive: { timeMs: 4000, timeoutMs: 4000 },
  arbitration: { promotion: "spec" },
  punt: {
    excludeLocal: true,
    unparsable: "pass",
    queues: [],
    policers: { perPort: undefined, deviceTotal: undefined },
  },
  packetIn: { targetEgressFallback: "zero", backlog: { frames: 16384, bytes: 32 * 1024 * 1024 } },
  packetOut: { missingMetadata: "zero", rate: undefined },
  streamErrors: { enabled: true, perStreamPerSecond: 10, echoBytes: 256 },
  restart: { mode: "cold", rulesOnExit: "flush" },
  telemetry: { logLevel: "info", prometheus: undefined },
  health: { grpcHealth: true, reflection: true },
});
