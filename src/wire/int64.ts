/**
 * The one crossing between `bigint` and the `Long` of generated messages.
 * Generated encoders take a bigint for an object without words and write 0, so every 64-bit field passes through here.
 */

import Long from "long";
import { invariant } from "../base/invariant.js";

/** The 64-bit types of our contracts; the others (`sint64`, `fixed64`, `sfixed64`) do not occur. */
export type Int64Type = "int64" | "uint64";

const limits = {
  int64: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
  uint64: { min: 0n, max: 2n ** 64n - 1n },
} as const;

/**
 * `value` for a generated field of type `type`.
 * @throws InvariantError if `value` does not fit `type`: the wire would carry another number
 */
export function toLong(value: bigint, type: Int64Type): Long {
  const { min, max } = limits[type];
  invariant(value >= min && value <= max, `${value.toString()} does not fit ${type}`);
  return new Long(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)), type === "uint64");
}

/** What is read of a `Long`; the library and the generated types each have their own class for it. */
type Words = Pick<Long, "low" | "high" | "unsigned">;

/**
 * The value of a generated field.
 * @param value as decoded, signed or unsigned as its field is; nothing where the field is unset, which proto3 reads as 0
 * @returns -(2 ** 63) <= value < 2 ** 63 for a signed `Long`, 0 <= value < 2 ** 64 for an unsigned one
 */
export function fromLong(value: Words | null | undefined): bigint {
  if (value === null || value === undefined) return 0n;
  const bits = (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
  return value.unsigned ? BigInt.asUintN(64, bits) : BigInt.asIntN(64, bits);
}
