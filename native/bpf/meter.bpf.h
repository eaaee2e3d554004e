/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Token buckets: the rules' meters (RFC 2698, RFC 2697, color-blind) and the policers of what is punted. */
#ifndef P4RTD_METER_BPF_H
#define P4RTD_METER_BPF_H

#include "maps.bpf.h"

#define NS_PER_S 1000000000ull

enum colour {
	GREEN,
	YELLOW,
	RED,
};

/* Tokens and billionths of one. */
struct tokens {
	u64 whole;
	u64 rest;
};

/* What `elapsed` ns bring at `rate` tokens a second, and `rest` billionths more; no sum or product overflows. */
static __always_inline struct tokens income(u64 rate, u64 elapsed, u64 rest)
{
	u64 seconds = elapsed / NS_PER_S, ns = elapsed % NS_PER_S;
	u64 part = (rate % NS_PER_S) * ns + rest;
	struct tokens t = { .whole = ~0ull >> 1, .rest = 0 };

	if (seconds == 0 || rate < (1ull << 62) / seconds) {
		t.whole = seconds * rate + (rate / NS_PER_S) * ns + part / NS_PER_S;
		t.rest = part % NS_PER_S;
	}
	return t;
}

/* Adds `t` as far as there is room, and leaves in it what is over. b->rest is part of t->rest already. */
static __always_inline void pour(struct p4rtd_bucket *b, struct tokens *t)
{
	u64 room = b->burst - b->level;

	if (t->whole < room) {
		b->level += t->whole;
		b->rest = t->rest;
		t->whole = 0;
		t->rest = 0;
	} else {
		b->level = b->burst;
		b->rest = 0;
		t->whole -= room;
	}
}

static __always_inline struct tokens fill(struct p4rtd_bucket *b, u64 elapsed)
{
	struct tokens t = income(b->rate, elapsed, b->rest);

	pour(b, &t);
	return t;
}

/* Time since *filled_ns, which becomes `now` unless another CPU was here with a later one. */
static __always_inline u64 advance(u64 *filled_ns, u64 now)
{
	u64 elapsed;

	if (now <= *filled_ns)
		return 0;
	elapsed = now - *filled_ns;
	*filled_ns = now;
	return elapsed;
}

static __always_inline bool take_tokens(struct p4rtd_bucket *b, u64 size)
{
	if (b->level < size)
		return false;
	b->level -= size;
	return true;
}

static __always_inline enum colour mark(struct p4rtd_meter *m, u64 bytes, u64 now)
{
	u64 size = m->flags & P4RTD_METER_BYTES ? bytes : 1;
	enum colour colour = RED;
	struct tokens over;
	u64 elapsed;

	bpf_spin_lock(&m->lock);
	elapsed = advance(&m->filled_ns, now);
	over = fill(&m->committed, elapsed);
	if (m->type == P4RTD_TWO_RATE_THREE_COLOR) {
		fill(&m->other, elapsed);
		if (take_tokens(&m->other, size))
			colour = take_tokens(&m->committed, size) ? GREEN : YELLOW;
	} else {
		over.rest += m->other.rest;
		if (over.rest >= NS_PER_S) {
			over.rest -= NS_PER_S;
			over.whole++;
		}
		pour(&m->other, &over);
		if (take_tokens(&m->committed, size))
			colour = GREEN;
		else if (take_tokens(&m->other, size))
			colour = YELLOW;
	}
	bpf_spin_unlock(&m->lock);
	return colour;
}

/* The colour of a frame in meter `index`; without meter it is green. */
static __always_inline enum colour colour_of(struct frame *f, u32 index)
{
	struct p4rtd_meter *m;

	if (!index)
		return GREEN;
	m = bpf_map_lookup_elem(&meters, &index);
	return m ? mark(m, f->length, now_of(f)) : GREEN;
}

static __always_inline bool take_from(struct frame *f, u32 index)
{
	struct p4rtd_policer *p = bpf_map_lookup_elem(&policers, &index);
	u64 now = now_of(f);
	bool taken;

	if (!p)
		return true;
	bpf_spin_lock(&p->lock);
	fill(&p->bucket, advance(&p->filled_ns, now));
	taken = take_tokens(&p->bucket, 1);
	bpf_spin_unlock(&p->lock);
	return taken;
}

static __always_inline void give_back(u32 index)
{
	struct p4rtd_policer *p = bpf_map_lookup_elem(&policers, &index);

	if (!p)
		return;
	bpf_spin_lock(&p->lock);
	if (p->bucket.level < p->bucket.burst)
		p->bucket.level++;
	bpf_spin_unlock(&p->lock);
}

/*
 * Takes a token of the queue (its number plus 1, 0: none), the port and the device, or of none of them.
 * Only one lock may be held at a time, so tokens already taken are given back.
 * Returns the reason to drop, or P4RTD_DROP_REASON_COUNT.
 */
static __always_inline enum p4rtd_drop_reason police(struct frame *f, u32 queue, u32 slot)
{
	u32 of_queue = P4RTD_FIRST_QUEUE_POLICER + queue - 1, of_port = P4RTD_FIRST_PORT_POLICER + slot;
	enum p4rtd_drop_reason refused = P4RTD_DROP_REASON_COUNT;

	if (queue && !take_from(f, of_queue))
		return P4RTD_DROP_queue_policer;
	if (options.police_ports && !take_from(f, of_port)) {
		refused = P4RTD_DROP_port_policer;
	} else if (options.police_device && !take_from(f, P4RTD_DEVICE_POLICER)) {
		refused = P4RTD_DROP_device_policer;
		if (options.police_ports)
			give_back(of_port);
	}
	if (refused != P4RTD_DROP_REASON_COUNT && queue)
		give_back(of_queue);
	return refused;
}

#endif
