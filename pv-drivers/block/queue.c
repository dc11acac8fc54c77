/* SPDX-License-Identifier: MIT */
/*
 * Requests of the block front end, from the caller to the ring and back; see front.h.
 *
 *	submit:  check -> slot -> segments lent -> entry in the ring
 *	answer:  slot found -> segments taken back -> slot free -> done()
 *
 * Invariant: a slot is free or holds the request whose id it is; the ring never holds more
 * requests than there are slots.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/io/blkif.h>

#include "front.h"

struct block_slot {
	struct block_request *request;          /* NULL: free */
	struct blkif_request_segment *indirect; /* a page of descriptors, once one was needed */
	grant_ref_t indirect_ref;
	uint32_t next; /* of a free one: the next free one, or NO_SLOT */
};

enum { NO_SLOT = UINT32_MAX };

/* What the back end is asked for, by operation. */
static const uint8_t operations[] = {
	[BLOCK_READ] = BLKIF_OP_READ,
	[BLOCK_WRITE] = BLKIF_OP_WRITE,
	[BLOCK_BARRIER] = BLKIF_OP_WRITE_BARRIER,
	[BLOCK_FLUSH] = BLKIF_OP_FLUSH_DISKCACHE,
	[BLOCK_DISCARD] = BLKIF_OP_DISCARD,
};

static bool has_data(const struct block_request *r)
{
	return r->op == BLOCK_READ || r->op == BLOCK_WRITE || r->op == BLOCK_BARRIER;
}

/* --- Checks --- */

/* Sectors of the request's data; 0: a segment is none, or there are too many. */
static uint64_t data_sectors(const struct block_front *f, const struct block_request *r)
{
	uint64_t bytes = 0;

	if (r->segment_count > f->info.segments) {
		return 0;
	}
	for (uint32_t i = 0; i < r->segment_count; i++) {
		const struct block_segment *s = &r->segments[i];

		if (!s->bytes || (s->offset | s->bytes) % BLOCK_SECTOR_BYTES ||
		    (uint32_t)s->offset + s->bytes > PLATFORM_PAGE_BYTES) {
			return 0;
		}
		bytes += s->bytes;
	}
	return bytes / BLOCK_SECTOR_BYTES;
}

static bool is_offered(const struct block_front *f, enum block_op op)
{
	return op == BLOCK_READ || op == BLOCK_WRITE || (op == BLOCK_FLUSH && f->info.has_flush) ||
	       (op == BLOCK_BARRIER && f->info.has_barrier) ||
	       (op == BLOCK_DISCARD && f->info.has_discard);
}

static int request_check(const struct block_front *f, const struct block_request *r)
{
	uint64_t unit = f->info.sector_bytes / BLOCK_SECTOR_BYTES;
	uint64_t count = has_data(r) ? data_sectors(f, r) : r->sector_count;

	if (!is_offered(f, r->op)) {
		return -EOPNOTSUPP;
	}
	if (f->info.is_read_only && r->op != BLOCK_READ && r->op != BLOCK_FLUSH) {
		return -EROFS;
	}
	if (r->op == BLOCK_FLUSH) {
		return 0;
	}
	if (!count || r->sector % unit || count % unit || r->sector > f->info.sectors ||
	    count > f->info.sectors - r->sector) {
		return -EINVAL;
	}
	return 0;
}

/* --- Pages that the back end is lent --- */

static void copy_put(struct block_front *f, unsigned char *page, grant_ref_t ref)
{
	f->copies[f->copy_count++] = (struct block_copy){page, ref};
}

static int copy_get(struct block_front *f, struct block_segment *s)
{
	if (!f->copy_count) {
		struct block_segment fresh;

		if (f->copy_total == BLOCK_COPY_PAGES || block_buffer_get(f, &fresh)) {
			return -EAGAIN;
		}
		f->copy_total++;
		copy_put(f, fresh.page, fresh.ref);
	}
	f->copy_count--;
	s->lent_page = f->copies[f->copy_count].page;
	s->lent_ref = f->copies[f->copy_count].ref;
	return 0;
}

void block_copies_free(struct block_front *f)
{
	while (f->copy_count) {
		struct block_copy *c = &f->copies[--f->copy_count];

		platform_grant_free(c->ref, c->page);
	}
	f->copy_total = 0;
}

static int segment_lend(struct block_front *f, const struct block_request *r,
			struct block_segment *s)
{
	s->lent_page = NULL;
	s->lent_ref = 0;
	if (s->ref) {
		return 0;
	}
	if (!f->is_persistent) {
		return platform_grant(f->device.back_id, s->page, r->op != BLOCK_READ, &s->lent_ref)
			       ? -EAGAIN
			       : 0;
	}
	if (copy_get(f, s)) {
		return -EAGAIN;
	}
	if (r->op != BLOCK_READ) {
		memcpy(s->lent_page + s->offset, s->page + s->offset, s->bytes);
	}
	return 0;
}

/* 0, or -EBUSY: the back end has not let go of the page. */
static int segment_return(struct block_front *f, const struct block_request *r,
			  struct block_segment *s, bool is_good)
{
	if (!s->lent_ref) {
		return 0;
	}
	if (!s->lent_page) {
		return platform_grant_end(s->lent_ref);
	}
	if (is_good && r->op == BLOCK_READ) {
		memcpy(s->page + s->offset, s->lent_page + s->offset, s->bytes);
	}
	copy_put(f, s->lent_page, s->lent_ref);
	return 0;
}

/* The first `count` segments. */
static int segments_return(struct block_front *f, const struct block_request *r, uint32_t count,
			   bool is_good)
{
	int rc = 0;

	for (uint32_t i = 0; i < count; i++) {
		int one = segment_return(f, r, &r->segments[i], is_good);

		rc = one ? one : rc;
	}
	return rc;
}

static int segments_lend(struct block_front *f, const struct block_request *r)
{
	for (uint32_t i = 0; i < r->segment_count; i++) {
		if (segment_lend(f, r, &r->segments[i])) {
			segments_return(f, r, i, false);
			return -EAGAIN;
		}
	}
	return 0;
}

int block_buffer_get(const struct block_front *f, struct block_segment *s)
{
	int rc;

	memset(s, 0, sizeof(*s));
	s->page = platform_pages(1);
	if (!s->page) {
		return -ENOMEM;
	}
	rc = platform_grant(f->device.back_id, s->page, false, &s->ref);
	if (rc) {
		platform_pages_free(s->page, 1);
		s->page = NULL;
	}
	return rc;
}

void block_buffer_put(struct block_segment *s)
{
	if (s->page) {
		platform_grant_free(s->ref, s->page);
	}
	memset(s, 0, sizeof(*s));
}

/* --- Entries of the ring --- */

static void descriptors_fill(struct blkif_request_segment *to, const struct block_request *r)
{
	for (uint32_t i = 0; i < r->segment_count; i++) {
		const struct block_segment *s = &r->segments[i];

		to[i].gref = s->ref ? s->ref : s->lent_ref;
		to[i].first_sect = (uint8_t)(s->offset / BLOCK_SECTOR_BYTES);
		to[i].last_sect = (uint8_t)((s->offset + s->bytes) / BLOCK_SECTOR_BYTES - 1);
	}
}

static void put_direct(struct block_queue *q, uint32_t id, const struct block_request *r)
{
	struct blkif_request entry = {
		.operation = operations[r->op],
		.nr_segments = (uint8_t)r->segment_count,
		.handle = q->front->handle,
		.id = id,
		.sector_number = r->sector,
	};

	descriptors_fill(entry.seg, r);
	ring_front_put(&q->ring, &entry, sizeof(entry));
}

static void put_indirect(struct block_queue *q, uint32_t id, const struct block_request *r)
{
	struct blkif_request_indirect entry = {
		.operation = BLKIF_OP_INDIRECT,
		.indirect_op = operations[r->op],
		.nr_segments = (uint16_t)r->segment_count,
		.handle = q->front->handle,
		.id = id,
		.sector_number = r->sector,
		.indirect_grefs = {q->slots[id].indirect_ref},
	};

	descriptors_fill(q->slots[id].indirect, r);
	ring_front_put(&q->ring, &entry, sizeof(entry));
}

static void put_discard(struct block_queue *q, uint32_t id, const struct block_request *r)
{
	struct blkif_request_discard entry = {
		.operation = BLKIF_OP_DISCARD,
		.handle = q->front->handle,
		.id = id,
		.sector_number = r->sector,
		.nr_sectors = r->sector_count,
	};

	ring_front_put(&q->ring, &entry, sizeof(entry));
}

static bool is_indirect(const struct block_request *r)
{
	return has_data(r) && r->segment_count > BLKIF_MAX_SEGMENTS_PER_REQUEST;
}

/* A page for more descriptors than the ring's entry holds; it stays with the slot. */
static int indirect_get(struct block_front *f, struct block_slot *slot)
{
	struct block_segment page;

	_Static_assert(BLOCK_SEGMENTS * sizeof(struct blkif_request_segment) <= PLATFORM_PAGE_BYTES,
		       "one page of descriptors is enough");
	if (slot->indirect) {
		return 0;
	}
	if (block_buffer_get(f, &page)) {
		return -EAGAIN;
	}
	slot->indirect = (void *)page.page;
	slot->indirect_ref = page.ref;
	return 0;
}

int block_submit(struct block_front *f, uint32_t queue, struct block_request *r)
{
	struct block_queue *q = &f->queues[queue];
	struct block_slot *slot;
	uint32_t id;
	int rc;

	if (!f->is_ready || queue >= f->queue_count) {
		return -ENODEV;
	}
	rc = request_check(f, r);
	if (rc) {
		return rc;
	}
	id = q->first_free;
	if (id == NO_SLOT) {
		return -EAGAIN;
	}
	slot = &q->slots[id];
	if (!has_data(r)) {
		r->segment_count = 0;
	}
	if ((is_indirect(r) && indirect_get(f, slot)) || segments_lend(f, r)) {
		return -EAGAIN;
	}
	q->first_free = slot->next;
	slot->request = r;
	if (r->op == BLOCK_DISCARD) {
		put_discard(q, id, r);
	} else if (is_indirect(r)) {
		put_indirect(q, id, r);
	} else {
		put_direct(q, id, r);
	}
	return 0;
}

void block_push(struct block_front *f, uint32_t queue)
{
	struct block_queue *q = &f->queues[queue];

	if (f->is_ready && queue < f->queue_count && ring_front_push(&q->ring)) {
		platform_notify(q->port);
	}
}

/* --- Answers --- */

/* The request is over: its pages come back, its slot is free, its owner is told. */
static void slot_finish(struct block_queue *q, uint32_t id, int status)
{
	struct block_slot *slot = &q->slots[id];
	struct block_request *r = slot->request;
	int rc = segments_return(q->front, r, r->segment_count, !status);

	slot->request = NULL;
	slot->next = q->first_free;
	q->first_free = id;
	if (rc && q->front->is_ready) {
		q->front->is_ready = false;
		device_fail(&q->front->device, "it keeps pages of requests that it answered");
	}
	r->done(r, rc ? rc : status);
}

/* What does not work though it was offered is not asked for again. */
static void offer_withdraw(struct block_info *info, enum block_op op)
{
	info->has_flush &= op != BLOCK_FLUSH;
	info->has_barrier &= op != BLOCK_BARRIER;
	info->has_discard &= op != BLOCK_DISCARD;
}

static int status_of(struct block_front *f, const struct block_request *r, int16_t status)
{
	switch (status) {
	case BLKIF_RSP_OKAY:
		return 0;
	case BLKIF_RSP_EOPNOTSUPP:
		offer_withdraw(&f->info, r->op);
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

/* Why the answer is none; NULL: it was one. */
static const char *answer_take(struct block_queue *q)
{
	struct blkif_response answer;
	struct block_request *r;

	ring_front_take(&q->ring, &answer, sizeof(answer));
	if (answer.id >= q->ring.slot_count || !q->slots[answer.id].request) {
		return "it answers what nobody asked";
	}
	r = q->slots[answer.id].request;
	if (answer.operation != operations[r->op] &&
	    !(is_indirect(r) && answer.operation == BLKIF_OP_INDIRECT)) {
		return "it answers another operation";
	}
	slot_finish(q, (uint32_t)answer.id, status_of(q->front, r, answer.status));
	return NULL;
}

/* The back end's event. More answers than requests there cannot be, so this comes to an end. */
static void answered(void *arg)
{
	struct block_queue *q = arg;
	struct block_front *f = q->front;
	const char *fault = NULL;

	while (f->is_ready && !fault) {
		int waiting = ring_front_available(&q->ring);

		if (waiting < 0) {
			fault = "it counts more answers than requests";
		} else if (waiting) {
			fault = answer_take(q);
		} else if (ring_front_idle(&q->ring)) {
			return;
		}
	}
	if (fault) {
		f->is_ready = false;
		device_fail(&f->device, fault);
	}
}

/* --- A queue's life --- */

static size_t slots_pages(uint32_t slot_count)
{
	return (slot_count * sizeof(struct block_slot) + PLATFORM_PAGE_BYTES - 1) /
	       PLATFORM_PAGE_BYTES;
}

int block_queue_open(struct block_front *f, struct block_queue *q, uint32_t ring_pages)
{
	uint32_t n;
	int rc = device_share(&f->device, &q->shared, ring_pages);

	if (rc) {
		return rc;
	}
	ring_front_init(&q->ring, q->shared.pages, ring_pages * PLATFORM_PAGE_BYTES,
			sizeof(struct blkif_request));
	n = q->ring.slot_count;
	q->front = f;
	q->slots = platform_pages((uint32_t)slots_pages(n));
	if (!q->slots) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		q->slots[i].next = i + 1 < n ? i + 1 : NO_SLOT;
	}
	return platform_port_open(f->device.back_id, answered, q, &q->port);
}

void block_queue_close(struct block_queue *q)
{
	uint32_t n = q->ring.slot_count;

	if (q->port) {
		platform_port_close(q->port);
	}
	for (uint32_t i = 0; q->slots && i < n; i++) {
		if (q->slots[i].request) {
			slot_finish(q, i, -EIO);
		}
		if (q->slots[i].indirect) {
			platform_grant_free(q->slots[i].indirect_ref, q->slots[i].indirect);
		}
	}
	if (q->slots) {
		platform_pages_free(q->slots, (uint32_t)slots_pages(n));
	}
	device_unshare(&q->shared);
	memset(q, 0, sizeof(*q));
}
