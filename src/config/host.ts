/** Addresses of hosts and networks as text. */
import type { Prefix } from "./config.js";
import { isIP, isIPv4, isIPv6 } from "node:net";
import { defined } from "../base/invariant.js";

const label = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/** `value` if it is an IPv4 or IPv6 literal or a host name whose last label is no number. */
export function readHost(value: unknown): string | undefined {
  if (typeof value !== "string" || value.length > 253) return undefined;
  if (isIP(value) !== 0) return value;
  const labels = value.split(".");
  return labels.every((part) => label.test(part)) && !/^\d+$/.test(labels.at(-1) ?? "") ? value : undefined;
}

/** `value` if it is an IPv4 or IPv6 literal without zone. */
export function readIpAddress(value: unknown): string | undefined {
  return typeof value === "string" && isIP(value) !== 0 && !value.includes("%") ? value : undefined;
}

/** The bytes of a literal that `readIpAddress` accepts, in network order: 4 for IPv4, 16 for IPv6. */
export function addressBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split("."), Number);
  const [head = "", tail] = withoutDottedEnd(address).split("::");
  const before = words(head);
  const after = tail === undefined ? [] : words(tail);
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** `text` such as `10.0.0.0/8` as a prefix; bits beyond the length may be set (`hasHostBits`). */
export function readPrefix(text: string): Prefix | undefined {
  const [, address, digits] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const length = Number(digits);
  if (readIpAddress(address) === undefined || address === undefined) return undefined;
  return length <= (isIPv6(address) ? 128 : 32) ? { address, length } : undefined;
}

/** True if a bit beyond the prefix length is set. */
export function hasHostBits(prefix: Prefix): boolean {
  return addressBytes(prefix.address).some((byte, index) => {
    const hostBits = Math.min(8, Math.max(0, 8 * (index + 1) - prefix.length));
    return (byte & ((1 << hostBits) - 1)) !== 0;
  });
}

function words(text: string): number[] {
  return text === "" ? [] : text.split(":").map((word) => parseInt(word, 16));
}

/** `::ffff:10.0.0.1` as `::ffff:a00:1`. */
function withoutDottedEnd(address: string): string {
  const start = address.lastIndexOf(":") + 1;
  if (!address.includes(".", start)) return address;
  const [a, b, c, d] = address.slice(start).split(".").map(Number);
  const word = (high: number | undefined, low: number | undefined) =>
    (defined(high, "four numbers") * 256 + defined(low, "four numbers")).toString(16);
  return `${address.slice(0, start)}${word(a, b)}:${word(c, d)}`;
}
