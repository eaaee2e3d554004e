/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Frames into keys. The rules are those of src/datapath/soft/parser.ts; its comment says what is unparsable. */
#ifndef P4RTD_PARSE_BPF_H
#define P4RTD_PARSE_BPF_H

#include "maps.bpf.h"

#define ETHERNET_BYTES 14
#define PLAIN_IPV4_BYTES 54 /* with a TCP header; of a UDP frame the padding or the first bytes of what it carries */
#define PLAIN_IPV6_BYTES 74
#define MAX_TAGS 8
#define MAX_EXTENSIONS 8

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_PROVIDER 0x88a8
#define ETHERTYPE_QINQ 0x9100

#define PROTOCOL_HOP_BY_HOP 0
#define PROTOCOL_ICMP 1
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ROUTING 43
#define PROTOCOL_FRAGMENT 44
#define PROTOCOL_AUTHENTICATION 51
#define PROTOCOL_ICMPV6 58
#define PROTOCOL_DESTINATION 60

/* Headers lie at any address; the verifier allows that where the CPU does. */
static __always_inline u32 be16(const u8 *b)
{
	return bpf_ntohs(*(const __be16 *)b);
}

static __always_inline u32 be32(const u8 *b)
{
	return bpf_ntohl(*(const __be32 *)b);
}

/* Two words of the key: the even one is the low half. */
static __always_inline u64 words(u32 even, u32 odd)
{
	return (u64)odd << 32 | even;
}

static __always_inline bool is_tag(u32 type)
{
	return type == ETHERTYPE_VLAN || type == ETHERTYPE_PROVIDER || type == ETHERTYPE_QINQ;
}

/* PCP and VLAN id side by side, without DEI between them. */
static __always_inline u32 tag_bits(u32 tci)
{
	return (tci >> 13) << 12 | (tci & 0xfff);
}

static __always_inline void load_head(struct __sk_buff *skb, struct frame *f)
{
	u32 n = skb->len - 1;

	opaque(n);
	if (n > HEAD_BYTES - 1)
		n = HEAD_BYTES - 1;
	opaque(n);
	n &= HEAD_BYTES - 1;
	f->head_bytes = bpf_skb_load_bytes(skb, 0, f->head, n + 1) == 0 ? n + 1 : 0;
}

/* The `size` bytes at f->at, HEADER_BYTES at most; NULL if the frame ends before. Good until the next call. */
static __always_inline const u8 *peek(struct __sk_buff *skb, struct frame *f, const u32 size)
{
	u32 at = f->at;

	if (at + size <= f->head_bytes && at <= HEAD_BYTES - HEADER_BYTES) {
		opaque(at);
		if (at <= HEAD_BYTES - HEADER_BYTES)
			return f->head + at;
	}
	return bpf_skb_load_bytes(skb, f->at, f->beyond, size) == 0 ? f->beyond : NULL;
}

/* Words 0, 6 and 7 are gathered apart, as several headers add to them. */
struct gathered {
	u32 presence;
	u32 word6;
	u32 word7;
};

static __always_inline void parse_transport(struct __sk_buff *skb, struct frame *f, u32 protocol, struct gathered *g)
{
	const u8 *h;

	if (protocol == PROTOCOL_TCP) {
		h = peek(skb, f, 20);
		if (!h)
			return;
		g->presence |= P4RTD_HAS_L4 | P4RTD_HAS_TCP;
		g->word6 |= h[13];
		g->word7 = be32(h);
	} else if (protocol == PROTOCOL_UDP) {
		h = peek(skb, f, 8);
		if (!h)
			return;
		g->presence |= P4RTD_HAS_L4;
		g->word7 = be32(h);
	} else if ((protocol == PROTOCOL_ICMP && g->presence & P4RTD_HAS_IPV4) ||
		   (protocol == PROTOCOL_ICMPV6 && g->presence & P4RTD_HAS_IPV6)) {
		h = peek(skb, f, 4);
		if (!h)
			return;
		g->presence |= protocol == PROTOCOL_ICMP ? P4RTD_HAS_ICMP : P4RTD_HAS_ICMPV6;
		g->word7 = be16(h) << 16;
	}
}

/* RFC 791 */
static __always_inline bool parse_ipv4(struct __sk_buff *skb, struct frame *f, struct gathered *g)
{
	const u8 *h = peek(skb, f, 20);
	u32 header_bytes, protocol;

	if (!h)
		return false;
	header_bytes = (h[0] & 0xf) * 4;
	if (h[0] >> 4 != 4 || header_bytes < 20 || f->at + header_bytes > skb->len)
		return false;
	g->presence = P4RTD_HAS_IP | P4RTD_HAS_IPV4;
	g->word6 = (u32)h[8] << 24 | (u32)h[9] << 16 | (u32)h[1] << 8;
	f->key[5] = words(0, be32(h + 12));
	f->key[7] = words(0, be32(h + 16));
	f->fragment = be16(h + 6) & 0x3fff;
	if (f->fragment & 0x1fff)
		return true; /* a later one */
	protocol = h[9];
	f->at += header_bytes;
	parse_transport(skb, f, protocol, g);
	return true;
}

static __always_inline bool is_extension(u32 protocol)
{
	return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING || protocol == PROTOCOL_FRAGMENT ||
	       protocol == PROTOCOL_AUTHENTICATION || protocol == PROTOCOL_DESTINATION;
}

/* RFC 4302 section 2.2 for the length of an authentication header. */
static __always_inline u32 extension_bytes(u32 protocol, u32 length)
{
	if (protocol == PROTOCOL_FRAGMENT)
		return 8;
	return protocol == PROTOCOL_AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8;
}

/* RFC 8200 sections 3 and 4 */
static __always_inline bool parse_ipv6(struct __sk_buff *skb, struct frame *f, struct gathered *g)
{
	const u8 *h = peek(skb, f, 40);
	u32 protocol;
	bool later_fragment = false;

	if (!h || h[0] >> 4 != 6)
		return false;
	g->presence = P4RTD_HAS_IP | P4RTD_HAS_IPV6;
	f->flowinfo = bpf_htonl(be32(h) & 0x0fffffff);
	f->key[4] = words(be32(h + 8), be32(h + 12));
	f->key[5] = words(be32(h + 16), be32(h + 20));
	f->key[6] = words(be32(h + 24), be32(h + 28));
	f->key[7] = words(be32(h + 32), be32(h + 36));
	g->word6 = (u32)h[7] << 24 | (be16(h) >> 4 & 0xff) << 8;
	protocol = h[6];
	f->at += 40;
	for (u32 i = 0; i < MAX_EXTENSIONS && !later_fragment && is_extension(protocol); i++) {
		const u8 *x = peek(skb, f, 8);
		u32 header_bytes;

		if (!x)
			break;
		header_bytes = extension_bytes(protocol, x[1]);
		if (f->at + header_bytes > skb->len)
			break;
		if (protocol == PROTOCOL_FRAGMENT)
			f->fragment = 1;
		later_fragment = protocol == PROTOCOL_FRAGMENT && be16(x + 2) & 0xfff8;
		protocol = x[0];
		f->at += header_bytes;
	}
	g->word6 |= protocol << 16;
	if (!later_fragment)
		parse_transport(skb, f, protocol, g);
	return true;
}

/* RFC 826 */
static __always_inline bool parse_arp(struct __sk_buff *skb, struct frame *f, struct gathered *g)
{
	const u8 *h = peek(skb, f, 28);

	if (!h)
		return false;
	if (be32(h) != (1 << 16 | ETHERTYPE_IPV4) || be16(h + 4) != 0x0604)
		return false;
	g->presence = P4RTD_HAS_ARP;
	f->key[7] = words(0, be32(h + 24));
	return true;
}

/*
 * Makes f->key of any frame, reading copies of its headers; 0 if it is unparsable. The tag that the kernel took off is
 * the first. A global function: the verifier looks at it once.
 */
__noinline int parse_any(struct __sk_buff *skb, struct frame *f)
{
	struct gathered g = {};
	u32 tags = 0, tag = 0, type;

	if (!f)
		return 0;
	for (u32 i = 0; i < P4RTD_KEY_WORDS; i++)
		f->key[i] = 0;
	f->at = 0;
	f->fragment = 0;
	load_head(skb, f);
	if (f->head_bytes < ETHERNET_BYTES)
		return false;
	f->at = ETHERNET_BYTES;
	type = be16(f->head + 12);
	if (skb->vlan_present) {
		tags = 1;
		tag = tag_bits(skb->vlan_tci);
	}
	for (u32 i = 0; i < MAX_TAGS && tags < MAX_TAGS && is_tag(type); i++) {
		const u8 *t = peek(skb, f, 4);

		if (!t)
			return false;
		if (tags++ == 0)
			tag = tag_bits(be16(t));
		type = be16(t + 2);
		f->at += 4;
	}
	if (type == ETHERTYPE_IPV4) {
		if (!parse_ipv4(skb, f, &g))
			return false;
	} else if (type == ETHERTYPE_IPV6) {
		if (!parse_ipv6(skb, f, &g))
			return false;
	} else if (type == ETHERTYPE_ARP) {
		if (!parse_arp(skb, f, &g))
			return false;
	}
	if (tags)
		g.presence |= P4RTD_HAS_VLAN;
	f->key[0] = words(g.presence, f->port_id);
	f->key[1] = words(be32(f->head), be32(f->head + 4));
	f->key[2] = words(be32(f->head + 8), type << 16 | tag);
	f->key[3] = words(g.word6, g.word7);
	return 1;
}

/*
 * Makes f->key of a plain frame: IPv4 without options or IPv6 without extensions, no fragment, with TCP or
 * UDP, its tag taken off by the kernel, its headers in one piece at the skb's start, where they are read. False: it is
 * none.
 */
static __always_inline bool parse_plain(struct __sk_buff *skb, struct frame *f)
{
	const u8 *e = (const u8 *)(long)skb->data, *end = (const u8 *)(long)skb->data_end;
	const u8 *ip = e + ETHERNET_BYTES, *l4;
	u32 presence, word6, tag = 0, type, protocol;

	if (e + PLAIN_IPV4_BYTES > end)
		return false;
	type = be16(e + 12);
	if (type == ETHERTYPE_IPV4) {
		if (ip[0] != 0x45 || be16(ip + 6) & 0x3fff)
			return false;
		presence = P4RTD_HAS_IP | P4RTD_HAS_IPV4 | P4RTD_HAS_L4;
		protocol = ip[9];
		word6 = (u32)ip[8] << 24 | protocol << 16 | (u32)ip[1] << 8;
		f->key[4] = 0;
		f->key[5] = words(0, be32(ip + 12));
		f->key[6] = 0;
		f->key[7] = words(0, be32(ip + 16));
		l4 = ip + 20;
	} else if (type == ETHERTYPE_IPV6) {
		if (e + PLAIN_IPV6_BYTES > end || ip[0] >> 4 != 6)
			return false;
		presence = P4RTD_HAS_IP | P4RTD_HAS_IPV6 | P4RTD_HAS_L4;
		protocol = ip[6];
		word6 = (u32)ip[7] << 24 | protocol << 16 | (be16(ip) >> 4 & 0xff) << 8;
		f->flowinfo = bpf_htonl(be32(ip) & 0x0fffffff);
		f->key[4] = words(be32(ip + 8), be32(ip + 12));
		f->key[5] = words(be32(ip + 16), be32(ip + 20));
		f->key[6] = words(be32(ip + 24), be32(ip + 28));
		f->key[7] = words(be32(ip + 32), be32(ip + 36));
		l4 = ip + 40;
	} else {
		return false;
	}
	if (protocol == PROTOCOL_TCP) {
		presence |= P4RTD_HAS_TCP;
		word6 |= l4[13];
	} else if (protocol != PROTOCOL_UDP) {
		return false;
	}
	if (skb->vlan_present) {
		presence |= P4RTD_HAS_VLAN;
		tag = tag_bits(skb->vlan_tci);
	}
	f->fragment = 0;
	f->key[0] = words(presence, f->port_id);
	f->key[1] = words(be32(e), be32(e + 4));
	f->key[2] = words(be32(e + 8), type << 16 | tag);
	f->key[3] = words(word6, be32(l4));
	return true;
}

/* Makes f->key; false if the frame is unparsable. */
static __always_inline bool parse_frame(struct __sk_buff *skb, struct frame *f)
{
	return likely(parse_plain(skb, f)) || parse_any(skb, f);
}

#endif
