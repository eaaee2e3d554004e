/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Bundles of segments (GSO): what a local sender or a card that joins frames (GRO) hands over in one piece. A copy is sent
 * through a pair of netdevs that can do nothing but whole frames, so that the kernel cuts it up and finishes what was
 * left to a card, and what comes out at the far end is punted as if it had come by the port.
 */
#ifndef P4RTD_SEGMENT_BPF_H
#define P4RTD_SEGMENT_BPF_H

#include "punt.bpf.h"

#define QUEUE_SHIFT P4RTD_MARK_SLOT_BITS
#define EGRESS_SHIFT (QUEUE_SHIFT + P4RTD_MARK_QUEUE_BITS)
#define OURS_SHIFT (EGRESS_SHIFT + P4RTD_MARK_EGRESS_BITS)
#define FIELD(mark, shift, bits) ((mark) >> (shift) & ((1u << (bits)) - 1))

_Static_assert(P4RTD_MAX_PORTS <= 1u << P4RTD_MARK_SLOT_BITS, "a slot fits");
_Static_assert(P4RTD_MAX_QUEUES < 1u << P4RTD_MARK_QUEUE_BITS, "a queue and none fit");
_Static_assert(P4RTD_MAX_PORTS < 1u << P4RTD_MARK_EGRESS_BITS, "a slot and none fit");
_Static_assert(P4RTD_MARK_OURS << OURS_SHIFT >> OURS_SHIFT == P4RTD_MARK_OURS, "all fit");

static __always_inline u32 mark_of(struct frame *f, const struct p4rtd_port *egress)
{
	u32 egress_slot = egress ? egress->slot + 1 : 0;

	return P4RTD_MARK_OURS << OURS_SHIFT | egress_slot << EGRESS_SHIFT | f->copy_queue << QUEUE_SHIFT | f->slot;
}

/*
 * Sends a copy of a bundle to be cut up. Returns why not, or P4RTD_DROP_REASON_COUNT: its segments will come.
 * The mark, which is the only thing that stays with a frame on its way, is lent for the copy.
 */
static __always_inline enum p4rtd_drop_reason punt_segments(struct __sk_buff *skb, struct frame *f)
{
	u32 segmenter = *(volatile u32 *)&control.segmenter;
	u32 mark = skb->mark;
	long sent;

	/* A virtual machine may ask for segments of one byte; gso_segs is what it says, or nothing. */
	if (!segmenter || skb->len > (u64)P4RTD_MAX_SEGMENTS * skb->gso_size)
		return P4RTD_DROP_unsegmented;
	skb->mark = mark_of(f, egress_of(skb, f));
	sent = bpf_clone_redirect(skb, segmenter, 0);
	skb->mark = mark;
	/* Segments for which the backlog between the ends has no room are counted by the kernel, as drops of the near end. */
	return sent < 0 ? P4RTD_DROP_unsegmented : P4RTD_DROP_REASON_COUNT;
}

static __always_inline u32 port_id_of(u32 slot)
{
	u32 *id = bpf_map_lookup_elem(&slots, &slot);

	return id ? *id : 0;
}

/*
 * What came out of the far end: punted for the port that its bundle came by. Returns 0. A global function, so that its
 * code is not in the way of all other frames.
 */
__noinline int punt_segment(struct __sk_buff *skb, struct frame *f)
{
	u32 mark = skb->mark, egress = FIELD(mark, EGRESS_SHIFT, P4RTD_MARK_EGRESS_BITS), at;
	struct p4rtd_port_counter *counted;
	enum p4rtd_drop_reason refused;

	if (!f)
		return 0;
	/* The next frame's port is another one. */
	f->ifindex = 0;
	if (mark >> OURS_SHIFT != P4RTD_MARK_OURS)
		return 0;
	f->slot = FIELD(mark, 0, P4RTD_MARK_SLOT_BITS);
	f->copy_queue = FIELD(mark, QUEUE_SHIFT, P4RTD_MARK_QUEUE_BITS);
	f->copy_rule = P4RTD_NO_RULE;
	f->port_id = port_id_of(f->slot);
	f->egress_port = egress ? port_id_of(egress - 1) : 0;
	at = f->cpu * P4RTD_MAX_PORTS + f->slot;
	counted = bpf_map_lookup_elem(&port_counters, &at);
	if (!counted)
		return 0;
	if (may_punt(f, &refused)) {
		if (offer_by_size(skb, f)) {
			count_punted(f, counted);
			return 0;
		}
		refused = P4RTD_DROP_punt_backlog;
	}
	count_drop(f, refused);
	return 0;
}

#endif
