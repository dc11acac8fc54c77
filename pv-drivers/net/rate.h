/* SPDX-License-Identifier: MIT */
/*
 * A limit of bytes per second, as a bucket: it fills with time up to a burst, and what is sent is
 * taken from it.
 *
 * Invariant: the bucket holds at most a burst, and a burst is no smaller than what one packet can
 * take, else a packet would wait forever. No lock.
 */
#pragma once

#include <stdint.h>

struct net_rate {
	uint64_t bytes_per_s; /* 0: no limit */
	uint64_t burst;
	uint64_t allowance;
	uint64_t filled_ns; /* when it was filled last */
};

#define NET_RATE_SECOND_NS 1000000000ull
/* More than any link has; below it no product here overflows. */
#define NET_RATE_MAX 10000000000ull

static inline void net_rate_init(struct net_rate *r, uint64_t bytes_per_s, uint64_t now_ns)
{
	uint64_t burst = bytes_per_s / 20; /* 50 ms */

	burst = burst < 131072 ? 131072 : burst;
	*r = (struct net_rate){bytes_per_s < NET_RATE_MAX ? bytes_per_s : 0, burst, burst, now_ns};
}

/* What comes in within so much time; *ns: the time that so many whole bytes take. */
static inline uint64_t net_rate_bytes(const struct net_rate *r, uint64_t *ns)
{
	uint64_t seconds = *ns / NET_RATE_SECOND_NS, bytes;

	if (seconds) {
		*ns = seconds * NET_RATE_SECOND_NS;
		return r->bytes_per_s * (seconds < 1000 ? seconds : 1000);
	}
	bytes = *ns * r->bytes_per_s / NET_RATE_SECOND_NS;
	*ns = bytes * NET_RATE_SECOND_NS / r->bytes_per_s;
	return bytes;
}

/** net_rate_fill - adds what has come in since it was filled last. */
static inline void net_rate_fill(struct net_rate *r, uint64_t now_ns)
{
	uint64_t passed = now_ns - r->filled_ns, bytes;

	if (!r->bytes_per_s) {
		r->allowance = UINT64_MAX;
		return;
	}
	bytes = net_rate_bytes(r, &passed);
	r->filled_ns += passed;
	r->allowance = r->burst - r->allowance < bytes ? r->burst : r->allowance + bytes;
}

/** net_rate_wait_ns - how long until there are so many bytes, at most a burst; 0: now. */
static inline uint64_t net_rate_wait_ns(const struct net_rate *r, uint64_t bytes)
{
	if (r->allowance >= bytes) {
		return 0;
	}
	return (bytes - r->allowance) * NET_RATE_SECOND_NS / r->bytes_per_s + 1;
}
