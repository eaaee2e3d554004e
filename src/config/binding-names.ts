/** What `devices[].pipeline` may bind fields and actions of P4Info to. */

/** The key fields of the rule model. A test compares them with the datapath's. */
export const keyFieldNames = [
  "ingress_port",
  "dst_mac",
  "src_mac",
  "ether_type",
  "vlan_pcp",
  "vlan_id",
  "is_ipv4",
  "is_ipv6",
  "is_arp",
  "is_ip",
  "ttl",
  "ip_protocol",
  "dscp",
  "ecn",
  "tcp_flags",
  "l4_src_port",
  "l4_dst_port",
  "icmp_type",
  "icmp_code",
  "icmpv6_type",
  "icmpv6_code",
  "src_ipv4",
  "dst_ipv4",
  "arp_target",
  "src_ipv6",
  "dst_ipv6",
  "src_ipv6_upper",
  "dst_ipv6_upper",
] as const;

/** One of `keyFieldNames`. */
export type KeyFieldName = (typeof keyFieldNames)[number];

/** What the rule model can do with a frame. @see SAI saiacl.h, sai_packet_action_t */
export const packetActions = [
  "SAI_PACKET_ACTION_DROP",
  "SAI_PACKET_ACTION_FORWARD",
  "SAI_PACKET_ACTION_COPY",
  "SAI_PACKET_ACTION_COPY_CANCEL",
  "SAI_PACKET_ACTION_TRAP",
  "SAI_PACKET_ACTION_LOG",
  "SAI_PACKET_ACTION_DENY",
  "SAI_PACKET_ACTION_TRANSIT",
] as const;

/** One of `packetActions`. */
export type PacketAction = (typeof packetActions)[number];
