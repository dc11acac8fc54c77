/* SPDX-License-Identifier: MIT */
/*
 * What the units of a domain share: weight and cap. A capped group gets its part of each period as
 * budget and pays for what its units run, so that in the long run the cap is exact: what was run
 * too much is missing later, and at most one period's part is saved. When nothing is left its
 * runnable units are parked on its list, in no queue, until its timer finds that there is budget
 * again. Lock: the group's, inside the queue's.
 */
#include "queue.h"

#define PERIOD_NS    (10 * NS_PER_MS)
#define SLICE_MIN_NS (NS_PER_MS / 10)

static s64 part(const struct sched_group *g)
{
	return (s64)(g->cap * PERIOD_NS / 100);
}

/* Lock held. */
static bool has_budget(struct sched_group *g, u64 now)
{
	u64 periods = now > g->refilled ? (now - g->refilled) / PERIOD_NS : 0;

	g->budget = MIN(g->budget + (s64)periods * part(g), 2 * part(g));
	g->refilled += periods * PERIOD_NS;
	return !g->cap || g->budget > 0;
}

/* Lock held. The timer runs when the debt is paid. */
static void set_refill(struct sched_group *g)
{
	u64 periods = (u64)(-g->budget / part(g)) + 1;

	timer_set(&g->refill, g->refilled + periods * PERIOD_NS);
}

void group_charge(struct sched_group *g, u64 ns)
{
	if (READ_ONCE(g->cap)) {
		HOLD_LOCK(&g->lock);
		g->budget -= (s64)ns;
	}
}

bool group_may_run(struct sched_group *g, u64 now)
{
	if (!READ_ONCE(g->cap)) {
		return true;
	}
	HOLD_LOCK(&g->lock);
	return has_budget(g, now);
}

static void unpark(struct sched_unit *u)
{
	list_del(&u->park);
	WRITE_ONCE(u->parked, false);
}

bool group_park(struct sched_unit *u, u64 now)
{
	struct sched_group *g = u->group;

	if (!READ_ONCE(g->cap) && !READ_ONCE(u->parked)) {
		return false;
	}
	HOLD_LOCK(&g->lock);
	unpark(u);
	if (has_budget(g, now)) {
		return false;
	}
	list_add_tail(&g->parked, &u->park);
	WRITE_ONCE(u->parked, true);
	if (!READ_ONCE(g->refill.armed)) {
		set_refill(g);
	}
	return true;
}

void group_unpark(struct sched_unit *u)
{
	if (READ_ONCE(u->parked)) {
		HOLD_LOCK(&u->group->lock);
		unpark(u);
	}
}

u64 group_slice(struct sched_group *g)
{
	s64 each;

	if (!READ_ONCE(g->cap)) {
		return SLICE_NS;
	}
	HOLD_LOCK(&g->lock);
	each = g->budget / (s64)MAX(READ_ONCE(g->running), 1u);
	return each < (s64)SLICE_MIN_NS ? SLICE_MIN_NS : MIN((u64)each, SLICE_NS);
}

/* The next unit that may go back to a queue; NULL if there is none, or no budget. */
static struct sched_unit *next_parked(struct sched_group *g)
{
	struct sched_unit *u;

	HOLD_LOCK_IRQSAVE(&g->lock);
	u = list_first(&g->parked, struct sched_unit, park);
	if (u && !has_budget(g, time_now())) {
		set_refill(g);
		return NULL;
	}
	if (u) {
		unpark(u);
	}
	return u;
}

static void refill(void *arg)
{
	struct sched_unit *u;

	while ((u = next_parked(arg))) {
		unit_place(u);
	}
}

void sched_group_init(struct sched_group *g)
{
	*g = (struct sched_group){.weight = SCHED_WEIGHT_DEFAULT};
	list_init(&g->parked);
	timer_init(&g->refill, refill, g, cpu_id());
}

void sched_group_stop(struct sched_group *g)
{
	timer_stop(&g->refill);
}

int sched_group_set(struct sched_group *g, u32 weight, u32 cap)
{
	if (!weight || weight > 65535) {
		return -EINVAL;
	}
	HOLD_LOCK_IRQSAVE(&g->lock);
	WRITE_ONCE(g->weight, weight);
	if (g->cap != cap) {
		WRITE_ONCE(g->cap, cap);
		g->refilled = time_now();
		g->budget = part(g);
		timer_set(&g->refill, 0); /* who is parked is looked at again, and who runs */
		for (unsigned int cpu = 0; cpu < READ_ONCE(cpu_count); cpu++) {
			cpu_raise(cpu, PENDING_SCHEDULE);
		}
	}
	return 0;
}
