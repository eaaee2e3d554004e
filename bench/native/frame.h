/* SPDX-License-Identifier: Apache-2.0 */
/* The frame that the sources of the kernel benchmark send, and clocks. */
#ifndef P4RTD_BENCH_FRAME_H
#define P4RTD_BENCH_FRAME_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { min_bytes = 60, max_bytes = 9216, head_bytes = 42 };

static inline uint64_t now(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return at.tv_sec * 1000000000ull + at.tv_nsec;
}

static inline uint16_t checksum(const uint8_t *bytes, int count)
{
	uint32_t sum = 0;

	for (int i = 0; i < count; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static inline void put16(uint8_t *at, unsigned value)
{
	at[0] = value >> 8;
	at[1] = value;
}

/* Ethernet to a router, IPv4 10.0.1.2 → 10.0.2.2, UDP 40000 → 33434 without checksum. */
static inline void fill(uint8_t *frame, int bytes, int ttl, const uint8_t *to, const uint8_t *from)
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

/* Reads a MAC such as 02:00:00:00:00:01; 0 if it is none. */
static inline int read_mac(const char *text, uint8_t *mac)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) == 6;
}

static inline int fail(const char *program, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program, what, strerror(errno));
	return 1;
}

static inline void report(uint64_t sent, uint64_t refused, uint64_t began, uint64_t cpu)
{
	printf("{\"sent\":%llu,\"refused\":%llu,\"wallNs\":%llu,\"cpuNs\":%llu}\n", (unsigned long long)sent,
	       (unsigned long long)refused, (unsigned long long)(now(CLOCK_MONOTONIC) - began),
	       (unsigned long long)(now(CLOCK_THREAD_CPUTIME_ID) - cpu));
}

#endif
