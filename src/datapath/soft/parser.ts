/** Frames into keys, laid out as `frame-key.ts` says. */
import { ethernetBytes, isTag, maxTags } from "../frame-size.js";
import { Presence, keyWords } from "../frame-key.js";
import type { PortId } from "../port.js";

const maxExtensions = 8;

const EtherType = {
  ipv4: 0x0800,
  arp: 0x0806,
  ipv6: 0x86dd,
} as const;

const Protocol = {
  hopByHop: 0,
  icmp: 1,
  tcp: 6,
  udp: 17,
  routing: 43,
  fragment: 44,
  authentication: 51,
  icmpv6: 58,
  destination: 60,
} as const;

/**
 * Writes the key of `frame`, received on `port`, into the 16 words of `key`. Reads no byte outside `frame`, whatever
 * its length, and allocates nothing.
 *
 * A frame is unparsable if it is
 * - shorter than 14 bytes,
 * - cut off within a VLAN tag (0x8100, 0x88a8, 0x9100),
 * - of EtherType 0x0800 with a truncated header, a version other than 4, or an IHL below 5,
 * - of EtherType 0x86dd with a truncated fixed header or a version other than 6,
 * - of EtherType 0x0806 with fewer than 28 bytes, or other than Ethernet and IPv4 by its types and lengths.
 *
 * Everything else is parsable, as far as it goes:
 * - Eight stacked tags are followed; a ninth leaves its own EtherType as the frame's.
 * - Eight IPv6 extension headers (0, 43, 44, 51, 60) are followed. A ninth, or one cut off, gives its own number as
 *   the protocol, and the frame has no L4 header.
 * - A later fragment has no L4 header; its protocol is what its IPv4 or fragment header says.
 * - An L4 header cut off is absent. What must be there: 20 bytes of TCP, 8 of UDP, 4 of ICMP and ICMPv6.
 * - Only the end of the frame bounds a header: IPv4's total length and IPv6's payload length are not looked at.
 *
 * @returns false if the frame is unparsable; `key` then holds nothing but the ingress port
 */
export function parseFrame(port: PortId, frame: Uint8Array, key: Int32Array): boolean {
  for (let word = 0; word < keyWords; word++) key[word] = 0;
  key[1] = port | 0;
  if (frame.length < ethernetBytes) return false;
  let type = u16(frame, 12);
  let at = ethernetBytes;
  let tag = 0;
  let tags = 0;
  while (isTag(type) && tags < maxTags) {
    if (frame.length < at + 4) return false;
    if (tags++ === 0) tag = tagBits(u16(frame, at));
    type = u16(frame, at + 2);
    at += 4;
  }
  if (!parseNetwork(frame, at, type, key)) return false;
  if (tags > 0) key[0] = word(key, 0) | Presence.vlan;
  key[2] = u32(frame, 0);
  key[3] = u32(frame, 4);
  key[4] = u32(frame, 8);
  key[5] = (type << 16) | tag;
  return true;
}

/** PCP and VLAN id of a tag, which has DEI between them, side by side. */
function tagBits(control: number): number {
  return ((control >> 13) << 12) | (control & 0xfff);
}

/** The word `index` of `words`, which is there. */
export function word(words: Int32Array, index: number): number {
  return words[index] ?? 0;
}

/** The big-endian 16 bits at `at`, which are there. */
export function u16(bytes: Uint8Array, at: number): number {
  return (u8(bytes, at) << 8) | u8(bytes, at + 1);
}

function u8(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** The big-endian 32 bits at `at`, which are there, as a signed word. */
export function u32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) << 16) | u16(bytes, at + 2);
}

function parseNetwork(frame: Uint8Array, at: number, type: number, key: Int32Array): boolean {
  if (type === EtherType.ipv4) return parseIpv4(frame, at, key);
  if (type === EtherType.ipv6) return parseIpv6(frame, at, key);
  if (type === EtherType.arp) return parseArp(frame, at, key);
  return true;
}

/** @see RFC 826 */
function parseArp(frame: Uint8Array, at: number, key: Int32Array): boolean {
  if (frame.length < at + 28) return false;
  const ethernetIpv4 = u32(frame, at) === ((1 << 16) | EtherType.ipv4) && u16(frame, at + 4) === 0x0604;
  if (!ethernetIpv4) return false;
  key[0] = Presence.arp;
  key[15] = u32(frame, at + 24);
  return true;
}

/** @see RFC 791 */
function parseIpv4(frame: Uint8Array, at: number, key: Int32Array): boolean {
  if (frame.length < at + 20) return false;
  const first = u8(frame, at);
  const headerBytes = (first & 0xf) * 4;
  if (first >> 4 !== 4 || headerBytes < 20 || frame.length < at + headerBytes) return false;
  const protocol = u8(frame, at + 9);
  key[0] = Presence.ip | Presence.ipv4;
  key[6] = (u8(frame, at + 8) << 24) | (protocol << 16) | (u8(frame, at + 1) << 8);
  key[11] = u32(frame, at + 12);
  key[15] = u32(frame, at + 16);
  const laterFragment = (u16(frame, at + 6) & 0x1fff) !== 0;
  if (!laterFragment) parseTransport(frame, at + headerBytes, protocol, key);
  return true;
}

/** @see RFC 8200 §3, §4; RFC 4302 §2.2 for the length of an authentication header */
function parseIpv6(frame: Uint8Array, at: number, key: Int32Array): boolean {
  if (frame.length < at + 40 || u8(frame, at) >> 4 !== 6) return false;
  key[0] = Presence.ip | Presence.ipv6;
  for (let i = 0; i < 8; i++) key[8 + i] = u32(frame, at + 8 + 4 * i);
  const trafficClass = (u16(frame, at) >> 4) & 0xff;
  key[6] = (u8(frame, at + 7) << 24) | (trafficClass << 8);

  let protocol = u8(frame, at + 6);
  let pos = at + 40;
  let laterFragment = false;
  for (let count = 0; count < maxExtensions && !laterFragment && isExtension(protocol); count++) {
    if (frame.length < pos + 8) break;
    const headerBytes = extensionBytes(protocol, u8(frame, pos + 1));
    if (frame.length < pos + headerBytes) break;
    laterFragment = protocol === Protocol.fragment && (u16(frame, pos + 2) & 0xfff8) !== 0;
    protocol = u8(frame, pos);
    pos += headerBytes;
  }
  key[6] = word(key, 6) | (protocol << 16);
  if (!laterFragment) parseTransport(frame, pos, protocol, key);
  return true;
}

function isExtension(protocol: number): boolean {
  return (
    protocol === Protocol.hopByHop ||
    protocol === Protocol.routing ||
    protocol === Protocol.fragment ||
    protocol === Protocol.authentication ||
    protocol === Protocol.destination
  );
}

function extensionBytes(protocol: number, length: number): number {
  if (protocol === Protocol.fragment) return 8;
  return protocol === Protocol.authentication ? (length + 2) * 4 : (length + 1) * 8;
}

function parseTransport(frame: Uint8Array, at: number, protocol: number, key: Int32Array): void {
  const there = frame.length - at;
  const presence = word(key, 0);
  if (protocol === Protocol.tcp && there >= 20) {
    key[0] = presence | Presence.l4 | Presence.tcp;
    key[6] = word(key, 6) | u8(frame, at + 13);
    key[7] = u32(frame, at);
  } else if (protocol === Protocol.udp && there >= 8) {
    key[0] = presence | Presence.l4;
    key[7] = u32(frame, at);
  } else if (protocol === Protocol.icmp && (presence & Presence.ipv4) !== 0 && there >= 4) {
    key[0] = presence | Presence.icmp;
    key[7] = u16(frame, at) << 16;
  } else if (protocol === Protocol.icmpv6 && (presence & Presence.ipv6) !== 0 && there >= 4) {
    key[0] = presence | Presence.icmpv6;
    key[7] = u16(frame, at) << 16;
  }
}
