/* SPDX-License-Identifier: MIT */
/* The rings of block devices: which are to be run, and what is taken from them; see block.h. */
#include <xen/io/protocols.h>

#include "backend/block.h"

/* Requests that one queue may have in a row before the next has its turn. */
enum { TURN = 32 };

struct queue_list {
	struct queue *first, **last;
};

/* A queue is on one of them, or on none. */
static struct {
	struct queue_list woken, starved;
} queues = {{NULL, &queues.woken.first}, {NULL, &queues.starved.first}};

static void append(struct queue_list *list, struct queue *q)
{
	q->next = NULL;
	q->is_listed = true;
	*list->last = q;
	list->last = &q->next;
}

static void list_remove(struct queue_list *list, struct queue *q)
{
	struct queue **at = &list->first;

	while (*at && *at != q) {
		at = &(*at)->next;
	}
	if (*at) {
		*at = q->next;
		list->last = *at ? list->last : at;
	}
}

void queue_wake(struct queue *q)
{
	if (!q->is_listed) {
		append(&queues.woken, q);
		loop_again();
	}
}

void queues_wake_starved(void)
{
	if (queues.starved.first) {
		*queues.woken.last = queues.starved.first;
		queues.woken.last = queues.starved.last;
		queues.starved = (struct queue_list){NULL, &queues.starved.first};
		loop_again();
	}
}

static void fired(struct port *p)
{
	queue_wake((struct queue *)p);
}

/* Jobs that waited for a buffer come before new ones; false: they wait on. */
static bool run_held(struct queue *q)
{
	struct job *j;

	while ((j = q->held.first)) {
		if (!job_has_buffer(j)) {
			append(&queues.starved, q);
			return false;
		}
		jobs_take(&q->held);
		job_resume(j);
	}
	return true;
}

/* Takes one request; false: there is none, or none can be taken now. */
static bool take_one(struct queue *q)
{
	struct block *b = q->block;
	struct blkif_request raw;
	struct job *j;
	int available = record_available(&q->recorder, &q->ring);

	if (available < 0) {
		b->is_stopped = true;
		device_abused(b->device, "the guest's request counter is out of range");
		return false;
	}
	if (!available) {
		return !ring_back_idle(&q->ring);
	}
	j = job_get(q);
	if (!j) {
		append(&queues.starved, q);
		return false;
	}
	j->slot = record_take(&q->recorder, &q->ring, &raw);
	job_begin(j, block_decode(&b->disk, &raw, &j->request));
	return true;
}

static void queue_run(struct queue *q)
{
	int i;

	for (i = 0; i < TURN; i++) {
		/* The end of a barrier wakes all queues of the device. */
		if (!run_held(q) || q->block->is_stopped || q->block->barrier || !take_one(q)) {
			return;
		}
	}
	queue_wake(q);
}

void queues_run(void)
{
	struct queue *q, *last = NULL, **end = queues.woken.last;

	/* Up to the one that is the last now: a guest cannot keep us here. */
	if (queues.woken.first) {
		last = (struct queue *)((char *)end - offsetof(struct queue, next));
	}
	while ((q = queues.woken.first)) {
		list_remove(&queues.woken, q);
		q->is_listed = false;
		queue_run(q);
		if (q == last) {
			break;
		}
	}
}

void queue_answer(struct job *j, int16_t status)
{
	struct queue *q = j->queue;
	struct blkif_response answer = block_answer(&j->request, status);

	q->is_to_notify |= record_answer(&q->recorder, &q->ring, j->slot, &answer);
}

void queues_notify(struct block *b)
{
	struct queue *q;

	for (q = b->queues; q < b->queues + b->queue_count; q++) {
		if (q->is_to_notify) {
			q->is_to_notify = false;
			port_notify(&q->port);
		}
	}
}

/* A ring of one page has one name, or another where the front end counts its pages. */
static int ring_ref_read(const char *folder, uint32_t i, uint32_t count, uint64_t *gref)
{
	char node[16];
	int rc = -ENOENT;

	if (count == 1) {
		rc = store_read_number(folder, "ring-ref", UINT32_MAX, gref);
	}
	if (rc == -ENOENT) {
		snprintf(node, sizeof(node), "ring-ref%u", i);
		rc = store_read_number(folder, node, UINT32_MAX, gref);
	}
	return rc;
}

static int ring_map(struct queue *q, const char *folder, uint32_t count, struct complaint *c)
{
	uint32_t grefs[1 << BLOCK_RING_ORDER_MAX], i;
	uint64_t gref;
	int rc;

	for (i = 0; i < count; i++) {
		rc = ring_ref_read(folder, i, count, &gref);
		if (rc) {
			return complain(c, -rc, "%s: the ring's page %u", folder, i);
		}
		grefs[i] = (uint32_t)gref;
	}
	q->pages = grants_map(grefs, count);
	q->page_count = count;
	if (!q->pages) {
		return complain(c, errno, "%s: the ring's pages cannot be mapped", folder);
	}
	ring_back_init(&q->ring, q->pages, (size_t)count * BLOCK_PAGE_BYTES,
		       sizeof(struct blkif_request));
	return 0;
}

static int queue_open(struct queue *q, const char *folder, uint32_t page_count, struct complaint *c)
{
	uint64_t port;
	int rc = ring_map(q, folder, page_count, c);

	if (rc) {
		return rc;
	}
	rc = store_read_number(folder, "event-channel", UINT32_MAX, &port);
	rc = rc ? rc : port_bind(&q->port, (uint32_t)port, fired);
	if (rc) {
		return complain(c, -rc, "%s: the event channel cannot be bound", folder);
	}
	return 0;
}

static void queue_start(struct queue *q, struct record_queue *kept, bool is_successor)
{
	if (!is_successor || !record_resume(&q->recorder, kept, &q->ring)) {
		record_begin(&q->recorder, kept, &q->ring);
	}
	/* Notifications that came while nobody was bound are lost, in both directions. */
	q->is_to_notify = is_successor;
	queue_wake(q);
}

static int protocol_check(const char *front, struct complaint *c)
{
	char protocol[24];
	int rc = store_read(front, "protocol", protocol, sizeof(protocol));

	return rc == -ENOENT || (!rc && !strcmp(protocol, XEN_IO_PROTO_ABI_X86_64))
		       ? 0
		       : complain(c, 0, "%s/protocol is not " XEN_IO_PROTO_ABI_X86_64, front);
}

int queues_open(struct block *b, bool is_successor, struct complaint *c)
{
	const char *front = b->device->front;
	uint64_t count = store_number_or(front, "multi-queue-num-queues", BLOCK_QUEUES_MAX, 1);
	uint64_t order = store_number_or(front, "ring-page-order", BLOCK_RING_ORDER_MAX, 0);
	char folder[STORE_PATH_BYTES + 16];
	int rc = protocol_check(front, c);

	b->is_stopped = false;
	b->is_persistent = store_number_or(front, "feature-persistent", 1, 0);
	while (!rc && b->queue_count < (count ? count : 1)) {
		struct queue *q = &b->queues[b->queue_count];

		*q = (struct queue){.block = b};
		snprintf(folder, sizeof(folder), "%s/queue-%u", front, b->queue_count++);
		rc = queue_open(q, count > 1 ? folder : front, 1u << order, c);
		if (!rc) {
			queue_start(q, &b->record->queues[b->queue_count - 1], is_successor);
		}
	}
	return rc;
}

void queues_close(struct block *b)
{
	struct queue *q;

	for (q = b->queues; q < b->queues + b->queue_count; q++) {
		list_remove(&queues.woken, q);
		list_remove(&queues.starved, q);
		port_unbind(&q->port);
		if (q->pages) {
			grants_unmap(q->pages, q->page_count);
		}
	}
	b->queue_count = 0;
	persistent_end(&b->persistent);
}
