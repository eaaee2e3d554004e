// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The rules of one device, at tc ingress of each of its ports: parse, match every table, count, meter, punt or drop.
 * What no rule takes goes on to the kernel as if this program were not there.
 */
#include "maps.bpf.h"
#include "parse.bpf.h"
#include "classify.bpf.h"
#include "meter.bpf.h"
#include "punt.bpf.h"
#include "segment.bpf.h"

/* TCX_NEXT and TC_ACT_UNSPEC, TCX_DROP and TC_ACT_SHOT: the same for a tcx link and a cls_bpf filter. */
#define GO_ON (-1)
#define STOP 2

#define PACKET_HOST 0

/* Bits of f->fate; src/datapath/soft/verdict.ts says what they are for. */
#define FATE_DROPPED 1u
#define FATE_TRAPPED 2u
#define FATE_COPIED 4u
#define FATE_LOST_COPY 8u
#define FATE_RULED_OUT 16u
#define FATE_CANCELLED 32u

static __always_inline bool copies(u32 verdict)
{
	return verdict == P4RTD_TRAP || verdict == P4RTD_COPY;
}

static __always_inline void apply(struct frame *f, const struct match *m, u32 verdict)
{
	u32 fate = f->fate;
	bool metered = copies(m->action & 0xf) && !copies(verdict) && !(fate & FATE_CANCELLED);

	if (metered)
		fate |= FATE_LOST_COPY;
	if (verdict == P4RTD_DROP || verdict == P4RTD_DENY)
		fate |= metered ? FATE_DROPPED : FATE_DROPPED | FATE_RULED_OUT;
	if (verdict == P4RTD_TRAP)
		fate |= FATE_TRAPPED;
	if (copies(verdict) && !(fate & (FATE_CANCELLED | FATE_COPIED))) {
		fate |= FATE_COPIED;
		f->copy_rule = m->rule;
		f->copy_queue = m->action >> P4RTD_QUEUE_SHIFT;
	}
	if (verdict == P4RTD_DENY || verdict == P4RTD_COPY_CANCEL)
		fate |= FATE_CANCELLED;
	f->fate = fate;
}

/* Counts a frame that the rule's meter marked yellow or red. */
static __always_inline void count_colour(struct frame *f, u32 rule, enum colour colour)
{
	struct p4rtd_colours *c = bpf_map_lookup_elem(&rule_colours, &rule);

	if (!c)
		return;
	__sync_fetch_and_add(colour == RED ? &c->red_packets : &c->yellow_packets, 1);
	__sync_fetch_and_add(colour == RED ? &c->red_bytes : &c->yellow_bytes, f->length);
}

/* Counts and meters the frame in one table's match and adds its verdict. */
static __always_inline void take(struct frame *f, const struct match *m)
{
	u32 at = f->cpu * options.rule_capacity + m->rule;
	struct p4rtd_counter *c = bpf_map_lookup_elem(&rule_counters, &at);
	u32 verdict = m->action;
	enum colour colour;

	if (c) {
		c->packets++;
		c->bytes += f->length;
	}
	colour = colour_of(f, m->meter);
	if (colour != GREEN)
		count_colour(f, m->rule, colour);
	switch (colour) {
	case GREEN:
		break;
	case YELLOW:
		verdict >>= P4RTD_YELLOW_SHIFT;
		break;
	case RED:
		verdict >>= P4RTD_RED_SHIFT;
		break;
	}
	apply(f, m, verdict & 0xf);
}

/* Shows the frame to the rules. False: it was not, and what was counted says why. */
static __always_inline bool match(struct __sk_buff *skb, struct frame *f)
{
	f->fate = 0;
	if (unlikely(!parse_frame(skb, f))) {
		count_drop(f, P4RTD_DROP_unparsable);
		return false;
	}
	if (unlikely(!match_tables(f))) {
		count_drop(f, P4RTD_DROP_unsettled);
		return true;
	}
	for (u32 i = 0; i < P4RTD_MAX_TABLES; i++) {
		if (i >= f->count)
			break;
		take(f, &f->matches[i]);
	}
	if (f->local)
		count_drop(f, P4RTD_DROP_local_address);
	return true;
}

/* Punts if the rules say so. Returns true if the original goes on. */
static __always_inline bool deliver(struct __sk_buff *skb, struct frame *f, struct p4rtd_port_counter *counted)
{
	u32 fate = f->fate;
	bool metered = (fate & (FATE_LOST_COPY | FATE_COPIED)) == FATE_LOST_COPY;
	enum p4rtd_drop_reason refused = P4RTD_DROP_REASON_COUNT;

	if (likely(!fate))
		return true;
	if (metered)
		count_drop(f, P4RTD_DROP_rule_meter);
	if (fate & FATE_COPIED) {
		bool bundle = skb->gso_size;

		refused = bundle ? punt_segments(skb, f) : punt(skb, f);
		if (refused != P4RTD_DROP_REASON_COUNT)
			count_drop(f, refused);
		else if (!bundle)
			count_punted(f, counted);
	}
	if (!(fate & (FATE_DROPPED | FATE_TRAPPED)))
		return true;
	if (!(fate & FATE_DROPPED) && fate & FATE_COPIED) {
		if (refused != P4RTD_DROP_REASON_COUNT)
			counted->dropped++;
		return false;
	}
	counted->dropped++;
	if (!(metered && fate & FATE_DROPPED && !(fate & FATE_RULED_OUT)))
		count_drop(f, P4RTD_DROP_rule);
	return false;
}

static __always_inline int classify(struct __sk_buff *skb, struct frame *f)
{
	u32 at = f->cpu * P4RTD_MAX_PORTS + (f->slot & (P4RTD_MAX_PORTS - 1));
	struct p4rtd_port_counter *counted = bpf_map_lookup_elem(&port_counters, &at);
	struct p4rtd_stats *s = stats_of(f);

	if (!counted || !s)
		return GO_ON;
	if (unlikely(f->port_flags & P4RTD_PORT_DOWN)) {
		s->drops[P4RTD_DROP_ingress_port_down]++;
		counted->dropped++;
		return GO_ON;
	}
	s->classified++;
	counted->in++;
	if (!match(skb, f)) {
		if (!options.unparsable_drop)
			return GO_ON;
		counted->dropped++;
		return STOP;
	}
	return deliver(skb, f, counted) ? GO_ON : STOP;
}

/* Looks for the port in the map. Returns 0 if the netdev is none. */
__noinline int look_up_port(struct frame *f, u32 ifindex, u32 changes)
{
	struct p4rtd_port *port;

	if (!f)
		return 0;
	load_fence(f);
	f->ifindex = 0;
	port = bpf_map_lookup_elem(&ports, &ifindex);
	if (!port)
		return 0;
	f->port_id = port->port_id;
	f->slot = port->slot;
	f->port_flags = port->flags;
	f->ports_changes = changes;
	f->ifindex = ifindex;
	return 1;
}

/* Leaves in `f` the port that the frame came by, often that of this CPU's frame before. False: it came by none. */
static __always_inline bool find_port(struct __sk_buff *skb, struct frame *f)
{
	u32 changes = *(volatile u32 *)&control.ports_changes;

	return likely(f->ifindex == skb->ifindex && f->ports_changes == changes) ||
	       look_up_port(f, skb->ifindex, changes);
}

SEC("tc")
int p4rtd(struct __sk_buff *skb)
{
	struct frame *f = bpf_map_lookup_elem(&frames, &(u32){0});
	int answer;

	if (!f || !find_port(skb, f))
		return GO_ON;
	f->cpu = bpf_get_smp_processor_id();
	f->length = skb->len + (skb->vlan_present ? TAG_BYTES : 0);
	f->now = 0;
	if (unlikely(f->port_flags & P4RTD_PORT_SEGMENTS)) {
		punt_segment(skb, f);
		return STOP;
	}
	answer = classify(skb, f);
	/* What was submitted has whatever destination its sender wrote; the kernel routes only what is for the host. */
	if (answer == GO_ON && f->port_flags & P4RTD_PORT_CPU)
		bpf_skb_change_type(skb, PACKET_HOST);
	return answer;
}

char _license[] SEC("license") = "GPL";
