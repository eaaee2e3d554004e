/** Ports in the controller's numbering, as text or number. @see P4Runtime §18.1 */

import { refusal } from "../base/situation.js";
import type { StatusError } from "../base/status.js";

/** What there is to choose from, for messages: the ports that controllers may name, by rising number. */
export type PortList = () => readonly number[];

/** Ports named in one message. */
const maxListed = 20;

const maxDigits = 10;
const firstReserved = 0xffffff00;

/** True unless `port` is one of the reserved numbers, such as the CPU port's. @see P4Runtime §18.1.1, SdnPort */
export function isOrdinaryPort(port: number): boolean {
  return port < firstReserved;
}

/**
 * The port that decimal `text` names.
 * @returns 0 if it is no decimal number without leading zeros below 2 ** 32
 */
export function portFromText(text: Uint8Array): number {
  if (text.length === 0 || text.length > maxDigits || text[0] === 48) return 0;
  let port = 0;
  for (const digit of text) {
    if (digit < 48 || digit > 57) return 0;
    port = port * 10 + digit - 48;
  }
  return port <= 0xffffffff ? port : 0;
}

/** `port` in canonical big-endian bytes: no leading zeros, at least one byte. */
export function portBytes(port: number): Uint8Array {
  const bytes = [port >>> 24, (port >>> 16) & 0xff, (port >>> 8) & 0xff, port & 0xff];
  const first = bytes.findIndex((byte) => byte !== 0);
  return Uint8Array.from(first < 0 ? [0] : bytes.slice(first));
}

/** INVALID_ARGUMENT. @param what names the value, such as `replica 2: port` @param shown the value as messages show it */
export function notAPort(what: string, shown: string, ports: PortList): StatusError {
  const all = ports();
  const listed = all.slice(0, maxListed).join(", ") || "none";
  const more = all.length > maxListed ? `, and ${all.length - maxListed} more` : "";
  return refusal("not-a-port", `${what}: ${shown} is no port; the device has ${listed}${more}`);
}
