/* SPDX-License-Identifier: MIT */
/* The order of writes that a kill cannot break; see net_record.h. */
#include <string.h>

#include "backend/net_record.h"

/* Between two writes whose order matters: to the compiler; a test kills the process here. */
#ifndef RECORD_STEP
#define RECORD_STEP() __asm__ volatile("" ::: "memory")
#endif

_Static_assert(sizeof(((struct net_slot *)0)->answer) == sizeof(netif_extra_info_t), "answers");

void net_record_begin(struct net_record_ring *r)
{
	r->count = 0;
}

void net_record_resume(struct net_record_ring *r, struct ring *ring)
{
	/* If they are not where the ring stands, all of them were shown already. */
	if (r->count <= ring->slot_count && r->first == ring->rsp) {
		for (uint32_t i = 0; i < r->count; i++) {
			ring_back_answer(ring, r->answers[i], sizeof(r->answers[i]));
			RECORD_STEP();
		}
		(void)ring_back_push(ring); /* the front end is notified in any case */
		ring->req = ring->rsp;
		RECORD_STEP();
	}
	r->count = 0;
}

bool net_record_answer(struct net_record_ring *r, struct ring *ring, struct net_batch *t)
{
	bool is_to_notify;

	r->first = ring->rsp;
	for (uint32_t i = 0; i < t->slot_count; i++) {
		memcpy(r->answers[i], &t->slots[i].answer, sizeof(r->answers[i]));
	}
	RECORD_STEP();
	r->count = t->slot_count;
	RECORD_STEP();
	is_to_notify = net_back_answer(ring, t);
	RECORD_STEP();
	r->count = 0;
	return is_to_notify;
}
