/** Ids that several sections name. */
import { integer, scalar } from "./scalars.js";

/** The largest id of an ordinary port. @see P4Runtime §18.1.1, SdnPort */
const maxPortId = 0xfffffeff;
const maxDeviceId = 2n ** 64n - 1n;

/** `value` as a device id, or undefined if it is none. */
export function readDeviceId(value: unknown): bigint | undefined {
  return typeof value === "bigint" && value >= 1n && value <= maxDeviceId ? value : undefined;
}

/** 1 … 2^64 − 1 */
export const deviceId = () =>
  scalar<bigint>({ what: "a device id", allowed: `1 … ${maxDeviceId.toString()}`, read: readDeviceId });

/** 1 … 0xfffffeff */
export const portId = () => integer("a port id", 1, maxPortId);
