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
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { batch = 64, head = 42, max_bytes = 9216 };

static uint64_t now(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return at.tv_sec * 1000000000ull + at.tv_nsec;
}

static uint16_t checksum(const uint8_t *bytes, int count)
{
	uint32_t sum = 0;

	for (int i = 0; i < count; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = value >> 8;
	at[1] = value;
}

/* Ethernet to a router, IPv4 10.0.1.2 → 10.0.2.2, UDP 40000 → 33434 without checksum. */
static void fill(uint8_t *frame, int bytes, int ttl, const uint8_t *to, const uint8_t *from)
{
	static const uint8_t addresses[] = {10, 0, 1, 2, 10, 0, 2, 2};

	memset(frame, 0, bytes);
	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	put16(frame + 12, 0x0800);
	frame[14] = 0x45;
	put16(frame + 16, bytes - 14);
	frame[22] = ttl;
	frame[23] = 17;
	memcpy(frame + 26, addresses, sizeof addresses);
	put16(frame + 24, checksum(frame + 14, 20));
	put16(frame + 34, 40000);
	put16(frame + 36, 33434);
	put16(frame + 38, bytes - 34);
}

static int fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	return 1;
}

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
	if (bytes < 60 || bytes > max_bytes)
		return 64;
	if (argc > 6 && sscanf(argv[6], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", to, to + 1, to + 2, to + 3, to + 4, to + 5) != 6)
		return 64;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail("socket");
	address.sll_ifindex = if_nametoindex(argv[1]);
	if (address.sll_ifindex == 0)
		return fail(argv[1]);
	strncpy(request.ifr_name, argv[1], IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return fail("SIOCGIFHWADDR");
	memcpy(from, request.ifr_hwaddr.sa_data, 6);
	if (setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) < 0)
		return fail("PACKET_QDISC_BYPASS");
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return fail("bind");
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

			memcpy(frames[i] + head, &stamp, 8);
			memcpy(frames[i] + head + 8, &serial, 4);
		}
		int done = sendmmsg(fd, messages, size, 0);
		if (done > 0)
			sent += done;
		else if (errno == ENOBUFS || errno == EAGAIN)
			refused++;
		else
			return fail("sendmmsg");
	}
	printf("{\"sent\":%llu,\"refused\":%llu,\"wallNs\":%llu,\"cpuNs\":%llu}\n", (unsigned long long)sent,
	       (unsigned long long)refused, (unsigned long long)(now(CLOCK_MONOTONIC) - began),
	       (unsigned long long)(now(CLOCK_THREAD_CPUTIME_ID) - cpu));
	return 0;
}
