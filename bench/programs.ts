/** The programs whose tables are written: one table of size 131,072, its keys as wide as those of an ACL. */
import { p4 } from "../src/wire/gen/proto.js";

export const tableId = 33_554_433;
export const actionId = 16_777_217;
const size = 131_072;

/** Match fields in order of id, from 1. */
export const fields = [
  { name: "src_ip", width: 32 },
  { name: "dst_ip", width: 32 },
  { name: "l4_dst_port", width: 16 },
  { name: "ttl", width: 8 },
  { name: "outer_vlan_id", width: 12 },
] as const;

/** In the manner of WBB's: each entry must be one of three kinds, and those of the benchmark are of the last. */
const restriction = `
  // Traceroute
  ((ttl == 0 || ttl == 1 || ttl == 2) && src_ip::mask == 0 && dst_ip::mask == 0 &&
    l4_dst_port::mask == 0 && outer_vlan_id::mask == 0) ||
  // Discovery
  (l4_dst_port == 0x88cc && ttl::mask == 0 && src_ip::mask == 0 && dst_ip::mask == 0 && outer_vlan_id::mask == 0) ||
  // Flows
  (((outer_vlan_id::mask == 0xfff && outer_vlan_id != 0xfff) || outer_vlan_id::mask == 0);
    src_ip::mask != 0;
    dst_ip::mask != 0;
    ttl::mask == 0xff;
    l4_dst_port::mask == 0xffff)`;

export type ProgramName = "ternary" | "restricted" | "exact";

/** The serialized P4Info of a program. */
export function programBytes(name: ProgramName): Uint8Array {
  const { EXACT, TERNARY } = p4.config.v1.MatchField.MatchType;
  const annotations = name === "restricted" ? [`@entry_restriction("${restriction}")`] : [];
  return p4.config.v1.P4Info.encode({
    pkgInfo: { arch: "v1model" },
    tables: [
      {
        preamble: { id: tableId, name: "ingress.bench.acl", alias: "acl", annotations },
        matchFields: fields.map(({ name: field, width }, i) => ({
          id: i + 1,
          name: field,
          bitwidth: width,
          matchType: name === "exact" ? EXACT : TERNARY,
        })),
        actionRefs: [{ id: actionId }],
        size: { low: size, high: 0, unsigned: false } as never,
      },
    ],
    actions: [{ preamble: { id: actionId, name: "ingress.bench.trap", alias: "trap" } }],
    controllerPacketMetadata: [
      packetHeader(1, "packet_in", [
        ["ingress_port", 32],
        ["target_egress_port", 32],
      ]),
      packetHeader(2, "packet_out", [
        ["egress_port", 32],
        ["submit_to_ingress", 1],
      ]),
    ],
  }).finish();
}

function packetHeader(number: number, name: string, header: readonly (readonly [string, number])[]) {
  const metadata = header.map(([field, bitwidth], i) => ({ id: i + 1, name: field, bitwidth }));
  return { preamble: { id: 0x0400_0000 + number, name, alias: name }, metadata };
}
