/** How programs name every key field, and tables made of such fields. */
import { bindPipeline, type BoundTable } from "../../../src/acl/bindings.js";
import { KeyCompiler } from "../../../src/acl/lower.js";
import { defined } from "../../../src/base/invariant.js";
import { layoutRecord, type RecordLayout } from "../../../src/entity/record-layout.js";
import { indexP4Info } from "../../../src/pipeline/index-p4info.js";
import type { MatchKind } from "../../../src/pipeline/pipeline.js";
import type { ReadableField } from "../../support/frame-model.js";
import { matchField, matchType, p4info, table } from "../../support/p4info-spec.js";
import { programOptions } from "../../support/program-options.js";

/** `read`: the field of the frame model it means; `width`: "text" for an `sdn_string` port. */
export interface KeySketch {
  readonly name: string;
  readonly annotations: readonly string[];
  readonly width: number | "text";
  readonly read: ReadableField;
}

const sai = (read: ReadableField, attribute: string, width: number | "text"): KeySketch => ({
  name: `f_${read}_${width}`,
  annotations: [`@sai_field(SAI_ACL_TABLE_ATTR_FIELD_${attribute})`],
  width,
  read,
});
const composite = (read: ReadableField, body: string, width: number): KeySketch => ({
  name: `f_${read}`,
  annotations: [`@composite_field(${body})`],
  width,
  read,
});
const named = (read: ReadableField, name: string, width: number): KeySketch => ({ name, annotations: [], width, read });

/** Every key of the rule model, in the forms that programs use. */
export const keySketches: readonly KeySketch[] = [
  sai("ingress_port", "IN_PORT", "text"),
  sai("ingress_port", "IN_PORT", 32),
  named("ingress_port", "standard_metadata.ingress_port", 9),
  sai("dst_mac", "DST_MAC", 48),
  sai("src_mac", "SRC_MAC", 48),
  sai("ether_type", "ETHER_TYPE", 16),
  sai("vlan_id", "OUTER_VLAN_ID", 12),
  sai("vlan_pcp", "OUTER_VLAN_PRI", 3),
  sai("is_ip", "ACL_IP_TYPE / IP", 1),
  sai("non_ip", "ACL_IP_TYPE / NON_IP", 1),
  sai("is_ipv4", "ACL_IP_TYPE / IPV4ANY", 1),
  sai("non_ipv4", "ACL_IP_TYPE / NON_IPV4", 1),
  sai("is_ipv6", "ACL_IP_TYPE / IPV6ANY", 1),
  sai("non_ipv6", "ACL_IP_TYPE / NON_IPV6", 1),
  sai("is_arp", "ACL_IP_TYPE / ARP", 1),
  sai("src_ipv4", "SRC_IP", 32),
  sai("dst_ipv4", "DST_IP", 32),
  sai("src_ipv6", "SRC_IPV6", 128),
  sai("dst_ipv6", "DST_IPV6", 128),
  composite(
    "src_ipv6_upper",
    "@ sai_field ( SAI_ACL_TABLE_ATTR_FIELD_SRC_IPV6_WORD3 ) , @ sai_field ( SAI_ACL_TABLE_ATTR_FIELD_SRC_IPV6_WORD2 )",
    64,
  ),
  composite(
    "dst_ipv6_upper",
    "@sai_field(SAI_ACL_TABLE_ATTR_FIELD_DST_IPV6_WORD3), @sai_field(SAI_ACL_TABLE_ATTR_FIELD_DST_IPV6_WORD2)",
    64,
  ),
  sai("ip_protocol", "IP_PROTOCOL", 8),
  sai("next_header", "IPV6_NEXT_HEADER", 8),
  sai("ttl", "TTL", 8),
  named("ipv4_ttl", "hdr.ipv4.ttl", 8),
  named("hop_limit", "headers.ipv6.hop_limit", 8),
  sai("dscp", "DSCP", 6),
  sai("ecn", "ECN", 2),
  sai("l4_src_port", "L4_SRC_PORT", 16),
  sai("l4_dst_port", "L4_DST_PORT", 16),
  named("tcp_src_port", "hdr.tcp.src_port", 16),
  sai("tcp_flags", "TCP_FLAGS", 8),
  sai("tcp_flags", "TCP_FLAGS", 6),
  sai("icmp_type", "ICMP_TYPE", 8),
  sai("icmp_code", "ICMP_CODE", 8),
  sai("icmpv6_type", "ICMPV6_TYPE", 8),
  sai("icmpv6_code", "ICMPV6_CODE", 8),
  composite(
    "arp_target",
    "@ sai_udf ( base = SAI_UDF_BASE_L3 , offset = 24 , length = 2 ) , @ sai_udf ( base = SAI_UDF_BASE_L3 , offset = 26 , length = 2 )",
    32,
  ),
];

/** A table of one field per sketch, in order, bound and ready to lower. */
export interface LoweringTable {
  readonly bound: BoundTable;
  readonly layout: RecordLayout;
  readonly compiler: KeyCompiler;
}

/** @throws InvariantError if the table does not bind */
export function loweringTable(fields: readonly (readonly [KeySketch, MatchKind])[]): LoweringTable {
  const bindings = bindFieldsOf(fields);
  const bound = defined(
    [...bindings.byTable.values()][0],
    bindings.unrealised.map(({ reason }) => reason).join("; ") || "the table binds",
  );
  const layout = layoutRecord(bound.table.fields);
  return { bound, layout, compiler: new KeyCompiler(bound, layout) };
}

export function bindFieldsOf(fields: readonly (readonly [KeySketch, MatchKind])[]) {
  const spec = p4info({
    tables: [
      table(0x02000001, "t", {
        matchFields: fields.map(([sketch, kind], i) =>
          matchField(i + 1, sketch.name, {
            annotations: sketch.annotations,
            bitwidth: sketch.width === "text" ? 0 : sketch.width,
            match: matchType[kind],
            typeName: sketch.width === "text" ? "port_id_t" : undefined,
          }),
        ),
      }),
    ],
    newTypes: new Map([["port_id_t", { kind: "translated-string", uri: "" }]]),
  });
  return bindPipeline(indexP4Info(spec), programOptions());
}
