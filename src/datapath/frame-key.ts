/**
 * The one key layout that rules and frames share: 16 words of 32 bits, the same for every mask.
 *
 * | word | bits, most significant first |
 * |---|---|
 * | 0 | presence bits and IP kind (`Presence`) |
 * | 1 | ingress port |
 * | 2, 3, 4 | destination MAC (48), source MAC (48) |
 * | 5 | EtherType after all tags (16), unused 1, outer PCP (3), outer VLAN id (12) |
 * | 6 | TTL or hop limit (8), IP protocol (8), DSCP (6), ECN (2), TCP flags (8) |
 * | 7 | L4 source port (16), destination port (16); or ICMP/ICMPv6 type (8), code (8), unused (16) |
 * | 8 … 11 | IPv6 source; IPv4 source in word 11 |
 * | 12 … 15 | IPv6 destination; IPv4 destination or ARP target address in word 15 |
 *
 * Fields share bits only where their headers exclude each other: a rule that constrains both asks for two
 * presence bits that no frame has together, so it matches nothing, as it should. A rule sets the presence bit of
 * the header of each field it constrains, so that an absent header never equals zero. In a frame's key the bits of
 * absent headers are zero.
 */

/** Words in a key. */
export const keyWords = 16;

/** Bits of word 0. `ip` is `ipv4` or `ipv6`. `l4`, `tcp`, `icmp`, `icmpv6` are absent in later fragments. */
export const Presence = {
  vlan: 1 << 0,
  ipv4: 1 << 1,
  ipv6: 1 << 2,
  arp: 1 << 3,
  ip: 1 << 4,
  /** TCP or UDP ports. */
  l4: 1 << 5,
  tcp: 1 << 6,
  icmp: 1 << 7,
  icmpv6: 1 << 8,
  /** No frame has it: the mark of a rule whose constraints contradict each other. */
  never: 1 << 30,
} as const;

/** Where a key field lies: `width` bits whose least significant is bit `shift` of word `word`, running on into lower words. */
export interface KeyField {
  readonly word: number;
  readonly shift: number;
  readonly width: number;
  /** Presence bits a rule must require when it constrains the field. */
  readonly presence: number;
}

const field = (word: number, shift: number, width: number, presence: number): KeyField => ({
  word,
  shift,
  width,
  presence,
});

/**
 * Every key field of the rule model. `word` is the word of the field's least significant bit; wider fields continue
 * in the words before it.
 */
export const keyFields = {
  ingress_port: field(1, 0, 32, 0),
  dst_mac: field(3, 16, 48, 0),
  src_mac: field(4, 0, 48, 0),
  ether_type: field(5, 16, 16, 0),
  vlan_pcp: field(5, 12, 3, Presence.vlan),
  vlan_id: field(5, 0, 12, Presence.vlan),
  is_ipv4: field(0, 1, 1, 0),
  is_ipv6: field(0, 2, 1, 0),
  is_arp: field(0, 3, 1, 0),
  is_ip: field(0, 4, 1, 0),
  ttl: field(6, 24, 8, Presence.ip),
  ip_protocol: field(6, 16, 8, Presence.ip),
  dscp: field(6, 10, 6, Presence.ip),
  ecn: field(6, 8, 2, Presence.ip),
  tcp_flags: field(6, 0, 8, Presence.tcp),
  l4_src_port: field(7, 16, 16, Presence.l4),
  l4_dst_port: field(7, 0, 16, Presence.l4),
  icmp_type: field(7, 24, 8, Presence.icmp),
  icmp_code: field(7, 16, 8, Presence.icmp),
  icmpv6_type: field(7, 24, 8, Presence.icmpv6),
  icmpv6_code: field(7, 16, 8, Presence.icmpv6),
  src_ipv4: field(11, 0, 32, Presence.ipv4),
  dst_ipv4: field(15, 0, 32, Presence.ipv4),
  arp_target: field(15, 0, 32, Presence.arp),
  src_ipv6: field(11, 0, 128, Presence.ipv6),
  dst_ipv6: field(15, 0, 128, Presence.ipv6),
  src_ipv6_upper: field(9, 0, 64, Presence.ipv6),
  dst_ipv6_upper: field(13, 0, 64, Presence.ipv6),
} as const satisfies Record<string, KeyField>;

export type KeyFieldName = keyof typeof keyFields;

/** Mask of the EtherType within its word: a rule "names an EtherType" if it constrains any of these bits. */
export const etherTypeWord = 5;
export const etherTypeMask = 0xffff0000 | 0;
