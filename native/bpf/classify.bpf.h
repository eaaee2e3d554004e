/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The best rule of each table, as of one generation. */
#ifndef P4RTD_CLASSIFY_BPF_H
#define P4RTD_CLASSIFY_BPF_H

#include "maps.bpf.h"

/* Orders this CPU's loads and stores before it and after it. `fetch and add` is a full barrier on every CPU. */
static __always_inline void full_fence(struct frame *f)
{
	u32 old = __sync_fetch_and_add(&f->fence, 1);

	opaque(old);
}

/* Orders loads, where the CPU does not. */
static __always_inline void load_fence(struct frame *f)
{
	barrier();
	if (options.fences)
		full_fence(f);
}

static __always_inline u64 step_now(void)
{
	return *(volatile u64 *)&control.step;
}

static __always_inline void consider(struct frame *f, const struct p4rtd_slot *slot, const struct p4rtd_tuple *tuple)
{
	u64 span = *(const volatile u64 *)&slot->from;
	u32 from = (u32)span, to = span >> 32;

	if (f->generation < from || f->generation >= to)
		return;
	load_fence(f);
	if (slot->priority < f->best.priority ||
	    (slot->priority == f->best.priority && slot->age >= f->best.age))
		return;
	f->best.priority = slot->priority;
	f->best.age = slot->age;
	f->best.takes_local = !(tuple->need & P4RTD_NEEDS_STRANGER);
	f->best.match.rule = slot->rule;
	f->best.match.action = slot->action;
	f->best.match.meter = slot->meter;
}

/* A walk through tuples of the list. */
struct walk {
	struct frame *frame;
	const u8 *tuples;  /* of the list */
	const u64 *filter; /* the list's bitmap */
	u64 first;	   /* where it begins, in bytes from `tuples` */
};

enum seen {
	NOTHING,
	CANDIDATE, /* the filter has the frame's key */
	END,	   /* no later tuple can have a better rule */
};

/* Looks at the tuple `at` bytes behind w->tuples. Its bounds are what the verifier wants: user space keeps them. */
static __always_inline enum seen look(const struct walk *w, u64 at)
{
	const struct frame *f = w->frame;
	const struct p4rtd_tuple *tuple;
	u64 hash, word;

	if (at > options.last_tuple)
		return END;
	tuple = (const struct p4rtd_tuple *)(w->tuples + at);
	if (tuple->best < f->best.priority)
		return END;
	if (tuple->need & f->absent)
		return NOTHING;
	hash = p4rtd_hash_masked(f->key, tuple->mask, tuple->id, tuple->flags);
	at = p4rtd_filter_word(hash, f->filter_shift) & options.filter_mask;
	word = *(const volatile u64 *)(w->filter + at);
	return unlikely(p4rtd_filter_passes(word, hash)) ? CANDIDATE : NOTHING;
}

/* Looks for the frame's key among the rules of that tuple. */
static __always_inline void look_up(const struct walk *w, u64 at)
{
	const struct p4rtd_tuple *tuple = (const struct p4rtd_tuple *)(w->tuples + at);
	struct frame *f = w->frame;
	struct p4rtd_rule_key key;
	struct p4rtd_rule_ref *ref;
	struct p4rtd_cell *cell;

	if (at > options.last_tuple)
		return;
	/* Reads the frame's words again: it is better than to keep them for the few tuples that come here. */
	barrier();
	key.words[0] = f->key[0] & tuple->mask[0];
	key.words[1] = f->key[1] & tuple->mask[1];
	key.words[2] = f->key[2] & tuple->mask[2];
	key.words[3] = f->key[3] & tuple->mask[3];
	key.words[4] = f->key[4] & tuple->mask[4];
	key.words[5] = f->key[5] & tuple->mask[5];
	key.words[6] = f->key[6] & tuple->mask[6];
	key.words[7] = f->key[7] & tuple->mask[7];
	key.tuple = tuple->id;
	key.pad = 0;
	ref = bpf_map_lookup_elem(&rules, &key);
	if (!ref)
		return;
	cell = bpf_map_lookup_elem(&cells, &ref->cell);
	if (!cell)
		return;
	consider(f, &cell->slots[0], tuple);
	consider(f, &cell->slots[1], tuple);
}

/* Walks to `end`; no call in the inner loop, so that all registers are its own. */
static __always_inline void walk_to(const struct walk *w, u64 end)
{
	u64 at = w->first;

	for (;;) {
		enum seen seen = NOTHING;

		for (; at < end; at += sizeof(struct p4rtd_tuple)) {
			opaque(at);
			seen = look(w, at);
			if (seen != NOTHING)
				break;
		}
		if (seen != CANDIDATE)
			return;
		look_up(w, at);
		at += sizeof(struct p4rtd_tuple);
	}
}

/* Changes nothing in `w`: the verifier, which believes that it does, would look at each turn. */
static long visit(u32 i, struct walk *w)
{
	u64 at = w->first + (u64)i * sizeof(struct p4rtd_tuple);
	enum seen seen;

	opaque(at);
	seen = look(w, at);
	if (seen == CANDIDATE)
		look_up(w, at);
	return seen == END;
}

/*
 * Leaves in f->best the best rule of the f->tuples tuples from f->first on. Returns 0.
 *
 * A global function: the verifier looks at it once, apart from the ways that lead to it. Linux 6.1 takes bpf_loop only;
 * a loop as it stands saves the call and the return of each turn.
 */
__noinline int find_best(struct frame *f)
{
	struct walk w = { .frame = f };
	u32 list, half;

	if (!f)
		return 0;
	f->best.priority = -1;
	list = f->list;
	half = f->filter_half;
	w.tuples = bpf_map_lookup_elem(&tuples, &list);
	w.filter = bpf_map_lookup_elem(&filter, &half);
	if (!w.tuples || !w.filter)
		return 0;
	w.first = (u64)f->first * sizeof(struct p4rtd_tuple);
	if (options.plain_loop)
		walk_to(&w, w.first + (u64)f->tuples * sizeof(struct p4rtd_tuple));
	else
		bpf_loop(f->tuples, visit, &w, 0);
	return 0;
}

/* True if the destination, or what ARP asks for, is an address of the box itself. */
static __always_inline bool is_local(struct frame *f)
{
	struct p4rtd_local local = {};
	__be32 *address = (__be32 *)local.address;
	u32 presence = (u32)f->key[0];

	if (!(presence & (P4RTD_HAS_IP | P4RTD_HAS_ARP)))
		return false;
	local.family = 4;
	if (presence & P4RTD_HAS_IPV6) {
		local.family = 6;
		address[0] = bpf_htonl((u32)f->key[6]);
		address[1] = bpf_htonl((u32)(f->key[6] >> 32));
		address[2] = bpf_htonl((u32)f->key[7]);
	}
	address[3] = bpf_htonl((u32)(f->key[7] >> 32));
	return bpf_map_lookup_elem(&locals, &local) != NULL;
}

/* Adds to f->matches what table `t` of the list says, if anything. */
static __always_inline void match_table(struct frame *f, const volatile struct p4rtd_list *list, u32 t)
{
	u32 at;

	f->first = list->table[t].first;
	f->tuples = list->table[t].count;
	f->absent = ~(u32)f->key[0] & ~P4RTD_NEEDS_STRANGER;
	find_best(f);
	if (likely(f->best.priority < 0))
		return;
	if (options.exclude_local && !f->best.takes_local && is_local(f)) {
		f->absent |= P4RTD_NEEDS_STRANGER;
		find_best(f);
		if (f->best.priority < 0) {
			f->local = 1;
			return;
		}
	}
	at = f->count;
	if (at >= P4RTD_MAX_TABLES)
		return;
	opaque(at);
	f->matches[at & (P4RTD_MAX_TABLES - 1)] = f->best.match;
	f->count = at + 1;
}

/*
 * Leaves in f->matches what each table says to the frame, as of one generation.
 * Returns 1, or 0 if the generation changed in each try: then nothing may be done by `matches`.
 */
static __always_inline bool match_tables(struct frame *f)
{
	u64 step;

	for (u32 try = 0; try < P4RTD_TRIES; try++) {
		const volatile struct p4rtd_list *list;
		u32 tables;

		step = step_now();
		load_fence(f);
		f->generation = (u32)step;
		f->list = step >> 32;
		list = &lists[f->list & 1];
		f->filter_half = list->filter_half;
		f->filter_shift = list->filter_shift;
		f->count = 0;
		f->local = 0;
		tables = list->tables;
		for (u32 t = 0; t < P4RTD_MAX_TABLES; t++) {
			if (t >= tables)
				break;
			match_table(f, list, t);
		}
		load_fence(f);
		if (likely(step_now() == step))
			return true;
	}
	return false;
}

#endif
