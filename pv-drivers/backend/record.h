/* SPDX-License-Identifier: MIT */
/*
 * The requests of one ring that were taken and not answered, in memory that outlives this process:
 * domusd holds the file and hands it to the successor of a process that was killed.
 *
 *	taken, answered     as the ring's counters in struct ring
 *	slot  FREE -> TAKEN      a copy of the request; counts once `taken` has passed its number
 *	      TAKEN -> ANSWERED  with the number of its answer; counts once the guest can see that
 *	      ANSWERED -> FREE
 *
 * Invariant: killed between any two of its writes, the process leaves a record from which the next
 * one gives each request exactly one answer. That a request is done twice does no harm: the guest
 * relies on nothing of it before it is answered. The order of writes is the program's own: both
 * processes see one memory, and a killed one has done all that came before. No lock: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "block/back.h"
#include "common/ring.h"

#define RECORD_SLOTS  256u /* no fewer than requests that are taken at once */
#define RECORD_QUEUES 4u

enum record_state { RECORD_FREE, RECORD_TAKEN, RECORD_ANSWERED };

struct record_slot {
	uint32_t state;
	uint32_t number; /* the ring's counter of requests when it was taken */
	uint32_t answer; /* and of answers, when it was answered */
	uint32_t unused;
	struct blkif_request raw;
};

struct record_queue {
	uint32_t slot_count; /* of the ring; 0: nothing is recorded */
	uint32_t taken, answered;
	uint32_t unused;
	struct record_slot slots[RECORD_SLOTS];
};

/** What the file holds. */
struct record {
	struct record_queue queues[RECORD_QUEUES];
};

/** A process's own view of a queue's record. */
struct recorder {
	struct record_queue *kept;
	uint16_t unused[RECORD_SLOTS]; /* a stack */
	uint16_t again[RECORD_SLOTS];  /* a predecessor's requests, oldest first */
	uint32_t unused_count, again_count, again_done;
};

/** record_begin - of a ring that a front end has just published. */
void record_begin(struct recorder *r, struct record_queue *kept, const struct ring *ring);
/** record_resume - takes up what a predecessor left; false: there is nothing of such a ring. */
bool record_resume(struct recorder *r, struct record_queue *kept, struct ring *ring);
/** record_available - requests that can be taken: again, or new ones; -1: as of the ring. */
int record_available(const struct recorder *r, const struct ring *ring);
/** record_take - takes the next request, one must be available; returns its slot. */
uint16_t record_take(struct recorder *r, struct ring *ring, struct blkif_request *raw);
/** record_answer - answers, visibly; true: the front end is to be notified. */
bool record_answer(struct recorder *r, struct ring *ring, uint16_t slot,
		   const struct blkif_response *answer);
