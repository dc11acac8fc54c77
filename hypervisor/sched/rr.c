/* SPDX-License-Identifier: MIT */
/*
 * Round robin with a time slice: per CPU one list of runnable units, the woken ones before those
 * that used up their slice, so that a unit which waits for events gets the CPU soon. Replaced by
 * proportional shares when more CPUs run guests. Lock: the queue's, with interrupts off.
 *
 * A unit is on the list exactly when it is runnable and not its queue's running one. The flag
 * `running` of a unit lasts longer, until nothing of it is left on the CPU.
 */
#include "lib/lib.h"
#include "lib/spinlock.h"
#include "sched/sched.h"
#include "time/time.h"

#define SLICE_NS (10 * NS_PER_MS)

static struct runq {
	spinlock_t lock;
	struct list units;
	struct sched_unit *running, *idle;
	struct timer slice;
} queues[CONFIG_NR_CPUS];

static void slice_end(void *arg)
{
	cpu_raise(cpu_id(), PENDING_SCHEDULE);
}

void sched_init_cpu(unsigned int cpu, struct sched_unit *idle)
{
	struct runq *q = &queues[cpu];

	list_init(&q->units);
	idle->cpu = cpu;
	idle->idle = idle->running = idle->runnable = true;
	list_init(&idle->link);
	q->idle = q->running = idle;
	timer_init(&q->slice, slice_end, NULL, cpu);
}

void sched_unit_init(struct sched_unit *u, unsigned int cpu)
{
	*u = (struct sched_unit){.cpu = cpu, .weight = 256};
	list_init(&u->link);
}

void sched_wake(struct sched_unit *u)
{
	struct runq *q = &queues[u->cpu];
	HOLD_LOCK_IRQSAVE(&q->lock);

	if (!u->runnable) {
		u->runnable = true;
		if (q->running != u) {
			u->boosted = true;
			list_add(&q->units, &u->link);
			if (q->running->idle || !q->running->boosted) {
				cpu_raise(u->cpu, PENDING_SCHEDULE);
			} else if (!q->slice.armed) { /* it ran alone: from now on it has a slice */
				timer_set(&q->slice, q->running->started + SLICE_NS);
			}
		}
	}
}

void sched_sleep(struct sched_unit *u)
{
	struct runq *q = &queues[u->cpu];
	HOLD_LOCK_IRQSAVE(&q->lock);

	if (u->runnable) {
		u->runnable = false;
		if (q->running == u) {
			cpu_raise(u->cpu, PENDING_SCHEDULE);
		} else {
			list_del(&u->link);
		}
	}
}

void sched_sleep_sync(struct sched_unit *u)
{
	sched_sleep(u);
	while (READ_ONCE(u->running) && u->cpu != cpu_id()) {
		cpu_relax();
	}
}

void sched_yield(void)
{
	struct runq *q = &queues[cpu_id()];
	HOLD_LOCK_IRQSAVE(&q->lock);

	q->running->boosted = false;
	if (!list_empty(&q->units)) {
		cpu_raise(cpu_id(), PENDING_SCHEDULE);
	}
}

/* Lock held. The unit to run next; it is off the list. */
static struct sched_unit *pick(struct runq *q, u64 now)
{
	struct sched_unit *prev = q->running, *next;
	bool used_up = now - prev->started >= SLICE_NS;

	if (!prev->idle && prev->runnable) {
		if (list_empty(&q->units)) {
			return prev;
		}
		next = list_first(&q->units, struct sched_unit, link);
		if (!used_up && prev->boosted && !next->boosted) {
			return prev;
		}
		prev->boosted = false;
		list_add_tail(&q->units, &prev->link);
	}
	next = list_first(&q->units, struct sched_unit, link);
	if (!next) {
		return q->idle;
	}
	list_del(&next->link);
	return next;
}

void sched_run(void)
{
	struct runq *q = &queues[cpu_id()];
	u64 now = time_now();
	unsigned long flags = spin_lock_irqsave(&q->lock);
	struct sched_unit *prev = q->running, *next = pick(q, now);
	bool others = !list_empty(&q->units);

	if (next != prev) {
		next->running = true;
		next->started = now;
		q->running = next;
	} else if (now - prev->started >= SLICE_NS) {
		prev->started = now;
	}
	if (others && !next->idle) {
		timer_set(&q->slice, next->started + SLICE_NS);
	} else {
		timer_stop(&q->slice);
	}
	spin_unlock_irqrestore(&q->lock, flags);
	if (next != prev) {
		sched_switch(prev, next, now);
	}
}

void sched_switched_out(struct sched_unit *prev)
{
	__atomic_store_n(&prev->running, false, __ATOMIC_RELEASE);
}
