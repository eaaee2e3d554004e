/** Every key field matches the frames that have its value, and no others. */
import assert from "node:assert/strict";
import type { KeyFieldName } from "../../src/datapath/frame-key.js";
import { arp, hex, ipv4, ipv6, tag, tcp, udp } from "../support/frame-builder.js";
import type { Match, Matches } from "../support/key-rules.js";
import { rule } from "../support/key-rules.js";
import type { WithBench } from "./bench.js";
import { install, port1, port2 } from "./bench.js";
import { ethernet } from "./frames.js";

const other = ethernet(hex("6007"), new Array<number>(46).fill(0));
const datagram = ethernet(ipv4({}, udp(1000, 2000)));
const datagram6 = ethernet(ipv6({}, udp(1000, 2000)));
const segment = ethernet(ipv4({ protocol: 6 }, tcp(1000, 2000, 0x12)));
const request = ethernet(arp("10.0.0.9"));
const echo = ethernet(ipv4({ protocol: 1 }, hex("0800 0000 0000 0000")));
const solicitation = ethernet(ipv6({ next: 58 }, hex("8700 0000 0000 0000")));

/** A frame that has the value and one that has not; `absent` lacks the header. */
interface Row {
  readonly field: KeyFieldName;
  readonly match: Match;
  readonly frame: Uint8Array;
  readonly differs: Uint8Array;
  readonly absent?: Uint8Array;
}

const rows: readonly Row[] = [
  { field: "dst_mac", match: 0x02000000000bn, frame: other, differs: other.with(5, 0xc) },
  { field: "src_mac", match: [0x020000000000n, 0xffffffffff00n], frame: other, differs: other.with(7, 1) },
  { field: "ether_type", match: 0x6007, frame: other, differs: other.with(13, 8) },
  {
    field: "vlan_id",
    match: 100,
    frame: ethernet(tag(100), tag(7), hex("6007")),
    differs: ethernet(tag(7), tag(100), hex("6007")),
    absent: other,
  },
  {
    field: "vlan_pcp",
    match: 5,
    frame: ethernet(tag(1, 5), hex("6007")),
    differs: ethernet(tag(1, 4), hex("6007")),
    absent: other,
  },
  { field: "is_ipv4", match: 1, frame: datagram, differs: datagram6 },
  { field: "is_ipv6", match: 1, frame: datagram6, differs: datagram },
  { field: "is_arp", match: 1, frame: request, differs: datagram },
  { field: "is_ip", match: 0, frame: request, differs: datagram6 },
  { field: "ttl", match: 1, frame: ethernet(ipv6({ hopLimit: 1 }, udp(1, 2))), differs: datagram, absent: other },
  { field: "ip_protocol", match: 6, frame: segment, differs: datagram, absent: other },
  { field: "dscp", match: 46, frame: ethernet(ipv4({ tos: 0xb8 }, udp(1, 2))), differs: datagram, absent: other },
  { field: "ecn", match: 3, frame: ethernet(ipv6({ trafficClass: 3 }, udp(1, 2))), differs: datagram, absent: other },
  {
    field: "tcp_flags",
    match: [2, 2],
    frame: segment,
    differs: ethernet(ipv4({ protocol: 6 }, tcp(1, 2, 0x10))),
    absent: datagram,
  },
  { field: "l4_src_port", match: 1000, frame: datagram6, differs: ethernet(ipv4({}, udp(2000, 1000))), absent: echo },
  {
    field: "l4_dst_port",
    match: [2000, 0xfff0],
    frame: segment,
    differs: ethernet(ipv4({}, udp(2000, 1000))),
    absent: echo,
  },
  {
    field: "icmp_type",
    match: 8,
    frame: echo,
    differs: ethernet(ipv4({ protocol: 1 }, hex("0000 0000 0000 0000"))),
    absent: solicitation,
  },
  {
    field: "icmp_code",
    match: 0,
    frame: echo,
    differs: ethernet(ipv4({ protocol: 1 }, hex("0801 0000 0000 0000"))),
    absent: datagram,
  },
  {
    field: "icmpv6_type",
    match: 135,
    frame: solicitation,
    differs: ethernet(ipv6({ next: 58 }, hex("8800 0000 0000 0000"))),
    absent: echo,
  },
  {
    field: "icmpv6_code",
    match: 0,
    frame: solicitation,
    differs: ethernet(ipv6({ next: 58 }, hex("8701 0000 0000 0000"))),
    absent: echo,
  },
  {
    field: "src_ipv4",
    match: [0x0a000000, 0xff000000],
    frame: datagram,
    differs: ethernet(ipv4({ src: "11.0.0.1" }, udp(1, 2))),
    absent: datagram6,
  },
  {
    field: "dst_ipv4",
    match: 0x0a000002,
    frame: datagram,
    differs: ethernet(ipv4({ dst: "10.0.0.3" }, udp(1, 2))),
    absent: request,
  },
  { field: "arp_target", match: 0x0a000009, frame: request, differs: ethernet(arp("10.0.0.8")), absent: datagram },
  {
    field: "src_ipv6",
    match: 0x20010db8000000000000000000000001n,
    frame: datagram6,
    differs: ethernet(ipv6({ src: "20010db8000000000000000000000002" }, udp(1, 2))),
    absent: datagram,
  },
  {
    field: "dst_ipv6",
    match: [0x20010db8n << 96n, 0xffffffffn << 96n],
    frame: datagram6,
    differs: ethernet(ipv6({ dst: "20010db9000000000000000000000002" }, udp(1, 2))),
    absent: datagram,
  },
  {
    field: "src_ipv6_upper",
    match: 0x20010db800000000n,
    frame: datagram6,
    differs: ethernet(ipv6({ src: "20010db8000000010000000000000001" }, udp(1, 2))),
    absent: datagram,
  },
  {
    field: "dst_ipv6_upper",
    match: 0x20010db8000000ffn,
    frame: datagram6,
    differs: ethernet(ipv6({ dst: "20010db8000000fe0000000000000002" }, udp(1, 2))),
    absent: datagram,
  },
];

const never: readonly { title: string; match: Matches }[] = [
  { title: "IPv4 and IPv6 at once", match: { is_ipv4: 1, is_ipv6: 1 } },
  { title: "ARP and IP at once", match: { is_arp: 1, is_ip: 1 } },
  { title: "an IPv4 source in an IPv6 frame", match: { src_ipv4: 0x0a000001, is_ipv6: 1 } },
  { title: "TCP flags of UDP", match: { tcp_flags: [0, 1], ip_protocol: 17 } },
];

export function keyCompliance(withBench: WithBench): void {
  for (const { field, match, frame, differs, absent } of rows) {
    it(
      `matches ${field} by value, and no frame without it`,
      withBench(async (bench, punts) => {
        if (!bench.datapath.capabilities.keyFields.has(field)) return;
        await install(bench, [rule({ match: { [field]: match } })]);
        await bench.receive(port1, [differs, ...(absent === undefined ? [] : [absent]), frame]);
        const punted = await punts.take();
        assert.deepEqual(
          punted.map((each) => each.frame),
          [frame],
        );
      }),
    );
  }

  it(
    "matches the ingress port",
    withBench(async (bench, punts) => {
      await install(bench, [rule({ match: { ingress_port: port2, ether_type: 0x6007 } })]);
      await bench.receive(port1, [other]);
      await bench.receive(port2, [other]);
      assert.deepEqual(
        (await punts.take()).map(({ ingress }) => ingress),
        [port2],
      );
    }),
  );

  it(
    "takes every frame with a rule that constrains nothing",
    withBench(async (bench, punts) => {
      await install(bench, [rule({})]);
      const frames = [other, datagram, datagram6, segment, request, echo, solicitation];
      await bench.receive(port1, frames);
      const punted = await punts.take();
      assert.deepEqual(
        punted.map((each) => each.frame),
        frames,
      );
    }),
  );

  for (const { title, match } of never) {
    it(
      `matches nothing by ${title}`,
      withBench(async (bench, punts) => {
        await install(bench, [rule({ match })]);
        await bench.receive(
          port1,
          rows.map((row) => row.frame),
        );
        assert.deepEqual(await punts.take(), []);
      }),
    );
  }
}
