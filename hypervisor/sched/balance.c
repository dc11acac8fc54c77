/* SPDX-License-Identifier: MIT */
/*
 * Between CPUs: who is idle, and taking waiting units from others' queues. At most one queue's lock
 * is held at a time; a unit goes over by being marked as running on the new CPU under the lock of
 * the old one's queue.
 *
 * A CPU that goes idle first sets its bit and then looks at the queues; whoever queues a unit looks
 * at the bits afterwards. So one of them sees the other, and no unit waits while a CPU idles.
 */
#include "queue.h"

#define LOOK_MAX 32u /* units of a queue that a search looks at */

cpumask_t idle_cpus;

static unsigned int claim_of(const cpumask_t *a, const cpumask_t *b, unsigned int near)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(idle_cpus.bits); i++) {
		unsigned int word = (near / 64 + i) % ARRAY_SIZE(idle_cpus.bits);
		u64 bits = READ_ONCE(idle_cpus.bits[word]) & a->bits[word] & b->bits[word];
		u64 near_bit = word == near / 64 ? bits & BIT(near % 64) : 0;

		while (bits) {
			unsigned int cpu = word * 64 + bit_first(near_bit ? near_bit : bits);

			if (bit_test_and_clear(idle_cpus.bits, cpu)) {
				return cpu;
			}
			bits &= ~BIT(cpu % 64);
			near_bit = 0;
		}
	}
	return CPU_NONE;
}

static bool any_idle(void)
{
	u64 any = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(idle_cpus.bits); i++) {
		any |= READ_ONCE(idle_cpus.bits[i]);
	}
	return any;
}

unsigned int idle_claim(const struct sched_unit *u)
{
	unsigned int cpu;

	if (!any_idle()) {
		return CPU_NONE;
	}
	cpu = claim_of(&u->hard, &u->soft, u->cpu);
	return cpu != CPU_NONE ? cpu : claim_of(&u->hard, &u->hard, u->cpu);
}

static void offer(struct runq *q)
{
	unsigned int looked = 0;

	HOLD_LOCK_IRQSAVE(&q->lock);
	list_for_each_entry (u, &q->movable, struct sched_unit, link) {
		unsigned int cpu = idle_claim(u);

		if (cpu != CPU_NONE) {
			cpu_raise(cpu, PENDING_SCHEDULE);
		}
		if (++looked == LOOK_MAX) {
			break;
		}
	}
}

void balance_offer_all(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* busy, then the look for idle CPUs */
	for (unsigned int cpu = 0; any_idle() && cpu < READ_ONCE(cpu_count); cpu++) {
		if (READ_ONCE(queues[cpu].movable_count)) {
			offer(&queues[cpu]);
		}
	}
}

unsigned int balance_cpu_for(const struct sched_unit *u)
{
	unsigned int best = u->cpu;
	u32 shortest = ~0u;

	for (unsigned int cpu = 0; cpu < READ_ONCE(cpu_count); cpu++) {
		u32 n = READ_ONCE(queues[cpu].waiting_count);

		if (unit_allowed(u, cpu) && n < shortest) {
			shortest = n;
			best = cpu;
		}
	}
	return best;
}

struct balance balance_look(unsigned int cpu)
{
	struct balance b = {NULL, 0, 0, 0};

	for (unsigned int i = 0; i < READ_ONCE(cpu_count); i++) {
		struct runq *q = &queues[i];
		u64 first, level;

		if (i == cpu || !READ_ONCE(q->movable_count)) {
			continue;
		}
		first = READ_ONCE(q->first);
		level = READ_ONCE(q->level);
		if (!b.behind || key_before(level, b.level)) {
			b.level = level;
			b.step = READ_ONCE(q->step);
		}
		if (!b.behind || key_before(first, b.first)) {
			b.first = first;
			b.behind = q;
		}
	}
	return b;
}

/* Lock held. Who has had least of those that may come; where u would rather not be counts as having
 * had a slice more. */
static struct sched_unit *candidate(struct runq *q, unsigned int cpu, const u64 *limit)
{
	struct sched_unit *best = NULL;
	unsigned int looked = 0;
	u64 least = limit ? *limit : 0;

	list_for_each_entry (u, &q->movable, struct sched_unit, link) {
		u64 v = queued_v(q, u);

		if (looked++ == LOOK_MAX) {
			break;
		}
		if (!unit_allowed(u, cpu)) {
			continue;
		}
		if (!bit_test(u->soft.bits, cpu)) {
			v += vtime_of(u, SLICE_NS);
		}
		if ((!best && !limit) || key_before(v, least)) {
			best = u;
			least = v;
		}
	}
	return best;
}

struct sched_unit *balance_steal(unsigned int cpu, struct runq *from, const u64 *limit, u64 now)
{
	struct sched_unit *u;

	HOLD_LOCK_IRQSAVE(&from->lock);
	do {
		u = candidate(from, cpu, limit);
		if (!u) {
			return NULL;
		}
		queue_remove(from, u);
	} while (group_park(u, now));
	u->running = true;
	__atomic_store_n(&u->cpu, cpu, __ATOMIC_RELEASE);
	return u;
}

struct sched_unit *balance_steal_any(unsigned int cpu, u64 now)
{
	const unsigned int n = READ_ONCE(cpu_count);
	struct sched_unit *u = NULL;

	for (unsigned int i = 1; !u && i < n; i++) {
		struct runq *q = &queues[(cpu + i) % n];

		/* One that is idle itself is about to look. */
		if (READ_ONCE(q->movable_count) && READ_ONCE(q->running) != q->idle) {
			u = balance_steal(cpu, q, NULL, now);
		}
	}
	return u;
}
