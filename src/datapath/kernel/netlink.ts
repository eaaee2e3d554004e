/** Netlink messages and their attributes as bytes. @see netlink(7) */
import { endianness } from "node:os";

/** Netlink speaks in the host's byte order. */
export const littleEndian = endianness() === "LE";

const headerBytes = 16;
const attributeBytes = 4;
/** What of an attribute's type is its number; the rest says nested, and in network order. */
const attributeNumber = 0x3fff;
const nested = 0x8000;

/** Flags of a message. */
export const Flag = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  /** In an answer: what is listed changed meanwhile. */
  interrupted: 0x10,
  /** Root and match: everything. */
  dump: 0x300,
  /** Of requests that create. */
  exclusive: 0x200,
  replace: 0x100,
  create: 0x400,
} as const;

/** Types of messages that are netlink's own. */
export const Control = { noop: 1, error: 2, done: 3 } as const;

/** One message. `body` is what follows the header. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  /** Number of the request that it answers; of a notification 0, or anybody's. */
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** Attributes by number; of those that come twice the last. */
export type Attributes = ReadonlyMap<number, Uint8Array>;

const aligned = (length: number) => (length + 3) & ~3;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The messages of one datagram; views of it. Undefined: it is cut off or no netlink. */
export function decodeMessages(datagram: Uint8Array): readonly NetlinkMessage[] | undefined {
  const view = viewOf(datagram);
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at < datagram.length;) {
    if (at + headerBytes > datagram.length) return undefined;
    const length = view.getUint32(at, littleEndian);
    if (length < headerBytes || at + length > datagram.length) return undefined;
    messages.push({
      type: view.getUint16(at + 4, littleEndian),
      flags: view.getUint16(at + 6, littleEndian),
      sequence: view.getUint32(at + 8, littleEndian),
      body: datagram.subarray(at + headerBytes, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/** A message of its own memory. */
export function encodeMessage({ type, flags, sequence, body }: NetlinkMessage): Uint8Array {
  const bytes = new Uint8Array(headerBytes + body.length);
  const view = viewOf(bytes);
  view.setUint32(0, bytes.length, littleEndian);
  view.setUint16(4, type, littleEndian);
  view.setUint16(6, flags, littleEndian);
  view.setUint32(8, sequence, littleEndian);
  bytes.set(body, headerBytes);
  return bytes;
}

/** The attributes in `bytes` from `at` on; views of it. Undefined: one of them is cut off. */
export function decodeAttributes(bytes: Uint8Array, at = 0): Attributes | undefined {
  const view = viewOf(bytes);
  const attributes = new Map<number, Uint8Array>();
  while (at < bytes.length) {
    if (at + attributeBytes > bytes.length) return undefined;
    const length = view.getUint16(at, littleEndian);
    if (length < attributeBytes || at + length > bytes.length) return undefined;
    const number = view.getUint16(at + 2, littleEndian) & attributeNumber;
    attributes.set(number, bytes.subarray(at + attributeBytes, at + length));
    at += aligned(length);
  }
  return attributes;
}

/** One attribute, padded to four bytes. `nest`: its payload is attributes. */
export function attribute(number: number, payload: Uint8Array, form: "plain" | "nest" = "plain"): Uint8Array {
  const bytes = new Uint8Array(aligned(attributeBytes + payload.length));
  const view = viewOf(bytes);
  view.setUint16(0, attributeBytes + payload.length, littleEndian);
  view.setUint16(2, form === "nest" ? number | nested : number, littleEndian);
  bytes.set(payload, attributeBytes);
  return bytes;
}

/** An attribute that holds attributes. */
export function nest(number: number, ...attributes: readonly Uint8Array[]): Uint8Array {
  return attribute(number, joined(attributes), "nest");
}

export function u8(value: number): Uint8Array {
  return Uint8Array.of(value);
}

/** A 32-bit number in host order; negative ones as their complement. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value >>> 0, littleEndian);
  return bytes;
}

/** Text with the zero byte that ends it. */
export function text(value: string): Uint8Array {
  return new Uint8Array(Buffer.from(`${value}\0`));
}

/** The number in `payload`; undefined if it has not four bytes. */
export function u32Of(payload: Uint8Array | undefined): number | undefined {
  return payload?.length === 4 ? viewOf(payload).getUint32(0, littleEndian) : undefined;
}

/** The text in `payload` up to its zero byte. */
export function textOf(payload: Uint8Array | undefined): string | undefined {
  if (payload === undefined) return undefined;
  const end = payload.indexOf(0);
  return Buffer.from(end < 0 ? payload : payload.subarray(0, end)).toString();
}

/** `parts` in a row. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
