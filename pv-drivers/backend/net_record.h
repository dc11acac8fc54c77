/* SPDX-License-Identifier: MIT */
/*
 * Answers to a network ring's requests, in memory that outlives this process: domusd holds the file
 * and hands it to the successor of a process that was killed.
 *
 * An answer takes the place of its request. Killed between the first answer of a batch and the
 * counter that shows them all, a process would leave slots of which its successor could not tell
 * what they were: so the answers are written down here before, and it writes them again.
 *
 * Invariant: killed between any two of its writes, the process leaves the ring and the record such
 * that each request is either whole or answered once net_record_resume() has returned. What the
 * guest wrote is of no consequence but for its own ring. No lock: one thread.
 */
#pragma once

#include <stdbool.h>
#include "net/back.h"

struct net_record_ring {
	uint32_t count; /* of answers that are being given; 0: none */
	uint32_t first; /* the ring's counter at the first */
	uint8_t answers[NET_SLOTS][sizeof(netif_extra_info_t)];
};

struct net_record_queue {
	struct net_record_ring tx, rx;
};

/** net_record_begin - nothing is under way. */
void net_record_begin(struct net_record_ring *r);
/** net_record_resume - gives what answers a predecessor was giving. */
void net_record_resume(struct net_record_ring *r, struct ring *ring);
/** net_record_answer - as net_back_answer(), of a queue that has a record. */
bool net_record_answer(struct net_record_ring *r, struct ring *ring, struct net_batch *t);
