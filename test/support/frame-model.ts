/** Frames as header fields, for oracles: bytes on one side, what the rule model calls each field on the other. */
import fc from "fast-check";
import { defined } from "../../src/base/invariant.js";

/** An 802.1Q or 802.1ad tag. */
export interface Tag {
  readonly type: 0x8100 | 0x88a8;
  readonly pcp: number;
  readonly vid: number;
}

/** What follows an IP header, as far as rules look at it. */
export type Transport =
  | { readonly kind: "tcp"; readonly src: number; readonly dst: number; readonly flags: number }
  | { readonly kind: "udp"; readonly src: number; readonly dst: number }
  | { readonly kind: "icmp"; readonly type: number; readonly code: number }
  | { readonly kind: "raw"; readonly protocol: number };

export interface Ip {
  readonly kind: "ipv4" | "ipv6";
  readonly src: bigint;
  readonly dst: bigint;
  readonly ttl: number;
  readonly dscp: number;
  readonly ecn: number;
  readonly laterFragment: boolean;
  readonly transport: Transport;
}

export type Network =
  Ip | { readonly kind: "arp"; readonly target: bigint } | { readonly kind: "other"; readonly etherType: number };

export interface Frame {
  readonly port: number;
  readonly dst: bigint;
  readonly src: bigint;
  readonly tags: readonly Tag[];
  readonly network: Network;
}

const hex = (value: number | bigint, bytes: number) => value.toString(16).padStart(2 * bytes, "0");

/** Protocol number of `ip`'s payload. */
export function protocolOf({ kind, transport }: Ip): number {
  switch (transport.kind) {
    case "tcp":
      return 6;
    case "udp":
      return 17;
    case "icmp":
      return kind === "ipv4" ? 1 : 58;
    case "raw":
      return transport.protocol;
  }
}

function transportHex(transport: Transport): string {
  switch (transport.kind) {
    case "tcp":
      return `${hex(transport.src, 2)}${hex(transport.dst, 2)}000000000000000050${hex(transport.flags, 1)}000000000000`;
    case "udp":
      return `${hex(transport.src, 2)}${hex(transport.dst, 2)}00080000`;
    case "icmp":
      return `${hex(transport.type, 1)}${hex(transport.code, 1)}0000`;
    case "raw":
      return "00".repeat(32);
  }
}

function ipHex(ip: Ip): string {
  const protocol = hex(protocolOf(ip), 1);
  const trafficClass = (ip.dscp << 2) | ip.ecn;
  const payload = transportHex(ip.transport);
  if (ip.kind === "ipv4")
    return `45${hex(trafficClass, 1)}00000000${ip.laterFragment ? "0001" : "0000"}${hex(ip.ttl, 1)}${protocol}0000${hex(ip.src, 4)}${hex(ip.dst, 4)}${payload}`;
  const fragment = ip.laterFragment ? `${protocol}00000800000000` : "";
  return `6${hex(trafficClass, 1)}000000000${ip.laterFragment ? "2c" : protocol}${hex(ip.ttl, 1)}${hex(ip.src, 16)}${hex(ip.dst, 16)}${fragment}${payload}`;
}

function networkHex(network: Network): string {
  switch (network.kind) {
    case "ipv4":
    case "ipv6":
      return ipHex(network);
    case "arp":
      return `000108000604000100000000000000000000000000000000${hex(network.target, 4)}`;
    case "other":
      return "00".repeat(46);
  }
}

/** EtherType after all tags. */
export function etherTypeOf({ network }: Frame): number {
  const types = { ipv4: 0x0800, ipv6: 0x86dd, arp: 0x0806 } as const;
  return network.kind === "other" ? network.etherType : types[network.kind];
}

/** The frame as it arrives, without FCS. */
export function frameBytes(frame: Frame): Uint8Array {
  const tags = frame.tags.map(({ type, pcp, vid }) => hex(type, 2) + hex((pcp << 13) | vid, 2)).join("");
  const text = `${hex(frame.dst, 6)}${hex(frame.src, 6)}${tags}${hex(etherTypeOf(frame), 2)}${networkHex(frame.network)}`;
  return Uint8Array.from(Buffer.from(text, "hex"));
}

const few = (...values: readonly number[]) => fc.constantFrom(...values);
const fewBig = (...values: readonly bigint[]) => fc.constantFrom(...values);
const ports16 = fc.oneof(few(0, 1, 22, 80, 179, 443, 0xfffe, 0xffff), fc.nat(0xffff));

const transport: fc.Arbitrary<Transport> = fc.oneof(
  fc.record({ kind: fc.constant("tcp" as const), src: ports16, dst: ports16, flags: few(0, 2, 0x12, 0xff) }),
  fc.record({ kind: fc.constant("udp" as const), src: ports16, dst: ports16 }),
  fc.record({ kind: fc.constant("icmp" as const), type: few(0, 8, 128, 135), code: few(0, 1) }),
  fc.record({ kind: fc.constant("raw" as const), protocol: few(2, 47, 89) }),
);

const ip = (kind: "ipv4" | "ipv6", addresses: fc.Arbitrary<bigint>): fc.Arbitrary<Ip> =>
  fc.record({
    kind: fc.constant(kind),
    src: addresses,
    dst: addresses,
    ttl: few(0, 1, 2, 64, 255),
    dscp: few(0, 1, 46, 63),
    ecn: few(0, 3),
    laterFragment: fc.boolean(),
    transport,
  });

/** Addresses with bits in every part. */
export const addresses4 = fewBig(0n, 0x0a000001n, 0x0a0000ffn, 0xc0a80101n, 0xffffffffn);
export const addresses6 = fewBig(
  0n,
  0x20010db8000000010000000000000001n,
  0x20010db8000000010000000000000002n,
  0xfe80000000000000000000000000ffffn,
  2n ** 128n - 1n,
);
export const macs = fewBig(0n, 0x0180c200000en, 0x020000000001n, 0xffffffffffffn);

/** Frames that a parser takes whole, with few different values, so that rules meet them. */
export const frames: fc.Arbitrary<Frame> = fc.record({
  port: few(1, 2, 7),
  dst: macs,
  src: macs,
  tags: fc.array(fc.record({ type: fc.constantFrom(0x8100, 0x88a8), pcp: few(0, 5), vid: few(0, 1, 0xfa0, 0xfff) }), {
    maxLength: 2,
  }),
  network: fc.oneof(
    { weight: 3, arbitrary: ip("ipv4", addresses4) },
    { weight: 3, arbitrary: ip("ipv6", addresses6) },
    fc.record({ kind: fc.constant("arp" as const), target: addresses4 }),
    fc.record({ kind: fc.constant("other" as const), etherType: few(0x6007, 0x88cc, 0x88e7) }),
  ),
});

/** One field of the rule model in `frame`; undefined where its header is absent. */
export type FieldReader = (frame: Frame) => bigint | undefined;

const ipOf = ({ network }: Frame) => (network.kind === "ipv4" || network.kind === "ipv6" ? network : undefined);
const outOf = (kind: "ipv4" | "ipv6") => (frame: Frame) => {
  const found = ipOf(frame);
  return found?.kind === kind ? found : undefined;
};
const transportOf = (frame: Frame) => {
  const found = ipOf(frame);
  return found === undefined || found.laterFragment ? undefined : found.transport;
};
const big = (value: number | undefined) => (value === undefined ? undefined : BigInt(value));
const bit = (value: boolean) => (value ? 1n : 0n);

function icmp(kind: "ipv4" | "ipv6", part: "type" | "code"): FieldReader {
  return (frame) => {
    const found = outOf(kind)(frame) && transportOf(frame);
    return found?.kind === "icmp" ? BigInt(found[part]) : undefined;
  };
}

function l4(part: "src" | "dst", only?: "tcp"): FieldReader {
  return (frame) => {
    const found = transportOf(frame);
    if (found?.kind !== "tcp" && (found?.kind !== "udp" || only !== undefined)) return undefined;
    return BigInt(found[part]);
  };
}

const upper =
  (read: FieldReader): FieldReader =>
  (frame) => {
    const value = read(frame);
    return value === undefined ? undefined : value >> 64n;
  };

const v4 = outOf("ipv4");
const v6 = outOf("ipv6");

/** Every field by the name the rule model gives it, and those that only one header has. */
export const fieldReaders = {
  ingress_port: (frame: Frame) => BigInt(frame.port),
  dst_mac: (frame: Frame) => frame.dst,
  src_mac: (frame: Frame) => frame.src,
  ether_type: (frame: Frame) => BigInt(etherTypeOf(frame)),
  vlan_id: (frame: Frame) => big(frame.tags[0]?.vid),
  vlan_pcp: (frame: Frame) => big(frame.tags[0]?.pcp),
  is_ip: (frame: Frame) => bit(ipOf(frame) !== undefined),
  non_ip: (frame: Frame) => bit(ipOf(frame) === undefined),
  is_ipv4: (frame: Frame) => bit(frame.network.kind === "ipv4"),
  non_ipv4: (frame: Frame) => bit(frame.network.kind !== "ipv4"),
  is_ipv6: (frame: Frame) => bit(frame.network.kind === "ipv6"),
  non_ipv6: (frame: Frame) => bit(frame.network.kind !== "ipv6"),
  is_arp: (frame: Frame) => bit(frame.network.kind === "arp"),
  ttl: (frame: Frame) => big(ipOf(frame)?.ttl),
  ipv4_ttl: (frame: Frame) => big(v4(frame)?.ttl),
  hop_limit: (frame: Frame) => big(v6(frame)?.ttl),
  dscp: (frame: Frame) => big(ipOf(frame)?.dscp),
  ecn: (frame: Frame) => big(ipOf(frame)?.ecn),
  ip_protocol: (frame: Frame) => {
    const found = ipOf(frame);
    return found && BigInt(protocolOf(found));
  },
  next_header: (frame: Frame) => {
    const found = v6(frame);
    return found && BigInt(protocolOf(found));
  },
  l4_src_port: l4("src"),
  l4_dst_port: l4("dst"),
  tcp_src_port: l4("src", "tcp"),
  tcp_flags: (frame: Frame) => {
    const found = transportOf(frame);
    return found?.kind === "tcp" ? BigInt(found.flags) : undefined;
  },
  icmp_type: icmp("ipv4", "type"),
  icmp_code: icmp("ipv4", "code"),
  icmpv6_type: icmp("ipv6", "type"),
  icmpv6_code: icmp("ipv6", "code"),
  src_ipv4: (frame: Frame) => v4(frame)?.src,
  dst_ipv4: (frame: Frame) => v4(frame)?.dst,
  src_ipv6: (frame: Frame) => v6(frame)?.src,
  dst_ipv6: (frame: Frame) => v6(frame)?.dst,
  src_ipv6_upper: upper((frame) => v6(frame)?.src),
  dst_ipv6_upper: upper((frame) => v6(frame)?.dst),
  arp_target: (frame: Frame) => (frame.network.kind === "arp" ? frame.network.target : undefined),
} as const satisfies Record<string, FieldReader>;

export type ReadableField = keyof typeof fieldReaders;

/** @throws InvariantError if no header has such a field */
export function readerOf(field: string): FieldReader {
  return defined(new Map<string, FieldReader>(Object.entries(fieldReaders)).get(field), `${field} can be read`);
}
