/** Ethernet frames by hand, header by header. */

/** Big-endian bytes of `value`. */
export function be(value: number | bigint, bytes: number): number[] {
  const digits = BigInt(value);
  return Array.from({ length: bytes }, (_, i) => Number((digits >> BigInt(8 * (bytes - 1 - i))) & 0xffn));
}

/** Bytes of hexadecimal text; colons, dots and blanks are ignored. */
export function hex(text: string): number[] {
  return [...Buffer.from(text.replace(/[:. ]/g, ""), "hex")];
}

/** Bytes of a dotted IPv4 address. */
export function ip(address: string): number[] {
  return address.split(".").map(Number);
}

/** An Ethernet frame of `parts`, which begin with the EtherType or with tags. */
export function ethernet(...parts: readonly number[][]): Uint8Array {
  return Uint8Array.from([...hex("02:00:00:00:00:0b"), ...hex("02:00:00:00:00:0a"), ...parts.flat()]);
}

/** A VLAN tag, 802.1Q by default. */
export function tag(vlan: number, pcp = 0, type = 0x8100): number[] {
  return [...be(type, 2), ...be((pcp << 13) | vlan, 2)];
}

export interface Ipv4Fields {
  readonly src?: string;
  readonly dst?: string;
  readonly protocol?: number;
  readonly ttl?: number;
  readonly tos?: number;
  /** Fragment flags and offset. */
  readonly fragment?: number;
  readonly options?: readonly number[];
}

/** EtherType 0x0800 and an IPv4 packet. */
export function ipv4(fields: Ipv4Fields, payload: readonly number[] = []): number[] {
  const { src = "10.0.0.1", dst = "10.0.0.2", protocol = 17, ttl = 64, tos = 0, fragment = 0, options = [] } = fields;
  const words = 5 + options.length / 4;
  const total = 4 * words + payload.length;
  const before = [0x40 | words, tos, ...be(total, 2), 0, 0, ...be(fragment, 2), ttl, protocol];
  const after = [...ip(src), ...ip(dst), ...options];
  return [0x08, 0x00, ...before, ...checksum([...before, ...after]), ...after, ...payload];
}

/** The Internet checksum of an even number of bytes. @see RFC 1071 */
function checksum(bytes: readonly number[]): number[] {
  let sum = 0;
  bytes.forEach((byte, i) => (sum += i % 2 === 0 ? byte << 8 : byte));
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return be(~sum & 0xffff, 2);
}

export interface Ipv6Fields {
  readonly src?: string;
  readonly dst?: string;
  readonly next?: number;
  readonly hopLimit?: number;
  readonly trafficClass?: number;
}

/** Addresses of the IPv6 packets here, in hexadecimal. */
export const ipv6Source = "20010db8000000000000000000000001";
export const ipv6Destination = "20010db8000000ff0000000000000002";

/** EtherType 0x86dd and an IPv6 packet; `payload` begins with extension headers if `next` says so. */
export function ipv6(fields: Ipv6Fields, payload: readonly number[] = []): number[] {
  const { src = ipv6Source, dst = ipv6Destination, next = 17, hopLimit = 64, trafficClass = 0 } = fields;
  const first = be((6 << 28) | (trafficClass << 20), 4);
  return [0x86, 0xdd, ...first, ...be(payload.length, 2), next, hopLimit, ...hex(src), ...hex(dst), ...payload];
}

export function udp(src: number, dst: number): number[] {
  return [...be(src, 2), ...be(dst, 2), 0, 8, 0, 0];
}

export function tcp(src: number, dst: number, flags: number): number[] {
  return [...be(src, 2), ...be(dst, 2), ...be(0, 8), 0x50, flags, 0, 0, 0, 0, 0, 0];
}

/** EtherType 0x0806 and an ARP request. */
export function arp(target: string): number[] {
  return [...hex("0806 0001 0800 06 04 0001 02000000000a"), ...ip("10.0.0.1"), ...hex("000000000000"), ...ip(target)];
}

/** A frame of EtherType 0x88cc. */
export const lldp = ethernet(hex("88cc"), hex("0207 04 020000000001 0000"));
