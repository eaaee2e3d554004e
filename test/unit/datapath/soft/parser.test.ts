import assert from "node:assert/strict";
import { keyFields, keyWords, Presence } from "../../../../src/datapath/frame-key.js";
import type { KeyFieldName } from "../../../../src/datapath/frame-key.js";
import type { PortId } from "../../../../src/datapath/port.js";
import { parseFrame } from "../../../../src/datapath/soft/parser.js";
import {
  arp,
  be,
  ethernet,
  hex,
  ipv4,
  ipv6,
  ipv6Destination,
  ipv6Source,
  tag,
  tcp,
  udp,
} from "../../../support/frame-builder.js";
import { fieldOf } from "../../../support/key-rules.js";

const port = 0xfffffeff as PortId;
const macs = { dst_mac: 0x02000000000bn, src_mac: 0x02000000000an, ingress_port: BigInt(port) };
const addresses4 = { src_ipv4: 0x0a000001, dst_ipv4: 0x0a000002 };
const addresses6 = { src_ipv6: BigInt(`0x${ipv6Source}`), dst_ipv6: BigInt(`0x${ipv6Destination}`) };
const v4 = { ether_type: 0x0800, is_ipv4: 1, is_ip: 1, ttl: 64, ip_protocol: 17, ...addresses4 };
const v6 = { ether_type: 0x86dd, is_ipv6: 1, is_ip: 1, ttl: 64, ip_protocol: 17, ...addresses6 };
const ports = { l4_src_port: 1000, l4_dst_port: 2000 };
const datagram = udp(1000, 2000);
const segment = tcp(1000, 2000, 0x12);
const extension = (next: number, units = 0) => [next, units, ...be(0, 6 + 8 * units)];
const fragmentHeader = (next: number, offset: number) => [next, 0, ...be(offset << 3, 2), ...be(0, 4)];
const authentication = (next: number) => [next, 4, ...be(0, 22)];
const chain = (length: number, last: number) =>
  Array.from({ length }, (_, i) => extension(i === length - 1 ? last : 60)).flat();

type Fields = Partial<Record<KeyFieldName, number | bigint>>;
interface Row {
  readonly title: string;
  readonly frame: Uint8Array;
  readonly want: Fields;
  /** Headers that are there, beyond those that the IP kinds tell. */
  readonly with?: readonly ("vlan" | "l4" | "tcp" | "icmp" | "icmpv6")[];
}

const rows: Row[] = [
  { title: "an unknown EtherType", frame: ethernet(hex("88cc"), hex("0207")), want: { ether_type: 0x88cc } },
  { title: "a frame of 14 bytes", frame: ethernet(hex("6007")), want: { ether_type: 0x6007 } },
  { title: "an 802.3 length", frame: ethernet(hex("0026 4242")), want: { ether_type: 0x26 } },
  { title: "ARP", frame: ethernet(arp("10.1.2.3")), want: { ether_type: 0x0806, is_arp: 1, arp_target: 0x0a010203 } },
  { title: "UDP", frame: ethernet(ipv4({}, datagram)), want: { ...v4, ...ports }, with: ["l4"] },
  {
    title: "TCP",
    frame: ethernet(ipv4({ protocol: 6 }, segment)),
    want: { ...v4, ...ports, ip_protocol: 6, tcp_flags: 0x12 },
    with: ["l4", "tcp"],
  },
  {
    title: "ICMP",
    frame: ethernet(ipv4({ protocol: 1, ttl: 1 }, [11, 1, 0, 0])),
    want: { ...v4, ip_protocol: 1, ttl: 1, icmp_type: 11, icmp_code: 1 },
    with: ["icmp"],
  },
  {
    title: "DSCP and ECN",
    frame: ethernet(ipv4({ tos: 0xb9 }, datagram)),
    want: { ...v4, ...ports, dscp: 46, ecn: 1 },
    with: ["l4"],
  },
  {
    title: "IPv4 options",
    frame: ethernet(ipv4({ options: hex("94040000 01010101") }, datagram)),
    want: { ...v4, ...ports },
    with: ["l4"],
  },
  {
    title: "a first fragment",
    frame: ethernet(ipv4({ fragment: 0x2000 }, datagram)),
    want: { ...v4, ...ports },
    with: ["l4"],
  },
  { title: "a later fragment", frame: ethernet(ipv4({ fragment: 0x2001 }, datagram)), want: v4 },
  {
    title: "a protocol without ports",
    frame: ethernet(ipv4({ protocol: 89 }, datagram)),
    want: { ...v4, ip_protocol: 89 },
  },
  { title: "ICMPv6 within IPv4", frame: ethernet(ipv4({ protocol: 58 }, datagram)), want: { ...v4, ip_protocol: 58 } },
  { title: "a UDP header cut off", frame: ethernet(ipv4({}, datagram.slice(0, 7))), want: v4 },
  {
    title: "a TCP header cut off",
    frame: ethernet(ipv4({ protocol: 6 }, segment.slice(0, 19))),
    want: { ...v4, ip_protocol: 6 },
  },
  {
    title: "an ICMP header cut off",
    frame: ethernet(ipv4({ protocol: 1 }, [8, 0, 0])),
    want: { ...v4, ip_protocol: 1 },
  },
  { title: "UDP in IPv6", frame: ethernet(ipv6({}, datagram)), want: { ...v6, ...ports }, with: ["l4"] },
  {
    title: "traffic class and hop limit",
    frame: ethernet(ipv6({ trafficClass: 0xb9, hopLimit: 255 }, datagram)),
    want: { ...v6, ...ports, dscp: 46, ecn: 1, ttl: 255 },
    with: ["l4"],
  },
  {
    title: "ICMPv6",
    frame: ethernet(ipv6({ next: 58 }, [135, 7, 0, 0])),
    want: { ...v6, ip_protocol: 58, icmpv6_type: 135, icmpv6_code: 7 },
    with: ["icmpv6"],
  },
  { title: "ICMP within IPv6", frame: ethernet(ipv6({ next: 1 }, datagram)), want: { ...v6, ip_protocol: 1 } },
  ...[0, 43, 60].map((kind) => ({
    title: `extension header ${kind} of 16 bytes`,
    frame: ethernet(ipv6({ next: kind }, [...extension(17, 1), ...datagram])),
    want: { ...v6, ...ports },
    with: ["l4" as const],
  })),
  {
    title: "an authentication header",
    frame: ethernet(ipv6({ next: 51 }, [...authentication(6), ...segment])),
    want: { ...v6, ...ports, ip_protocol: 6, tcp_flags: 0x12 },
    with: ["l4", "tcp"],
  },
  {
    title: "a first IPv6 fragment",
    frame: ethernet(ipv6({ next: 0 }, [...extension(44), ...fragmentHeader(17, 0), ...datagram])),
    want: { ...v6, ...ports },
    with: ["l4"],
  },
  {
    title: "a later IPv6 fragment",
    frame: ethernet(ipv6({ next: 44 }, [...fragmentHeader(60, 1), ...extension(17), ...datagram])),
    want: { ...v6, ip_protocol: 60 },
  },
  {
    title: "eight extension headers",
    frame: ethernet(ipv6({ next: 60 }, [...chain(8, 17), ...datagram])),
    want: { ...v6, ...ports },
    with: ["l4"],
  },
  {
    title: "a ninth extension header",
    frame: ethernet(ipv6({ next: 60 }, [...chain(8, 0), ...extension(17), ...datagram])),
    want: { ...v6, ip_protocol: 0 },
  },
  {
    title: "an extension header cut off",
    frame: ethernet(ipv6({ next: 0 }, [...extension(43), ...extension(17, 2).slice(0, 23)])),
    want: { ...v6, ip_protocol: 43 },
  },
  {
    title: "an extension header of one byte",
    frame: ethernet(ipv6({ next: 60 }, [17])),
    want: { ...v6, ip_protocol: 60 },
  },
  { title: "ESP", frame: ethernet(ipv6({ next: 50 }, datagram)), want: { ...v6, ip_protocol: 50 } },
  {
    title: "one tag",
    frame: ethernet(tag(100, 5), ipv4({}, datagram)),
    want: { ...v4, ...ports, vlan_id: 100, vlan_pcp: 5 },
    with: ["l4", "vlan"],
  },
  {
    title: "a priority tag",
    frame: ethernet(tag(0, 3), hex("88cc")),
    want: { ether_type: 0x88cc, vlan_pcp: 3 },
    with: ["vlan"],
  },
  {
    title: "a tag with DEI",
    frame: ethernet(tag(0x1fff), hex("88cc")),
    want: { ether_type: 0x88cc, vlan_id: 0xfff },
    with: ["vlan"],
  },
  {
    title: "stacked tags of every kind",
    frame: ethernet(tag(7, 1, 0x88a8), tag(8, 2, 0x9100), tag(9, 3), ipv6({}, datagram)),
    want: { ...v6, ...ports, vlan_id: 7, vlan_pcp: 1 },
    with: ["l4", "vlan"],
  },
  {
    title: "eight tags",
    frame: ethernet(...Array.from({ length: 8 }, (_, i) => tag(i + 1)), arp("10.1.2.3")),
    want: { ether_type: 0x0806, is_arp: 1, arp_target: 0x0a010203, vlan_id: 1 },
    with: ["vlan"],
  },
  {
    title: "a ninth tag",
    frame: ethernet(...Array.from({ length: 8 }, (_, i) => tag(i + 1)), tag(9, 0, 0x88a8), arp("10.1.2.3")),
    want: { ether_type: 0x88a8, vlan_id: 1 },
    with: ["vlan"],
  },
];

/** The key that has `fields` and nothing else. */
function keyWith(fields: Fields, headers: number): Int32Array {
  const key = new Int32Array(keyWords);
  for (const [name, value] of Object.entries(fields)) {
    const { word, shift } = keyFields[name as KeyFieldName];
    for (let i = 0, bits = BigInt(value) << BigInt(shift); bits > 0n; i++, bits >>= 32n) {
      key[word - i] = (key[word - i] ?? 0) | Number(BigInt.asIntN(32, bits));
    }
  }
  key[0] = (key[0] ?? 0) | headers;
  return key;
}

describe("parseFrame", () => {
  for (const { title, frame, want, with: headers = [] } of rows) {
    it(`reads ${title}, and sets nothing else`, () => {
      const key = new Int32Array(keyWords).fill(-1);
      assert.equal(parseFrame(port, frame, key), true);
      const presence = headers.reduce((bits, header) => bits | Presence[header], 0);
      assert.deepEqual([...key], [...keyWith({ ...macs, ...want }, presence)]);
    });
  }

  const ipv4Frame = ethernet(ipv4({}, datagram));
  const ipv6Frame = ethernet(ipv6({}, datagram));
  const arpFrame = ethernet(arp("10.0.0.9"));
  for (const { title, frame } of [
    { title: "no byte", frame: new Uint8Array(0) },
    { title: "13 bytes", frame: ipv4Frame.slice(0, 13) },
    { title: "a tag cut off", frame: ethernet(hex("8100 0001 08")) },
    { title: "a second tag cut off", frame: ethernet(tag(1), hex("88a8 00")) },
    { title: "an IPv4 header cut off", frame: ipv4Frame.slice(0, 14 + 19) },
    { title: "IPv4 options cut off", frame: ipv4Frame.with(14, 0x4f) },
    { title: "IHL 4", frame: ipv4Frame.with(14, 0x44) },
    { title: "version 6 under 0x0800", frame: ipv4Frame.with(14, 0x65) },
    { title: "an IPv6 header cut off", frame: ipv6Frame.slice(0, 14 + 39) },
    { title: "version 4 under 0x86dd", frame: ipv6Frame.with(14, 0x40) },
    { title: "ARP cut off", frame: arpFrame.slice(0, 14 + 27) },
    { title: "ARP of other hardware", frame: arpFrame.with(15, 6) },
    { title: "ARP of another protocol", frame: arpFrame.with(16, 9) },
    { title: "ARP with 8-byte hardware addresses", frame: arpFrame.with(18, 8) },
    { title: "ARP with 16-byte protocol addresses", frame: arpFrame.with(19, 16) },
  ]) {
    it(`refuses ${title} and leaves the ingress port only`, () => {
      const key = new Int32Array(keyWords).fill(-1);
      assert.equal(parseFrame(port, frame, key), false);
      assert.deepEqual([...key], [...keyWith({ ingress_port: BigInt(port) }, 0)]);
    });
  }

  it("reads a frame that begins within its buffer", () => {
    const buffer = new Uint8Array(200);
    buffer.set(ipv4Frame, 33);
    const key = new Int32Array(keyWords);
    assert.equal(parseFrame(port, buffer.subarray(33, 33 + ipv4Frame.length), key), true);
    assert.equal(fieldOf(key, "dst_ipv4"), 0x0a000002n);
  });
});
