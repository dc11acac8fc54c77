/* SPDX-License-Identifier: MIT */
/* The order of writes that a kill cannot break; see record.h. */
#include <stdlib.h>
#include <string.h>

#include "backend/record.h"

/* Between two writes whose order matters: to the compiler; a test kills the process here. */
#ifndef RECORD_STEP
#define RECORD_STEP() __asm__ volatile("" ::: "memory")
#endif

static void slots_collect(struct recorder *r)
{
	uint16_t i;

	for (i = 0; i < RECORD_SLOTS; i++) {
		if (r->kept->slots[i].state == RECORD_FREE) {
			r->unused[r->unused_count++] = i;
		} else {
			r->again[r->again_count++] = i;
		}
	}
}

void record_begin(struct recorder *r, struct record_queue *kept, const struct ring *ring)
{
	kept->slot_count = 0;
	RECORD_STEP();
	memset(kept->slots, 0, sizeof(kept->slots));
	kept->taken = ring->req;
	kept->answered = ring->rsp;
	*r = (struct recorder){.kept = kept};
	slots_collect(r);
	RECORD_STEP();
	kept->slot_count = ring->slot_count;
}

/*
 * Frees slots that were answered, or not taken after all. Of an answer that was under way only the
 * ring tells whether it arrived; of more than that the guest's word does not count.
 */
static void slots_settle(struct record_queue *kept, uint32_t published)
{
	struct record_slot *s, *answered = NULL;

	for (s = kept->slots; s < kept->slots + RECORD_SLOTS; s++) {
		if (s->state == RECORD_ANSWERED) {
			answered = s;
		} else if (s->state != RECORD_FREE && (int32_t)(s->number - kept->taken) >= 0) {
			s->state = RECORD_FREE;
		}
	}
	if (!answered) {
		return;
	}
	if (answered->answer == kept->answered && published == kept->answered + 1) {
		kept->answered++;
		RECORD_STEP();
	}
	/* Answered once `answered` is past it: also where it was killed between these two. */
	answered->state =
		(int32_t)(kept->answered - answered->answer) > 0 ? RECORD_FREE : RECORD_TAKEN;
}

static int by_number(const void *a, const void *b, void *context)
{
	const struct record_queue *kept = context;
	uint32_t left = kept->slots[*(const uint16_t *)a].number - kept->taken;
	uint32_t right = kept->slots[*(const uint16_t *)b].number - kept->taken;

	return (left > right) - (left < right);
}

bool record_resume(struct recorder *r, struct record_queue *kept, struct ring *ring)
{
	if (kept->slot_count != ring->slot_count ||
	    kept->taken - kept->answered > ring->slot_count) {
		return false;
	}
	slots_settle(kept, __atomic_load_n(&ring->shared->rsp_prod, __ATOMIC_ACQUIRE));
	*r = (struct recorder){.kept = kept};
	slots_collect(r);
	qsort_r(r->again, r->again_count, sizeof(r->again[0]), by_number, kept);
	ring->req = kept->taken;
	ring->rsp = kept->answered;
	return true;
}

int record_available(const struct recorder *r, const struct ring *ring)
{
	return r->again_done < r->again_count ? (int)(r->again_count - r->again_done)
					      : ring_back_available(ring);
}

uint16_t record_take(struct recorder *r, struct ring *ring, struct blkif_request *raw)
{
	struct record_slot *s;
	uint16_t slot;

	if (r->again_done < r->again_count) {
		slot = r->again[r->again_done++];
		*raw = r->kept->slots[slot].raw;
		return slot;
	}
	slot = r->unused[--r->unused_count];
	s = &r->kept->slots[slot];
	s->number = ring->req;
	ring_back_take(ring, &s->raw, sizeof(s->raw));
	*raw = s->raw;
	RECORD_STEP();
	s->state = RECORD_TAKEN;
	RECORD_STEP();
	r->kept->taken = ring->req;
	return slot;
}

bool record_answer(struct recorder *r, struct ring *ring, uint16_t slot,
		   const struct blkif_response *answer)
{
	struct record_slot *s = &r->kept->slots[slot];
	bool is_to_notify;

	s->answer = ring->rsp;
	RECORD_STEP();
	s->state = RECORD_ANSWERED;
	RECORD_STEP();
	ring_back_answer(ring, answer, sizeof(*answer));
	RECORD_STEP();
	is_to_notify = ring_back_push(ring);
	RECORD_STEP();
	r->kept->answered = ring->rsp;
	RECORD_STEP();
	s->state = RECORD_FREE;
	r->unused[r->unused_count++] = slot;
	return is_to_notify;
}
