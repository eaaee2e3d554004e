/** Which key field of the rule model a match field of the program means. */
import { keyFields, Presence, type KeyFieldName } from "../datapath/frame-key.js";
import { annotationArguments, annotationBodies, parseAnnotation } from "../pipeline/annotation.js";
import type { MatchField, MatchKind, Table } from "../pipeline/pipeline.js";

/** Where a binding came from, for the operator. */
export type BindingSource = "annotation" | "configuration" | "well-known name";

/** `inverted`: the program's 1 means that the key bit is 0. `presence`: bits required beside the key field's own. */
export interface KeyBinding {
  readonly key: KeyFieldName;
  readonly inverted: boolean;
  readonly presence: number;
  readonly source: BindingSource;
}

type Target = Omit<KeyBinding, "source">;
const plain = (key: KeyFieldName): Target => ({ key, inverted: false, presence: 0 });
/** Maps, for the names looked up come from the wire: `constructor` is none of ours. */
const targets = (rows: Readonly<Record<string, Target>>): ReadonlyMap<string, Target> => new Map(Object.entries(rows));
const not = (key: KeyFieldName): Target => ({ key, inverted: true, presence: 0 });

/** SAI ACL table attributes without their prefix. @see SAI saiacl.h, sai_acl_table_attr_t */
const saiFields = targets({
  IN_PORT: plain("ingress_port"),
  DST_MAC: plain("dst_mac"),
  SRC_MAC: plain("src_mac"),
  ETHER_TYPE: plain("ether_type"),
  OUTER_VLAN_ID: plain("vlan_id"),
  OUTER_VLAN_PRI: plain("vlan_pcp"),
  "ACL_IP_TYPE/IP": plain("is_ip"),
  "ACL_IP_TYPE/NON_IP": not("is_ip"),
  "ACL_IP_TYPE/IPV4ANY": plain("is_ipv4"),
  "ACL_IP_TYPE/NON_IPV4": not("is_ipv4"),
  "ACL_IP_TYPE/IPV6ANY": plain("is_ipv6"),
  "ACL_IP_TYPE/NON_IPV6": not("is_ipv6"),
  "ACL_IP_TYPE/ARP": plain("is_arp"),
  SRC_IP: plain("src_ipv4"),
  DST_IP: plain("dst_ipv4"),
  SRC_IPV6: plain("src_ipv6"),
  DST_IPV6: plain("dst_ipv6"),
  IP_PROTOCOL: plain("ip_protocol"),
  IPV6_NEXT_HEADER: { key: "ip_protocol", inverted: false, presence: Presence.ipv6 },
  TTL: plain("ttl"),
  DSCP: plain("dscp"),
  ECN: plain("ecn"),
  L4_SRC_PORT: plain("l4_src_port"),
  L4_DST_PORT: plain("l4_dst_port"),
  TCP_FLAGS: plain("tcp_flags"),
  ICMP_TYPE: plain("icmp_type"),
  ICMP_CODE: plain("icmp_code"),
  ICMPV6_TYPE: plain("icmpv6_type"),
  ICMPV6_CODE: plain("icmpv6_code"),
});

/** Composite fields, by the canonical form of their parts. WORD3 holds the upper 32 bits of an IPv6 address. */
const composites = targets({
  "SRC_IPV6_WORD3,SRC_IPV6_WORD2": plain("src_ipv6_upper"),
  "DST_IPV6_WORD3,DST_IPV6_WORD2": plain("dst_ipv6_upper"),
  "udf(L3,24,2),udf(L3,26,2)": plain("arp_target"),
});

/** Names programs use, compared without `hdr.`/`headers.` and case. */
const wellKnown = targets({
  in_port: plain("ingress_port"),
  ingress_port: plain("ingress_port"),
  "standard_metadata.ingress_port": plain("ingress_port"),
  "istd.ingress_port": plain("ingress_port"),
  dst_mac: plain("dst_mac"),
  "ethernet.dst_addr": plain("dst_mac"),
  "ethernet.dstaddr": plain("dst_mac"),
  src_mac: plain("src_mac"),
  "ethernet.src_addr": plain("src_mac"),
  "ethernet.srcaddr": plain("src_mac"),
  ether_type: plain("ether_type"),
  "ethernet.ether_type": plain("ether_type"),
  "ethernet.ethertype": plain("ether_type"),
  outer_vlan_id: plain("vlan_id"),
  vlan_id: plain("vlan_id"),
  "vlan.vlan_id": plain("vlan_id"),
  vlan_pcp: plain("vlan_pcp"),
  is_ip: plain("is_ip"),
  is_ipv4: plain("is_ipv4"),
  "ipv4.isvalid()": plain("is_ipv4"),
  is_ipv6: plain("is_ipv6"),
  "ipv6.isvalid()": plain("is_ipv6"),
  is_arp: plain("is_arp"),
  "arp.isvalid()": plain("is_arp"),
  src_ip: plain("src_ipv4"),
  src_ipv4: plain("src_ipv4"),
  "ipv4.src_addr": plain("src_ipv4"),
  "ipv4.srcaddr": plain("src_ipv4"),
  dst_ip: plain("dst_ipv4"),
  dst_ipv4: plain("dst_ipv4"),
  "ipv4.dst_addr": plain("dst_ipv4"),
  "ipv4.dstaddr": plain("dst_ipv4"),
  src_ipv6: plain("src_ipv6"),
  "ipv6.src_addr": plain("src_ipv6"),
  "ipv6.srcaddr": plain("src_ipv6"),
  dst_ipv6: plain("dst_ipv6"),
  "ipv6.dst_addr": plain("dst_ipv6"),
  "ipv6.dstaddr": plain("dst_ipv6"),
  ttl: plain("ttl"),
  "ipv4.ttl": { key: "ttl", inverted: false, presence: Presence.ipv4 },
  "ipv6.hop_limit": { key: "ttl", inverted: false, presence: Presence.ipv6 },
  ip_protocol: plain("ip_protocol"),
  "ipv4.protocol": { key: "ip_protocol", inverted: false, presence: Presence.ipv4 },
  "ipv6.next_header": { key: "ip_protocol", inverted: false, presence: Presence.ipv6 },
  dscp: plain("dscp"),
  "ipv4.dscp": { key: "dscp", inverted: false, presence: Presence.ipv4 },
  ecn: plain("ecn"),
  "ipv4.ecn": { key: "ecn", inverted: false, presence: Presence.ipv4 },
  l4_src_port: plain("l4_src_port"),
  "tcp.src_port": { key: "l4_src_port", inverted: false, presence: Presence.tcp },
  l4_dst_port: plain("l4_dst_port"),
  "tcp.dst_port": { key: "l4_dst_port", inverted: false, presence: Presence.tcp },
  tcp_flags: plain("tcp_flags"),
  icmp_type: plain("icmp_type"),
  icmp_code: plain("icmp_code"),
  icmpv6_type: plain("icmpv6_type"),
  icmpv6_code: plain("icmpv6_code"),
  arp_tpa: plain("arp_target"),
  "arp.target_proto_addr": plain("arp_target"),
});

const saiPrefix = "SAI_ACL_TABLE_ATTR_FIELD_";
const squeeze = (text: string) => text.replace(/\s+/g, "");
const saiName = (body: string) => {
  const name = squeeze(body);
  return name.startsWith(saiPrefix) ? name.slice(saiPrefix.length) : name;
};

/** One part of a composite, in the form the table above uses. */
function partName(text: string): string {
  const part = parseAnnotation(text);
  if (part?.name === "sai_field") return saiName(part.body ?? "");
  if (part?.name !== "sai_udf") return squeeze(text);
  const args = new Map(
    annotationArguments(part.body ?? "").map((arg) => {
      const [key = "", value = ""] = squeeze(arg).split("=");
      return [key, value.replace("SAI_UDF_BASE_", "")];
    }),
  );
  return `udf(${args.get("base") ?? ""},${args.get("offset") ?? ""},${args.get("length") ?? ""})`;
}

/** The binding of `field`, or the reason why there is none. */
export function bindKey(
  table: Table,
  field: MatchField,
  configured: ReadonlyMap<string, KeyFieldName>,
): KeyBinding | { readonly reason: string } {
  for (const body of annotationBodies(field.annotations, "sai_field")) {
    const target = saiFields.get(saiName(body));
    return target === undefined
      ? { reason: `@sai_field(${squeeze(body)}) is no key of the rule model` }
      : { ...target, source: "annotation" };
  }
  for (const body of annotationBodies(field.annotations, "composite_field")) {
    const target = composites.get(annotationArguments(body).map(partName).join(","));
    return target === undefined
      ? { reason: `@composite_field(${body.trim()}) is no key of the rule model` }
      : { ...target, source: "annotation" };
  }
  for (const body of annotationBodies(field.annotations, "sai_udf"))
    return {
      reason: `@sai_udf(${squeeze(body)}) is no key of the rule model; the ARP target address needs both halves in one @composite_field`,
    };
  for (const name of [`${table.alias}.${field.name}`, `${table.name}.${field.name}`]) {
    const key = configured.get(name);
    if (key !== undefined) return { ...plain(key), source: "configuration" };
  }
  const target = wellKnown.get(field.name.toLowerCase().replace(/^(hdr|headers)\./, ""));
  if (target !== undefined) return { ...target, source: "well-known name" };
  return {
    reason: "no binding",
  };
}

/** Keys a narrower field can match: few ports need few bits, and programs know the six or eight lower TCP flags. */
const narrowable: ReadonlySet<KeyFieldName> = new Set(["ingress_port", "tcp_flags"]);

const prefixable: readonly MatchKind[] = ["exact", "lpm", "ternary", "optional"];
const rangeable: readonly MatchKind[] = [...prefixable, "range"];

/** Kinds of match that a field bound to `key` may have: a RANGE becomes prefix rules on L4 ports only. */
export function matchKindsOf(key: KeyFieldName): readonly MatchKind[] {
  return key === "l4_src_port" || key === "l4_dst_port" ? rangeable : prefixable;
}

/** Why a field of this kind and width cannot be matched by `binding`, or undefined if it can. */
export function bindingMismatch(field: MatchField, binding: KeyBinding): string | undefined {
  const key = keyFields[binding.key];
  if (field.format.kind === "sdn-string")
    return field.format.port && binding.key === "ingress_port"
      ? undefined
      : `a value of sdn_string type has no bits to match as ${binding.key}`;
  const { width } = field.format;
  if (width > key.width || (width < key.width && !narrowable.has(binding.key)))
    return `bit<${width}> cannot match ${binding.key}, which is bit<${key.width}>`;
  if (!matchKindsOf(binding.key).includes(field.kind))
    return `RANGE is only possible on L4 ports, not on ${binding.key}`;
  return undefined;
}
