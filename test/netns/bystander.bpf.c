// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Programs of somebody else at the ports of a test: each counts the frames that it sees and lets them pass. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct counter {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
};

struct counter seen_filter SEC(".maps");
struct counter seen_tcx SEC(".maps");
struct counter seen_xdp SEC(".maps");

static __always_inline void count(void *map)
{
	__u64 *seen = bpf_map_lookup_elem(map, &(__u32){0});

	if (seen)
		__sync_fetch_and_add(seen, 1);
}

SEC("tc/filter")
int other_filter(struct __sk_buff *skb)
{
	count(&seen_filter);
	return -1; /* TC_ACT_UNSPEC: whoever is behind it goes on */
}

SEC("tc/tcx")
int other_tcx(struct __sk_buff *skb)
{
	count(&seen_tcx);
	return -1;
}

SEC("xdp")
int other_xdp(struct xdp_md *md)
{
	count(&seen_xdp);
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
