/* SPDX-License-Identifier: MIT */
/*
 * One run queue: its units in the order of their virtual time, and the queue's own virtual time,
 * its level. The level never goes back while the queue has units: it is what all of them have had
 * at least, give or take the credit. Lock: the queue's.
 */
#include "queue.h"

struct runq queues[CONFIG_NR_CPUS];

static void publish(struct runq *q)
{
	if (q->waiting) {
		WRITE_ONCE(q->first, queued_v(q, queue_first(q)));
	}
}

void queue_init(struct runq *q, struct sched_unit *idle)
{
	list_init(&q->movable);
	q->idle = q->running = idle;
}

static void count(struct runq *q, const struct sched_unit *u, u32 by)
{
	WRITE_ONCE(q->waiting_count, q->waiting_count + by);
	if (u->movable) {
		WRITE_ONCE(q->movable_count, q->movable_count + by);
	}
}

void queue_insert(struct runq *q, struct sched_unit *u, u64 now, bool comes)
{
	queue_advance(q, now);
	if (comes) {
		/* Sleep earns as much as waiting elsewhere may have, but not because others are
		 * light. */
		queue_settle(q, u, queue_lag(u, MIN(q->step, 2 * vtime_of(u, SLICE_NS))));
	}
	u->node.key = u->v - q->offset;
	heap_insert(&q->waiting, &u->node);
	if (u->movable) {
		list_add_tail(&q->movable, &u->link);
	}
	u->queued = true;
	publish(q);
	count(q, u, 1);
}

void queue_remove(struct runq *q, struct sched_unit *u)
{
	u->v = queued_v(q, u);
	heap_remove(&q->waiting, &u->node);
	list_del(&u->link);
	u->queued = false;
	publish(q);
	count(q, u, -1u);
}

static u64 unpaid(const struct sched_unit *u, u64 now)
{
	return now > u->charged ? now - u->charged : 0;
}

void queue_charge(struct runq *q, u64 now)
{
	struct sched_unit *u = q->running;
	u64 ns = unpaid(u, now), weight, sum;

	if (u->idle) {
		return;
	}
	weight = READ_ONCE(u->group->weight);
	sum = ns * SCHED_WEIGHT_DEFAULT + u->rest;
	u->v += sum / weight;
	u->rest = sum % weight;
	u->charged += ns;
	group_charge(u->group, ns);
}

u64 queue_running_v(const struct runq *q, u64 now)
{
	return q->running->v + vtime_of(q->running, unpaid(q->running, now));
}

/* One that is alone may be ahead of all others, by its last slice: that is no measure for who
 * comes. */
static u64 alone(const struct sched_unit *u, u64 v)
{
	return v - vtime_of(u, DEBT_NS);
}

void queue_advance(struct runq *q, u64 now)
{
	const struct sched_unit *r = q->running, *first = queue_first(q);
	u64 least;

	if (r->idle) {
		if (!first) {
			return;
		}
		least = alone(first, queued_v(q, first));
	} else if (!first) {
		least = alone(r, queue_running_v(q, now));
	} else {
		least = queue_running_v(q, now);
		if (key_before(queued_v(q, first), least)) {
			least = queued_v(q, first);
		}
	}
	if (key_before(q->level, least)) {
		WRITE_ONCE(q->level, least);
	}
}

void queue_settle(struct runq *q, struct sched_unit *u, u64 credit)
{
	u64 low = q->level - credit, high = q->level + vtime_of(u, DEBT_NS);

	if (q->running->idle && !q->waiting) {
		WRITE_ONCE(q->level, u->v); /* nobody to compare with */
	} else if (key_before(u->v, low)) {
		u->v = low;
	} else if (key_before(high, u->v)) {
		u->v = high;
	}
}

void queue_shift(struct runq *q, u64 by)
{
	q->offset += by;
	q->running->v += by;
	WRITE_ONCE(q->level, q->level + by);
	publish(q);
}
