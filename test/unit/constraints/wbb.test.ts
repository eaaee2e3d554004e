import assert from "node:assert/strict";
import { entryRestriction } from "../../../src/constraints/restriction.js";
import { defined } from "../../../src/base/invariant.js";
import { tablesOf, type Program } from "./programs.js";
import { record, tableLayout, type SlotValue } from "./records.js";

interface Row {
  readonly title: string;
  readonly allowed: boolean;
  readonly match: Readonly<Record<string, SlotValue>>;
}

/** Read off the comments of the restrictions: three kinds of entries, everything else is refused. */
const shared: readonly Row[] = [
  ...[0, 1, 2].flatMap((ttl) => [
    { title: `traceroute over IPv4 with TTL ${ttl}`, allowed: true, match: { is_ipv4: 1, ttl } },
    { title: `traceroute over IPv6 with hop limit ${ttl}`, allowed: true, match: { is_ipv6: 1, ttl } },
  ]),
  { title: "LLDP", allowed: true, match: { ether_type: 0x88cc } },
  { title: "neighbour discovery", allowed: true, match: { ether_type: 0x6007 } },
  { title: "traceroute with TTL 3", allowed: false, match: { is_ipv4: 1, ttl: 3 } },
  { title: "traceroute with a TTL of any even number", allowed: false, match: { is_ipv4: 1, ttl: [0, 1] } },
  { title: "any IPv4 packet", allowed: false, match: { is_ipv4: 1 } },
  { title: "TTL 1 of any packet", allowed: false, match: { ttl: 1 } },
  { title: "TTL 1 of what is not IPv4", allowed: false, match: { is_ipv4: 0, ttl: 1 } },
  { title: "TTL 1 of IPv4 and IPv6 at once", allowed: false, match: { is_ipv4: 1, is_ipv6: 1, ttl: 1 } },
  { title: "TTL 1 of IPv4 that is not IPv6", allowed: false, match: { is_ipv4: 1, is_ipv6: 0, ttl: 1 } },
  { title: "traceroute with an EtherType", allowed: false, match: { is_ipv4: 1, ttl: 1, ether_type: 0x0800 } },
  { title: "another EtherType", allowed: false, match: { ether_type: 0x0806 } },
  { title: "LLDP by half its mask", allowed: false, match: { ether_type: [0x8800, 0xff00] } },
  { title: "LLDP with TTL 1", allowed: false, match: { ether_type: 0x88cc, ttl: 1 } },
  { title: "LLDP in IPv4", allowed: false, match: { ether_type: 0x88cc, is_ipv4: 1 } },
  { title: "neighbour discovery in IPv6", allowed: false, match: { ether_type: 0x6007, is_ipv6: 1 } },
  { title: "neighbour discovery with TTL 255", allowed: false, match: { ether_type: 0x6007, ttl: 255 } },
  { title: "every packet", allowed: false, match: {} },
];

const vlans: readonly Row[] = [
  { title: "neighbour discovery in VLAN 0xFA0", allowed: true, match: { ether_type: 0x6007, outer_vlan_id: 0xfa0 } },
  { title: "neighbour discovery in VLAN 1", allowed: false, match: { ether_type: 0x6007, outer_vlan_id: 1 } },
  {
    title: "neighbour discovery in VLANs like 0xFA0",
    allowed: false,
    match: { ether_type: 0x6007, outer_vlan_id: [0xf00, 0xf00] },
  },
  { title: "LLDP in VLAN 0xFA0", allowed: false, match: { ether_type: 0x88cc, outer_vlan_id: 0xfa0 } },
  { title: "traceroute in VLAN 0xFA0", allowed: false, match: { is_ipv4: 1, ttl: 1, outer_vlan_id: 0xfa0 } },
];

function restrictionOf(program: Program) {
  const table = defined(tablesOf(program)[0], "the program has a table");
  const layout = tableLayout(table);
  return { layout, restriction: defined(entryRestriction(table, layout), "the table is restricted") };
}

for (const [program, rows] of [
  ["wbb", [...shared, ...vlans]],
  ["sai-wbb", shared],
] as const) {
  describe(`the restriction of ${program}`, () => {
    const { layout, restriction } = restrictionOf(program);
    for (const { title, allowed, match } of rows)
      it(`${allowed ? "allows" : "refuses"} ${title}`, () => {
        assert.equal(restriction.violated(record(layout, match, 1)) === undefined, allowed);
      });
  });
}
