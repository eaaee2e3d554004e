/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The maps and what a frame's way through the program keeps. Sizes of 1 are set by user space before loading. */
#ifndef P4RTD_MAPS_BPF_H
#define P4RTD_MAPS_BPF_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#include "p4rtd_abi.h"

#define barrier() asm volatile("" ::: "memory")
/* Hides from the compiler what it knows of `x`, so that it keeps the comparison the verifier needs. */
#define opaque(x) asm volatile("" : "+r"(x))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

const volatile struct p4rtd_options options = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct p4rtd_rule_key);
	__type(value, struct p4rtd_rule_ref);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct p4rtd_cell);
} cells SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, u32);
	__uint(value_size, sizeof(struct p4rtd_tuple));
} tuples SEC(".maps");

/* These two are of fixed size: maps that the program reads as it does variables, without a look-up. */
struct p4rtd_list lists[2] SEC(".bss.lists");
struct p4rtd_control control SEC(".bss.control");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, u32);
	__uint(value_size, sizeof(u64));
} filter SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * P4RTD_MAX_PORTS);
	__type(key, u32);
	__type(value, struct p4rtd_port);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, P4RTD_MAX_PORTS);
	__type(key, u32);
	__type(value, u32);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct p4rtd_local);
	__type(value, u8);
} locals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct p4rtd_counter);
} rule_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct p4rtd_colours);
} rule_colours SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct p4rtd_port_counter);
} port_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct p4rtd_stats);
} stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct p4rtd_meter);
} meters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, P4RTD_POLICERS);
	__type(key, u32);
	__type(value, struct p4rtd_policer);
} policers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} punted SEC(".maps");

#define HEAD_BYTES 128
#define HEADER_BYTES 40

/* What one table's best match asks for. */
struct match {
	u32 rule;
	u32 action;
	u32 meter;
	u32 pad;
};

/* The best rule so far of the table that is walked; priority -1: none. */
struct best {
	u64 age;
	s32 priority;
	u32 takes_local;
	struct match match;
};

/*
 * What the program knows of the frame in hand. In a map rather than on the stack: the verifier then knows nothing of
 * the values, so that it need not look at each way by which they came, and no walk is cut short by what 6.1 believes
 * of a callback's variables.
 */
struct frame {
	u64 key[P4RTD_KEY_WORDS];

	/* The port, as of `ports_changes` changes of map `ports`; stays for the CPU's next frame. ifindex 0: none does. */
	u32 ifindex;
	u32 ports_changes;
	u32 port_id;
	u32 slot;
	u32 port_flags;
	u32 cpu;
	u32 length; /* with all tags */
	u32 fragment; /* not 0: of a packet that came in several; routes are not chosen by its ports */
	__be32 flowinfo; /* traffic class and flow label of IPv6 */

	/* The walk: generation and list of this try, the table's tuples, what keeps the frame from matching. */
	u32 generation;
	u32 list;
	u32 first;
	u32 tuples;
	u32 absent;
	u32 filter_half;
	u32 filter_shift;
	u32 local; /* a table has matches, but none that may take this frame */
	u32 count; /* of `matches` */
	struct best best;

	/* What the tables make of it. */
	u32 fate;
	u32 copy_rule;
	u32 copy_queue; /* plus 1, 0: none */
	u32 egress_port;
	u64 now; /* CLOCK_MONOTONIC, 0 until asked for */
	struct match matches[P4RTD_MAX_TABLES];

	/* The parser of frames that are not plain. */
	u8 head[HEAD_BYTES];	/* the skb's first bytes, so that most frames are read from once */
	u8 beyond[HEADER_BYTES]; /* a header that does not lie within them */
	u32 head_bytes;
	u32 at; /* its place in the skb, which lacks the tag that the kernel took off */
	u32 fence;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct frame);
} frames SEC(".maps");

static __always_inline u64 now_of(struct frame *f)
{
	if (!f->now)
		f->now = bpf_ktime_get_ns();
	return f->now;
}

/* Keys lie on the stack: Linux 6.1 takes none that lie behind an argument of a global function. */
static __always_inline struct p4rtd_stats *stats_of(struct frame *f)
{
	u32 cpu = f->cpu;

	return bpf_map_lookup_elem(&stats, &cpu);
}

static __always_inline void count_drop(struct frame *f, enum p4rtd_drop_reason reason)
{
	struct p4rtd_stats *s = stats_of(f);

	if (s)
		s->drops[reason]++;
}

#endif
