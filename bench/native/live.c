// SPDX-License-Identifier: Apache-2.0
/*
 * The fastest source of received frames that there is: the kernel makes them itself, so that little but what is measured
 * costs time, and all of it is this thread's.
 *
 * usage: live DEVICE FRAMES BYTES [TTL] [DESTINATION_MAC]
 *
 * DEVICE receives FRAMES UDP frames of BYTES bytes (60 … 1,500), those of flood.c without stamps, by an XDP program that
 * passes all frames and BPF_PROG_TEST_RUN with live frames (Linux 5.18). Prints one line of JSON: frames, none
 * refused, wall ns, CPU ns of this thread.
 */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frame.h"

enum { most_live_bytes = 1500, per_call = 1 << 17 };

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof *attr);
}

/* return XDP_PASS; */
static int load_passing(void)
{
	static const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uint64_t)code,
		.insn_cnt = sizeof code / sizeof code[0],
		.license = (uint64_t)"GPL",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

int main(int argc, char **argv)
{
	static uint8_t frame[most_live_bytes];
	uint8_t to[6] = {0x02, 0, 0, 0, 0, 0x01}, from[6] = {0x02, 0, 0, 0, 0, 0x02};
	struct xdp_md context = {0};

	if (argc < 4) {
		fprintf(stderr, "usage: live DEVICE FRAMES BYTES [TTL] [DESTINATION_MAC]\n");
		return 64;
	}
	uint64_t count = strtoull(argv[2], NULL, 10);
	int bytes = atoi(argv[3]), ttl = argc > 4 ? atoi(argv[4]) : 1;
	if (bytes < min_bytes || bytes > most_live_bytes || (argc > 5 && !read_mac(argv[5], to)))
		return 64;
	fill(frame, bytes, ttl, to, from);
	context.data_end = bytes;
	context.ingress_ifindex = if_nametoindex(argv[1]);
	if (context.ingress_ifindex == 0)
		return fail("live", argv[1]);
	int program = load_passing();
	if (program < 0)
		return fail("live", "BPF_PROG_LOAD");
	uint64_t sent = 0, began = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);
	while (sent < count) {
		uint64_t left = count - sent, size = left < per_call ? left : per_call;
		union bpf_attr attr = {0};

		attr.test.prog_fd = program;
		attr.test.data_in = (uint64_t)frame;
		attr.test.data_size_in = bytes;
		attr.test.ctx_in = (uint64_t)&context;
		attr.test.ctx_size_in = sizeof context;
		attr.test.repeat = size;
		attr.test.batch_size = 64;
		attr.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
		if (bpf(BPF_PROG_TEST_RUN, &attr) < 0)
			return fail("live", "BPF_PROG_TEST_RUN");
		sent += size;
	}
	report(sent, 0, began, cpu);
	return 0;
}
