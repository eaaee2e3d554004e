/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Frames into the ring, as they were on the wire. */
#ifndef P4RTD_PUNT_BPF_H
#define P4RTD_PUNT_BPF_H

#include "classify.bpf.h"
#include "meter.bpf.h"

#define AF_INET 2
#define AF_INET6 10
#define MAC_BYTES 12
#define TAG_BYTES 4

/*
 * The port of the kernel's own route for the frame, NULL if there is none or it is no port of ours. The kernel is told
 * what it looks at itself, so that of several next hops it names the one that the frame's flow has.
 */
static __always_inline struct p4rtd_port *egress_of(struct __sk_buff *skb, struct frame *f)
{
	struct bpf_fib_lookup q = {};
	u32 presence = (u32)f->key[0], oif;
	struct p4rtd_port *port;
	long found;

	if (!(presence & P4RTD_HAS_IP))
		return NULL;
	q.ifindex = skb->ifindex;
	q.l4_protocol = f->key[3] >> 16;
	if (presence & P4RTD_HAS_IPV4) {
		q.family = AF_INET;
		q.tos = f->key[3] >> 8;
		q.ipv4_src = bpf_htonl((u32)(f->key[5] >> 32));
		q.ipv4_dst = bpf_htonl((u32)(f->key[7] >> 32));
	} else {
		q.family = AF_INET6;
		q.flowinfo = f->flowinfo;
		q.ipv6_src[0] = bpf_htonl((u32)f->key[4]);
		q.ipv6_src[1] = bpf_htonl((u32)(f->key[4] >> 32));
		q.ipv6_src[2] = bpf_htonl((u32)f->key[5]);
		q.ipv6_src[3] = bpf_htonl((u32)(f->key[5] >> 32));
		q.ipv6_dst[0] = bpf_htonl((u32)f->key[6]);
		q.ipv6_dst[1] = bpf_htonl((u32)(f->key[6] >> 32));
		q.ipv6_dst[2] = bpf_htonl((u32)f->key[7]);
		q.ipv6_dst[3] = bpf_htonl((u32)(f->key[7] >> 32));
	}
	if (presence & P4RTD_HAS_L4 && !f->fragment) {
		q.sport = bpf_htons((u16)(f->key[3] >> 48));
		q.dport = bpf_htons((u16)(f->key[3] >> 32));
	}
	found = bpf_fib_lookup(skb, &q, sizeof(q), 0);
	/* A frame that is too large for the way is fragmented there, or answered; the way is known all the same. */
	if (found != BPF_FIB_LKUP_RET_SUCCESS && found != BPF_FIB_LKUP_RET_NO_NEIGH &&
	    found != BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return NULL;
	oif = q.ifindex;
	port = bpf_map_lookup_elem(&ports, &oif);
	return port && !(port->flags & (P4RTD_PORT_DOWN | P4RTD_PORT_SEGMENTS)) ? port : NULL;
}

/* Copies `size` bytes of the skb from `from` on; at most `room` are there. The verifier wants 1 <= size <= room. */
static __always_inline bool copy_out(struct __sk_buff *skb, u32 from, u8 *into, u32 size, const u32 room)
{
	u32 n = size - 1;

	opaque(n);
	if (n > room - 1)
		return false;
	opaque(n);
	return bpf_skb_load_bytes(skb, from, into, n + 1) == 0;
}

/* The whole frame into `into`, with the tag that the kernel took off back in its place. */
static __always_inline bool copy_frame(struct __sk_buff *skb, u8 *into, const u32 room)
{
	u32 tci;

	if (!skb->vlan_present)
		return copy_out(skb, 0, into, skb->len, room);
	if (bpf_skb_load_bytes(skb, 0, into, MAC_BYTES))
		return false;
	tci = skb->vlan_tci;
	*(__be16 *)(into + MAC_BYTES) = (u16)skb->vlan_proto;
	*(__be16 *)(into + MAC_BYTES + 2) = bpf_htons((u16)tci);
	return copy_out(skb, MAC_BYTES, into + MAC_BYTES + TAG_BYTES, skb->len - MAC_BYTES,
			room - MAC_BYTES - TAG_BYTES);
}

/* How the record is given to the reader: it is woken only if it sleeps. */
static __always_inline u64 wakeup(struct frame *f)
{
	/* The reader says that it sleeps and then looks whether a record was begun: one of us sees the other. */
	full_fence(f);
	if (!*(volatile u32 *)&control.need_wakeup)
		return BPF_RB_NO_WAKEUP;
	/* One waking is enough, until the reader runs and sleeps again: each is an interrupt to ourselves. */
	*(volatile u32 *)&control.need_wakeup = 0;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline bool offer(struct __sk_buff *skb, struct frame *f, const u32 bytes)
{
	struct p4rtd_punt *p = bpf_ringbuf_reserve(&punted, bytes, 0);

	if (!p)
		return false;
	p->ingress_port = f->port_id;
	p->egress_port = f->egress_port;
	p->rule = f->copy_rule;
	p->length = f->length;
	if (!copy_frame(skb, (u8 *)(p + 1), bytes - sizeof(*p))) {
		bpf_ringbuf_discard(p, BPF_RB_NO_WAKEUP);
		return false;
	}
	bpf_ringbuf_submit(p, wakeup(f));
	return true;
}

static __always_inline bool offer_by_size(struct __sk_buff *skb, struct frame *f)
{
	u32 bytes = f->length + sizeof(struct p4rtd_punt);

	if (bytes <= 128)
		return offer(skb, f, 128);
	if (bytes <= 512)
		return offer(skb, f, 512);
	if (bytes <= 2048)
		return offer(skb, f, 2048);
	return offer(skb, f, 9316);
}

/* True if a frame of this length may be copied to the CPU now. Else `refused` says why not. */
static __always_inline bool may_punt(struct frame *f, enum p4rtd_drop_reason *refused)
{
	*refused = P4RTD_DROP_oversized;
	if (f->length <= P4RTD_MAX_FRAME)
		*refused = police(f, f->copy_queue, f->slot & (P4RTD_MAX_PORTS - 1));
	return *refused == P4RTD_DROP_REASON_COUNT;
}

/* Copies the frame to the CPU. Returns why not, or P4RTD_DROP_REASON_COUNT. */
static __always_inline enum p4rtd_drop_reason punt(struct __sk_buff *skb, struct frame *f)
{
	enum p4rtd_drop_reason refused;
	struct p4rtd_port *egress;

	if (!may_punt(f, &refused))
		return refused;
	egress = egress_of(skb, f);
	f->egress_port = egress ? egress->port_id : 0;
	return offer_by_size(skb, f) ? P4RTD_DROP_REASON_COUNT : P4RTD_DROP_punt_backlog;
}

static __always_inline void count_punted(struct frame *f, struct p4rtd_port_counter *counted)
{
	struct p4rtd_stats *s = stats_of(f);

	if (s)
		s->punted++;
	counted->punted++;
}

#endif
