/** Command-line flags that change a configuration. */
import type { Config } from "./config.js";
import { defaultDeviceName } from "./defaults.js";
import { deepFreeze } from "./freeze.js";

/** Flags with a say in the configuration; undefined: not given. */
export interface ConfigFlags {
  readonly port?: number | undefined;
  readonly deviceId?: bigint | undefined;
}

/** A flag cannot be followed: exit 64. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * `config` with `port` for its first TCP listener and `deviceId` for its only device.
 * @throws UsageError if the value is out of range, there is no TCP listener, or there are several devices
 */
export function applyFlags(config: Config, flags: ConfigFlags): Config {
  let changed = config;
  if (flags.port !== undefined) changed = withPort(changed, flags.port);
  if (flags.deviceId !== undefined) changed = withDeviceId(changed, flags.deviceId);
  return deepFreeze(changed);
}

function withPort(config: Config, port: number): Config {
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new UsageError(`--port: ${port} is not a TCP port (allowed: 0 … 65535)`);
  }
  const first = config.listeners.findIndex((listener) => listener.kind === "tcp");
  if (first < 0) throw new UsageError("--port: the configuration has no TCP listener whose port it could be");
  const listeners = config.listeners.map((listener, index) => (index === first ? { ...listener, port } : listener));
  return { ...config, listeners };
}

function withDeviceId(config: Config, deviceId: bigint): Config {
  if (deviceId < 1n || deviceId >= 2n ** 64n) {
    throw new UsageError(`--device-id: ${deviceId.toString()} is not a device id (allowed: 1 … 18446744073709551615)`);
  }
  const [device, second] = config.devices;
  if (device === undefined || second !== undefined) {
    throw new UsageError(`--device-id: the configuration has ${config.devices.length} devices (allowed: exactly one)`);
  }
  const unnamed = device.name === defaultDeviceName(device.deviceId);
  const name = unnamed ? defaultDeviceName(deviceId) : device.name;
  const interfaces = config.interfaces.map((entry) => ({ ...entry, deviceId }));
  return { ...config, devices: [{ ...device, deviceId, name }], interfaces };
}
