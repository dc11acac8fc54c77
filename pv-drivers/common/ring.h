/* SPDX-License-Identifier: MIT */
/*
 * Shared rings, for either end and any kind of entry. The layout is that of <xen/io/ring.h>:
 *
 *	req_prod req_event rsp_prod rsp_event  48 bytes  | slot 0 | slot 1 | ... (a power of two)
 *
 * A front end writes requests into slots and reads responses from them, a back end the reverse;
 * one slot holds the larger of the two. The counters run on and on; a slot is counter % slots.
 *
 * Invariant: nothing that the other end wrote is used before it was checked, nor read twice. Each
 * function reads a counter of the other end once; ring_*_available() refuses one that is out of
 * range, so the callers' loops are bounded by the ring's size. No lock: a ring belongs to one
 * thread of each end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring_shared {
	uint32_t req_prod, req_event;
	uint32_t rsp_prod, rsp_event;
	uint8_t unused[48];
};
_Static_assert(sizeof(struct ring_shared) == 64, "slots begin behind 64 bytes");

struct ring {
	struct ring_shared *shared;
	unsigned char *slots;
	uint32_t slot_count; /* a power of two */
	uint32_t slot_bytes;
	uint32_t req; /* front: requests written; back: requests read */
	uint32_t rsp; /* front: responses read; back: responses written */
};

/** ring_slots - how many slots of so many bytes fit into a ring of so many bytes. */
static inline uint32_t ring_slots(size_t ring_bytes, uint32_t slot_bytes)
{
	size_t fit = (ring_bytes - sizeof(struct ring_shared)) / slot_bytes;
	uint32_t n = 1;

	while (n * 2 <= fit) {
		n *= 2;
	}
	return n;
}

static inline void ring_init(struct ring *r, void *pages, size_t ring_bytes, uint32_t slot_bytes)
{
	r->shared = pages;
	r->slots = (unsigned char *)pages + sizeof(struct ring_shared);
	r->slot_count = ring_slots(ring_bytes, slot_bytes);
	r->slot_bytes = slot_bytes;
	r->req = r->rsp = 0;
}

/** ring_front_init - lays out an empty ring in zeroed pages that are not shared yet. */
static inline void ring_front_init(struct ring *r, void *pages, size_t ring_bytes,
				   uint32_t slot_bytes)
{
	ring_init(r, pages, ring_bytes, slot_bytes);
	r->shared->req_event = r->shared->rsp_event = 1;
}

/**
 * ring_back_init - attaches to the front end's ring where its last back end stopped answering:
 * requests that were read and not answered are read again. On a fresh ring that is the start.
 */
static inline void ring_back_init(struct ring *r, void *pages, size_t ring_bytes,
				  uint32_t slot_bytes)
{
	ring_init(r, pages, ring_bytes, slot_bytes);
	r->rsp = __atomic_load_n(&r->shared->rsp_prod, __ATOMIC_ACQUIRE);
	r->req = r->rsp;
}

static inline unsigned char *ring_slot(const struct ring *r, uint32_t counter)
{
	return r->slots + (size_t)(counter & (r->slot_count - 1)) * r->slot_bytes;
}

/* Copies once: the compiler may not go back to the slot for what it has not kept. */
static inline void ring_copy(void *to, const void *from, size_t bytes)
{
	__builtin_memcpy(to, from, bytes);
	__asm__ volatile("" ::: "memory");
}

/** ring_back_available - requests that wait to be read; -1: the front end's counter is no such. */
static inline int ring_back_available(const struct ring *r)
{
	uint32_t prod = __atomic_load_n(&r->shared->req_prod, __ATOMIC_ACQUIRE);

	return prod - r->rsp > r->slot_count || prod - r->rsp < r->req - r->rsp
		       ? -1
		       : (int)(prod - r->req);
}

/** ring_back_take - copies the next request, of at most slot_bytes; one must be available. */
static inline void ring_back_take(struct ring *r, void *request, size_t bytes)
{
	ring_copy(request, ring_slot(r, r->req++), bytes);
}

/** ring_back_answer - writes the next response; the front end sees it with ring_back_push(). */
static inline void ring_back_answer(struct ring *r, const void *response, size_t bytes)
{
	ring_copy(ring_slot(r, r->rsp++), response, bytes);
}

/* Publishes `now`; true if the other end, which asked to hear of `event`, is to be notified. */
static inline bool ring_publish(uint32_t *counter, uint32_t now, const uint32_t *event)
{
	uint32_t old = *counter;

	__atomic_store_n(counter, now, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* before we look whether the other end sleeps */
	return now - __atomic_load_n(event, __ATOMIC_RELAXED) < now - old;
}

/** ring_back_push - shows all answers to the front end; true: notify it. */
static inline bool ring_back_push(struct ring *r)
{
	return ring_publish(&r->shared->rsp_prod, r->rsp, &r->shared->rsp_event);
}

/**
 * ring_back_ask - asks for a notification when so many requests wait to be read. Returns as
 * ring_back_available(): they may have come meanwhile.
 */
static inline int ring_back_ask(struct ring *r, uint32_t count)
{
	__atomic_store_n(&r->shared->req_event, r->req + count, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* before we look for what came meanwhile */
	return ring_back_available(r);
}

/** ring_back_idle - asks for a notification of the next request; true: go and sleep. */
static inline bool ring_back_idle(struct ring *r)
{
	return !ring_back_ask(r, 1);
}

/** ring_front_free - slots for further requests. */
static inline uint32_t ring_front_free(const struct ring *r)
{
	return r->slot_count - (r->req - r->rsp);
}

/** ring_front_put - writes a request into the next slot; one must be free. */
static inline void ring_front_put(struct ring *r, const void *request, size_t bytes)
{
	ring_copy(ring_slot(r, r->req++), request, bytes);
}

/** ring_front_push - shows all requests to the back end; true: notify it. */
static inline bool ring_front_push(struct ring *r)
{
	return ring_publish(&r->shared->req_prod, r->req, &r->shared->req_event);
}

/** ring_front_available - responses that wait to be read; -1: more than there were requests. */
static inline int ring_front_available(const struct ring *r)
{
	uint32_t ready = __atomic_load_n(&r->shared->rsp_prod, __ATOMIC_ACQUIRE) - r->rsp;

	return ready > r->req - r->rsp ? -1 : (int)ready;
}

/** ring_front_take - copies the next response; one must be available. */
static inline void ring_front_take(struct ring *r, void *response, size_t bytes)
{
	ring_copy(response, ring_slot(r, r->rsp++), bytes);
}

/** ring_front_idle - asks for a notification of the next response; true: go and sleep. */
static inline bool ring_front_idle(struct ring *r)
{
	__atomic_store_n(&r->shared->rsp_event, r->rsp + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !ring_front_available(r);
}
