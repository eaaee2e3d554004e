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

static __always_inline bool step_of(u64 *step)
{
	struct p4rtd_control *c = bpf_map_lookup_elem(&control, &(u32){0});

	if (!c)
		return false;
	*step = *(volatile u64 *)&c->step;
	return true;
}

static __always_inline void consider(struct frame *f, const struct p4rtd_slot *slot, u32 flags)
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
	f->best.names_ethertype = flags & P4RTD_TUPLE_NAMES_ETHERTYPE;
	f->best.match.rule = slot->rule;
	f->best.match.action = slot->action;
	f->best.match.meter = slot->meter;
}

/* Looks into tuple `i` of the table; 1 ends the walk. */
static __always_inline long look(struct frame *f, u32 i)
{
	struct p4rtd_rule_key key;
	struct p4rtd_rule_ref *ref;
	struct p4rtd_tuple *tuple;
	struct p4rtd_cell *cell;
	u64 hash, bits, *word;
	u32 at = f->first + i, shift;

	tuple = bpf_map_lookup_elem(&tuples, &at);
	if (!tuple || tuple->best < f->best.priority)
		return 1;
	if (tuple->need & f->absent || (f->naming_only && !(tuple->flags & P4RTD_TUPLE_NAMES_ETHERTYPE)))
		return 0;
	hash = p4rtd_hash_masked(f->key, tuple->mask, tuple->id, tuple->flags);
	shift = f->filter_shift & 63;
	at = f->filter_first + (u32)p4rtd_filter_word(hash, shift);
	word = bpf_map_lookup_elem(&filter, &at);
	bits = p4rtd_filter_bits(hash, shift);
	if (!word || (*(volatile u64 *)word & bits) != bits)
		return 0;
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
		return 0;
	cell = bpf_map_lookup_elem(&cells, &ref->cell);
	if (!cell)
		return 0;
	consider(f, &cell->slots[0], tuple->flags);
	consider(f, &cell->slots[1], tuple->flags);
	return 0;
}

struct walk {
	struct frame *frame;
};

static long visit(u32 i, struct walk *walk)
{
	return look(walk->frame, i);
}

/*
 * Leaves in f->best the best rule of table `t` of list f->list. Returns 0.
 *
 * A global function, as are match_table and match_tables: the verifier looks at it once, apart from the ways that lead
 * to it. Linux 6.1 takes bpf_loop only; a loop as it stands saves the call and the return of each turn.
 */
__noinline int find_best(u32 t, u32 naming_only)
{
	struct frame *f = bpf_map_lookup_elem(&frames, &(u32){0});
	struct p4rtd_list *list;
	u32 count;

	if (!f || t >= P4RTD_MAX_TABLES)
		return 0;
	list = bpf_map_lookup_elem(&lists, &f->list);
	if (!list)
		return 0;
	count = list->table[t].count;
	f->best.priority = -1;
	f->naming_only = naming_only;
	f->first = f->list * options.max_tuples + list->table[t].first;
	if (options.plain_loop) {
		for (u32 i = 0; i < P4RTD_PLAIN_TUPLES; i++)
			if (i >= count || look(f, i))
				break;
	} else {
		struct walk walk = { .frame = f };

		bpf_loop(count, visit, &walk, 0);
	}
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

/* Adds to f->matches what table `t` of list f->list says, if anything. Returns 0. */
__noinline int match_table(u32 t)
{
	struct frame *f = bpf_map_lookup_elem(&frames, &(u32){0});
	u32 at;

	if (!f)
		return 0;
	find_best(t, 0);
	if (f->best.priority < 0)
		return 0;
	if (options.exclude_local && !f->best.names_ethertype && is_local(f)) {
		find_best(t, 1);
		if (f->best.priority < 0) {
			f->local = 1;
			return 0;
		}
	}
	at = f->count;
	if (at >= P4RTD_MAX_TABLES)
		return 0;
	opaque(at);
	f->matches[at & (P4RTD_MAX_TABLES - 1)] = f->best.match;
	f->count = at + 1;
	return 0;
}

/*
 * Leaves in f->matches what each table says to the frame, as of one generation.
 * Returns 1, or 0 if the generation changed in each try: then nothing may be done by `matches`.
 */
__noinline int match_tables(void)
{
	struct frame *f = bpf_map_lookup_elem(&frames, &(u32){0});
	u64 step, again;

	if (!f)
		return 0;
	f->absent = ~(u32)f->key[0];
	for (u32 try = 0; try < P4RTD_TRIES; try++) {
		struct p4rtd_list *list;
		u32 tables;

		if (!step_of(&step))
			return 0;
		load_fence(f);
		f->generation = (u32)step;
		f->list = step >> 32;
		list = bpf_map_lookup_elem(&lists, &f->list);
		if (!list)
			return 0;
		f->filter_first = list->filter_first;
		f->filter_shift = list->filter_shift;
		f->count = 0;
		f->local = 0;
		tables = list->tables;
		for (u32 t = 0; t < P4RTD_MAX_TABLES; t++) {
			if (t >= tables)
				break;
			match_table(t);
		}
		load_fence(f);
		if (!step_of(&again))
			return 0;
		if (again == step)
			return 1;
	}
	return 0;
}

#endif
