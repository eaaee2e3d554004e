/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the tc program and user space share: map names, keys and values. Plain C that both clang -target bpf and C++
 * take; u64, u32, u16, u8 and s32 come from the including file. All integers are in host order unless the name ends in _be.
 *
 * One object serves the ports of one device, which are all in one network namespace, so an ifindex names a port.
 *
 * Visibility. `control.step` is one 64-bit word: the generation in the low half, the number of the list (0 or 1) in
 * the high half. A frame reads it, walks the tables of that list, and reads it again; if it changed the walk is
 * repeated, at most P4RTD_TRIES times in all. A hash value never changes while it is present. User space
 *   1. fills the free slot of a cell, then stores its {from, to} as one 64-bit word,
 *   2. inserts new keys, which are not there yet, and sets their filter bits,
 *   3. stores `to` in slots that end,
 *   4. writes the other list if the walk changed,
 *   5. stores `step`,
 *   6. cleans up: {P4RTD_ALWAYS, P4RTD_FOREVER} in slots that stay, 0 in dead ones, keys deleted, bits cleared.
 * So a generation may wrap: 1 … P4RTD_FOREVER - 1, then 1 again.
 */
#ifndef P4RTD_ABI_H
#define P4RTD_ABI_H

#include <linux/bpf.h> /* struct bpf_spin_lock */

/* Layout version of the pinned maps; part of the folder's name. */
#define P4RTD_LAYOUT 2

/* The words of frame-key.ts, two 32-bit words to each 64-bit one, the even word in the low half. */
#define P4RTD_KEY_WORDS 8
#define P4RTD_MAX_TABLES 16
#define P4RTD_MAX_PORTS 1024
#define P4RTD_MAX_QUEUES 64
#define P4RTD_TRIES 4
#define P4RTD_MAX_FRAME 9216
#define P4RTD_CPU_PORT 0xfffffffd
/* Of one bundle, about: the backlog between the ends of the segmenter takes 1,000 frames unless it is configured. */
#define P4RTD_MAX_SEGMENTS 512

/* Presence bits of word 0, as in frame-key.ts. */
#define P4RTD_HAS_VLAN (1u << 0)
#define P4RTD_HAS_IPV4 (1u << 1)
#define P4RTD_HAS_IPV6 (1u << 2)
#define P4RTD_HAS_ARP (1u << 3)
#define P4RTD_HAS_IP (1u << 4)
#define P4RTD_HAS_L4 (1u << 5)
#define P4RTD_HAS_TCP (1u << 6)
#define P4RTD_HAS_ICMP (1u << 7)
#define P4RTD_HAS_ICMPV6 (1u << 8)

/* Key of map `rules`: the masked key and the id of its tuple. */
struct p4rtd_rule_key {
	u64 words[P4RTD_KEY_WORDS];
	u32 tuple;
	u32 pad;
};

/* Value of map `rules`. */
struct p4rtd_rule_ref {
	u32 cell;
	u32 pad;
};

#define P4RTD_ALWAYS 0u
#define P4RTD_FOREVER 0xffffffffu

enum p4rtd_verdict {
	P4RTD_FORWARD = 0,
	P4RTD_DROP = 1,
	P4RTD_TRAP = 2,
	P4RTD_COPY = 3,
	P4RTD_DENY = 4,
	P4RTD_COPY_CANCEL = 5,
};

/* `action` of a slot: verdicts of green, yellow and red in four bits each, from the least significant on; bits
 * 16 … 31: index of the queue plus 1, 0 for none. */
#define P4RTD_YELLOW_SHIFT 4
#define P4RTD_RED_SHIFT 8
#define P4RTD_QUEUE_SHIFT 16

/* The best rule of one key; it holds in generations from <= g < to. {0, 0}: never. */
struct p4rtd_slot {
	u32 from; /* with `to` one 64-bit word, from in the low half */
	u32 to;
	u32 rule;     /* index into rule_counters */
	s32 priority; /* the highest wins */
	u32 action;
	u32 meter; /* index into meters, 0: none */
	u64 age;   /* at equal priority the lowest wins */
};

/* Value of map `cells`: one cache line. At most one slot holds in a generation. */
struct p4rtd_cell {
	struct p4rtd_slot slots[2];
};

/* Its mask has bits in words 1 or 2 (MACs, EtherType, tag), in words 4 or 6 (IPv6 addresses). */
#define P4RTD_TUPLE_ETHERNET 2u
#define P4RTD_TUPLE_IPV6 4u

/* A bit of `need` that is no header's: the rules name no EtherType, so they take no frame addressed to the box itself. */
#define P4RTD_NEEDS_STRANGER (1u << 31)

/* One distinct mask of a table. A value of map `tuples`, at the list's number, is an array of max_tuples of them. */
struct p4rtd_tuple {
	u64 mask[P4RTD_KEY_WORDS];
	u32 need; /* presence bits that all rules require, P4RTD_NEEDS_STRANGER */
	s32 best; /* no rule's priority is higher */
	u32 id;   /* in p4rtd_rule_key.tuple */
	u32 flags;
};

struct p4rtd_table {
	u32 first; /* position of its first tuple in the list; they come by falling `best` */
	u32 count;
};

/* Value of map `lists`, two of them. */
struct p4rtd_list {
	u32 tables; /* in falling precedence */
	u32 filter_half; /* the value of map `filter` that is the list's bitmap, a power of two of bits */
	u32 filter_shift; /* 64 - log2(its words) */
	u32 pad;
	struct p4rtd_table table[P4RTD_MAX_TABLES];
};

/*
 * The hash of a masked key, in both halves the same code. The factors are odd and negative numbers of 32 bits, which an
 * instruction of most CPUs holds; the last one brings what they leave in the low bits up to where the filter looks.
 */
#define P4RTD_HASH_FACTOR(low) ((u64)(s32)(low))
#define P4RTD_HASH_C0 P4RTD_HASH_FACTOR(0x9e3779b1u)
#define P4RTD_HASH_C1 P4RTD_HASH_FACTOR(0x85ebca77u)
#define P4RTD_HASH_C2 P4RTD_HASH_FACTOR(0xc2b2ae3du)
#define P4RTD_HASH_C3 P4RTD_HASH_FACTOR(0xd6e8feb9u)
#define P4RTD_HASH_C4 P4RTD_HASH_FACTOR(0xff51afd7u)
#define P4RTD_HASH_C5 P4RTD_HASH_FACTOR(0xc4ceb9ffu)
#define P4RTD_HASH_C6 P4RTD_HASH_FACTOR(0x87c37b91u)
#define P4RTD_HASH_C7 P4RTD_HASH_FACTOR(0xb55a4f09u)
#define P4RTD_HASH_TUPLE P4RTD_HASH_FACTOR(0x94d049bbu)
#define P4RTD_HASH_LAST 0x9e3779b97f4a7c15ull

/* `flags`: those of the tuple. Words whose mask is zero add nothing, so that leaving them out changes nothing. */
static inline __attribute__((always_inline)) u64 p4rtd_hash_masked(const u64 *w, const u64 *mask, u32 tuple, u32 flags)
{
	u64 h = (w[0] & mask[0]) * P4RTD_HASH_C0 + (w[3] & mask[3]) * P4RTD_HASH_C3 +
		(w[5] & mask[5]) * P4RTD_HASH_C5 + (w[7] & mask[7]) * P4RTD_HASH_C7 + tuple * P4RTD_HASH_TUPLE;

	if (flags) {
		if (flags & P4RTD_TUPLE_ETHERNET)
			h += (w[1] & mask[1]) * P4RTD_HASH_C1 + (w[2] & mask[2]) * P4RTD_HASH_C2;
		if (flags & P4RTD_TUPLE_IPV6)
			h += (w[4] & mask[4]) * P4RTD_HASH_C4 + (w[6] & mask[6]) * P4RTD_HASH_C6;
	}
	h ^= h >> 32;
	return h * P4RTD_HASH_LAST;
}

/* The same for a key that is masked already. */
static inline u64 p4rtd_hash(const u64 *w, u32 tuple)
{
	return p4rtd_hash_masked(w, w, tuple, P4RTD_TUPLE_ETHERNET | P4RTD_TUPLE_IPV6);
}

/* The word of the list's bitmap that has a key's bits. */
static inline __attribute__((always_inline)) u64 p4rtd_filter_word(u64 hash, u32 shift)
{
	return hash >> (shift & 63);
}

/* Those bits, two of the word: one would let every sixteenth key pass that no rule has, two every hundredth. */
static inline __attribute__((always_inline)) u64 p4rtd_filter_bits(u64 hash)
{
	return 1ull << (hash >> 32 & 63) | 1ull << (hash >> 38 & 63);
}

/* True if `word` has both. */
static inline __attribute__((always_inline)) bool p4rtd_filter_passes(u64 word, u64 hash)
{
	return word >> (hash >> 32 & 63) & word >> (hash >> 38 & 63) & 1;
}

/* Value of map `control`, one. */
struct p4rtd_control {
	u64 step;
	u32 need_wakeup; /* the reader sleeps: wake it with the next record */
	u32 segmenter; /* ifindex of the netdev that undoes segmentation offload, 0: there is none */
	u32 ports_changes; /* of map `ports`: counted behind each, so that a frame may trust what was read since the last */
	u32 pad;
};

#define P4RTD_PORT_DOWN 1u /* frames are counted as ingress-port-down and go on, no rule sees them */
#define P4RTD_PORT_CPU 2u  /* the far end of submit_to_ingress: what goes on becomes PACKET_HOST */
#define P4RTD_PORT_SEGMENTS 4u /* the far end of `control.segmenter`: what comes is punted or nothing, and ends here */

/* Value of map `ports`, by ifindex. */
struct p4rtd_port {
	u32 port_id;
	u32 slot; /* of port_counters and of the port's policer, below P4RTD_MAX_PORTS */
	u32 flags;
	u32 pad;
};

/*
 * `mark` of a frame on its way through the segmenter. From the least significant bit on: slot of the ingress port; index
 * of the queue plus 1, 0: none; slot of the egress port plus 1, 0: unknown; a number that says that it is ours.
 * Map `slots`, by slot, has the port's id.
 */
#define P4RTD_MARK_SLOT_BITS 10
#define P4RTD_MARK_QUEUE_BITS 7
#define P4RTD_MARK_EGRESS_BITS 11
#define P4RTD_MARK_OURS 0xbu

/* Key of map `locals`: an address of the box itself, IPv4 in the last four bytes behind zeros. */
struct p4rtd_local {
	u32 family; /* 4 or 6 */
	u8 address[16];
};

/* Value of map `rule_counters`, at cpu * capacity + rule. Bytes as in PacketIn: with all tags, without FCS. */
struct p4rtd_counter {
	u64 packets;
	u64 bytes;
};

/*
 * Value of map `rule_colours`, at rule: what its meters marked other than green, of all CPUs; added to atomically. The
 * rest of what the rule counted was green.
 */
struct p4rtd_colours {
	u64 yellow_packets;
	u64 yellow_bytes;
	u64 red_packets;
	u64 red_bytes;
};

/* Value of map `port_counters`, at cpu * P4RTD_MAX_PORTS + slot. */
struct p4rtd_port_counter {
	u64 in;
	u64 punted;
	u64 dropped;
	u64 pad;
};

/* Why a frame or its copy went no further; names are those of drop-reason.ts with _ for -. */
#define P4RTD_DROP_REASONS(X)                                                                                          \
	X(rule)                                                                                                        \
	X(unparsable)                                                                                                  \
	X(local_address)                                                                                               \
	X(rule_meter)                                                                                                  \
	X(queue_policer)                                                                                               \
	X(port_policer)                                                                                                \
	X(device_policer)                                                                                              \
	X(punt_backlog)                                                                                                \
	X(ingress_port_down)                                                                                           \
	X(oversized)                                                                                                   \
	X(unsegmented)                                                                                                 \
	X(unsettled)

enum p4rtd_drop_reason {
#define P4RTD_DROP_REASON(name) P4RTD_DROP_##name,
	P4RTD_DROP_REASONS(P4RTD_DROP_REASON)
#undef P4RTD_DROP_REASON
	P4RTD_DROP_REASON_COUNT
};

/* Value of map `stats`, at cpu. */
struct p4rtd_stats {
	u64 classified;
	u64 punted;
	u64 drops[16];
};

enum p4rtd_meter_type {
	P4RTD_TWO_RATE_THREE_COLOR = 0,
	P4RTD_SINGLE_RATE_THREE_COLOR = 1,
	P4RTD_SINGLE_RATE_TWO_COLOR = 2,
};
#define P4RTD_METER_BYTES 1u

/* One token bucket: level and burst in tokens, `rest` in billionths of one. */
struct p4rtd_bucket {
	u64 rate; /* tokens per second */
	u64 burst;
	u64 level;
	u64 rest;
};

/* Value of map `meters`, by index; 0 is no meter. Buckets: committed, then peak or excess. */
struct p4rtd_meter {
	struct bpf_spin_lock lock;
	u32 type;
	u32 flags;
	u32 pad;
	u64 filled_ns; /* CLOCK_MONOTONIC of the last fill */
	struct p4rtd_bucket committed;
	struct p4rtd_bucket other;
};

/* Map `policers`: that of the device, of each queue, of each port's slot. */
#define P4RTD_DEVICE_POLICER 0
#define P4RTD_FIRST_QUEUE_POLICER 1
#define P4RTD_FIRST_PORT_POLICER (P4RTD_FIRST_QUEUE_POLICER + P4RTD_MAX_QUEUES)
#define P4RTD_POLICERS (P4RTD_FIRST_PORT_POLICER + P4RTD_MAX_PORTS)

/* Value of map `policers`. */
struct p4rtd_policer {
	struct bpf_spin_lock lock;
	u32 pad;
	u64 filled_ns;
	struct p4rtd_bucket bucket;
};

/* As many tuples as a loop may walk whose every turn the verifier looks at. */
#define P4RTD_PLAIN_TUPLES 256

/* What is settled before the program is loaded: its read-only data. */
struct p4rtd_options {
	u32 rule_capacity; /* rules that rule_counters holds for each CPU */
	u32 max_tuples;
	u32 cpus;
	u32 unparsable_drop;
	u32 exclude_local;
	u32 police_ports;
	u32 police_device;
	u32 fences; /* the CPU reorders loads: order them */
	u32 plain_loop; /* max_tuples is at most P4RTD_PLAIN_TUPLES and the verifier takes a loop of so many */
	u32 last_tuple; /* where the last one of a value of map `tuples` begins, in bytes */
	u32 filter_mask; /* words of a value of map `filter`, a power of two, less one */
	u32 pad;
};

#define P4RTD_NO_RULE 0xffffffffu

/* The head of a record in ring buffer `punted`; the frame follows. Records come in sizes of 128, 512, 2,048 and
 * 9,316 bytes, this head included. */
struct p4rtd_punt {
	u32 ingress_port;
	u32 egress_port; /* where the frame would have left by, 0 if unknown */
	u32 rule; /* P4RTD_NO_RULE: not told, as of segments */
	u32 length; /* of the frame */
};

#endif
