// SPDX-License-Identifier: Apache-2.0
/*
 * A source of frames for the benchmarks of the kernel datapath, and the bare loop that PacketOut is compared with.
 *
 * usage: flood DEVICE FRAMES RATE BYTES [TTL] [DESTINATION_MAC]
 *
 * Sends FRAMES UDP frames of BYTES bytes (60 … 9,216) out of DEVICE by sendmmsg on a packet socket past the queueing
 * discipline, RATE a second (0: as fast as it can). Bytes 42 … 49 hold CLOCK_MONOTONIC in ns as of the send, bytes
 * 50 … 53 a serial number, both in host order. The destination is 10.0.2.2, the port 33434, the TTL 1 unless given.
 * Prints one line of JSON: frames sent, refused, wall ns, CPU ns of this thread.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"

enum { batch = 64 };

static void wait_until(uint64_t at)
{
	struct timespec when = {at / 1000000000ull, at % 1000000000ull};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

int main(int argc, char **argv)
{
	static uint8_t frames[batch][max_bytes];
	static struct iovec parts[batch];
	static struct mmsghdr messages[batch];
	struct sockaddr_ll address = {.sll_family = AF_PACKET};
	struct ifreq request = {0};
	uint8_t to[6] = {0x02, 0, 0, 0, 0, 0x01}, from[6];
	int on = 1;

	if (argc < 5) {
		fprintf(stderr, "usage: flood DEVICE FRAMES RATE BYTES [TTL] [DESTINATION_MAC]\n");
		return 64;
	}
	uint64_t count = strtoull(argv[2], NULL, 10), rate = strtoull(argv[3], NULL, 10);
	int bytes = atoi(argv[4]), ttl = argc > 5 ? atoi(argv[5]) : 1;
	if (bytes < min_bytes || bytes > max_bytes)
		return 64;
	if (argc > 6 && !read_mac(argv[6], to))
		return 64;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail("flood", "socket");
	address.sll_ifindex = if_nametoindex(argv[1]);
	if (address.sll_ifindex == 0)
		return fail("flood", argv[1]);
	strncpy(request.ifr_name, argv[1], IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return fail("flood", "SIOCGIFHWADDR");
	memcpy(from, request.ifr_hwaddr.sa_data, 6);
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) < 0)
		return fail("flood", "PACKET_QDISC_BYPASS");
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return fail("flood", "bind");
	for (int i = 0; i < batch; i++) {
		fill(frames[i], bytes, ttl, to, from);
		parts[i] = (struct iovec){frames[i], bytes};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	}
	uint64_t sent = 0, refused = 0, began = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);
	/* A paced source sends what half a millisecond brings, at most a batch. */
	uint64_t step = rate == 0 ? batch : rate / 2000 < 1 ? 1 : rate / 2000 > batch ? batch : rate / 2000;
	while (sent + refused < count) {
		uint64_t left = count - sent - refused, size = left < step ? left : step;

		if (rate != 0) {
			uint64_t due = began + (sent + refused) * 1000000000ull / rate;

			if (now(CLOCK_MONOTONIC) < due)
				wait_until(due);
		}
		uint64_t stamp = now(CLOCK_MONOTONIC);
		for (uint64_t i = 0; i < size; i++) {
			uint32_t serial = sent + refused + i;

			memcpy(frames[i] + head_bytes, &stamp, 8);
			memcpy(frames[i] + head_bytes + 8, &serial, 4);
		}
		int done = sendmmsg(fd, messages, size, 0);
		if (done > 0)
			sent += done;
		else if (errno == ENOBUFS || errno == EAGAIN)
			refused++;
		else
			return fail("flood", "sendmmsg");
	}
	report(sent, refused, began, cpu);
	return 0;
}
