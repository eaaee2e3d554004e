/** Ports in the controller's numbering, as text or number. @see P4Runtime §18.1 */

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
