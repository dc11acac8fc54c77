/* SPDX-License-Identifier: MIT */
/*
 * Who runs where: proportional shares by weight, in virtual time. Source: start-time fair queueing
 * (P. Goyal, H. Vin, H. Cheng, "Start-time Fair Queuing", SIGCOMM 1996; for CPUs P. Goyal, X. Guo,
 * H. Vin, "A Hierarchical CPU Scheduler for Multimedia Operating Systems", OSDI 1996), with wake-up
 * credit and preemption as Linux's CFS has them, and one scale of virtual time for all CPUs, along
 * which they take units from each other. docs/scheduler.md has a picture.
 *
 * Each unit has a virtual time, v, that grows by 256 / weight per ns on a CPU. A CPU runs who has
 * the least v of its queue, a slice at a time; one that wakes takes the CPU as soon as its v is
 * less by a granule, but not before the running one had its CPU for the rate limit. A queue's level
 * is the least v of its units and never goes back: who comes to the queue, awake or from another
 * CPU, gets a v of at least level - credit and at most level + debt. Sleep earns no more than the
 * credit. A CPU takes units from others' queues when it has none, or when one is behind its own
 * best; a queue that is behind all contended ones by more than the credit is moved on, so that a
 * unit that cannot use its share saves none up.
 *
 * Invariants. A runnable unit is exactly one of: running on u->cpu, in the queue of u->cpu, parked
 * for want of budget, or in the hands of one who is just placing it. Only sched_switched_out() ends
 * `running`; so no CPU gets a unit before another one has let go of it. No unit runs outside of its
 * hard affinity, but until the next decision of its CPU after a change.
 *
 * Bound: a unit with budget that may use its CPU gets it after at most
 *     slice * sum over the others j that may use it of (7 + 4 * weight_j / weight_l)
 * where l is the lightest of all of them, and slice is 4 ms, or the rate limit if that is more:
 * each other one spends its credit and runs until it is ahead. Equal ones take turns of a slice.
 * Lock: the queue of u->cpu, which is read, locked and read again. Never two queues' together.
 */
#include "queue.h"

#define GRANULE_NS     (NS_PER_MS / 2)
#define BALANCE_NS     NS_PER_MS
#define STEAL_AHEAD_NS NS_PER_MS /* by how much another queue's unit must be behind */

static u32 ratelimit_us = SCHED_RATELIMIT_US;

u32 sched_ratelimit(void)
{
	return READ_ONCE(ratelimit_us);
}

int sched_set_ratelimit(u32 us)
{
	if (us && (us < SCHED_RATELIMIT_US_MIN || us > SCHED_RATELIMIT_US_MAX)) {
		return -EINVAL;
	}
	WRITE_ONCE(ratelimit_us, us);
	return 0;
}

static u64 ratelimit_ns(void)
{
	return sched_ratelimit() * 1000ull;
}

static u64 slice_ns(void)
{
	return MAX(SLICE_NS, ratelimit_ns());
}

static void slice_end(void *arg)
{
	cpu_raise(cpu_id(), PENDING_SCHEDULE);
}

void sched_init_cpu(unsigned int cpu, struct sched_unit *idle)
{
	struct runq *q = &queues[cpu];

	idle->cpu = cpu;
	idle->idle = idle->running = idle->runnable = true;
	queue_init(q, idle);
	timer_init(&q->slice, slice_end, NULL, cpu);
	cpu_raise(cpu, PENDING_SCHEDULE); /* it counts as idle from its first decision on */
}

void sched_unit_init(struct sched_unit *u, unsigned int cpu, struct sched_group *g)
{
	*u = (struct sched_unit){.cpu = cpu, .group = g, .movable = true};
	list_init(&u->link);
	list_init(&u->park);
	memset(&u->hard, 0xff, sizeof(u->hard));
	memset(&u->soft, 0xff, sizeof(u->soft));
}

static struct runq *unit_lock(struct sched_unit *u, unsigned long *flags)
{
	for (;;) {
		unsigned int cpu = __atomic_load_n(&u->cpu, __ATOMIC_ACQUIRE);
		struct runq *q = &queues[cpu];

		*flags = spin_lock_irqsave(&q->lock);
		if (__atomic_load_n(&u->cpu, __ATOMIC_ACQUIRE) == cpu) {
			return q;
		}
		spin_unlock_irqrestore(&q->lock, *flags);
	}
}

/* The next look at the queue is at that time or before. */
static void look_by(struct runq *q, u64 at)
{
	if (!READ_ONCE(q->slice.armed) || at < q->slice.node.key) {
		timer_set(&q->slice, at);
	}
}

/* Lock held. A waiting unit takes the CPU when the running one is ahead of it by a granule. */
static void preempt(struct runq *q, const struct sched_unit *u, u64 now)
{
	const struct sched_unit *r = q->running;
	s64 lead = (s64)(queued_v(q, u) + vtime_of(u, GRANULE_NS) - queue_running_v(q, now));
	u64 wait =
		lead > 0 ? (u64)lead * READ_ONCE(r->group->weight) / SCHED_WEIGHT_DEFAULT + 1 : 0;
	u64 at = MAX(now + MIN(wait, slice_ns()), r->started + ratelimit_ns());

	if (at <= now) {
		cpu_raise(u->cpu, PENDING_SCHEDULE);
	} else {
		look_by(q, at);
	}
}

/* --- Queueing --- */

enum place { WAKE, BACK, REQUEUE }; /* it wakes; its budget or its place changed; its slice ended */

/* Lock held. */
static void queue_up(struct runq *q, struct sched_unit *u, u64 now, enum place why, bool moved)
{
	unsigned int idle;

	queue_insert(q, u, now, why != REQUEUE || moved);
	if (q->running->idle) {
		cpu_raise(u->cpu, PENDING_SCHEDULE);
		return;
	}
	if (why != REQUEUE) {
		preempt(q, u, now);
	} else {
		/* Woken while it was switched out: the one that runs thinks it is alone. */
		look_by(q, q->running->started + slice_ns());
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* queued before the look for idle CPUs */
	idle = idle_claim(u);
	if (idle != CPU_NONE) {
		cpu_raise(idle, PENDING_SCHEDULE);
	}
}

/* A unit that was switched out counts as running until this is done: it may not be freed before. */
static void place(struct sched_unit *u, enum place why, u64 now)
{
	unsigned int target = CPU_NONE, idle = CPU_NONE;
	bool done = false, moved = false;

	while (!done) {
		unsigned long flags;
		struct runq *q = unit_lock(u, &flags);

		if (target == CPU_NONE && why == WAKE) {
			u->runnable = true;
		}
		done = !u->runnable || (u->running && why != REQUEUE) || u->queued ||
		       group_park(u, now);
		if (!done && target == CPU_NONE) {
			idle = idle_claim(u);
			target = idle == CPU_NONE ? u->cpu : idle;
		}
		if (!done && !unit_allowed(u, target)) {
			target = balance_cpu_for(u);
		}
		if (!done && target == u->cpu) {
			queue_up(q, u, now, why, moved);
			done = true;
		} else if (!done) {
			moved = true;
			__atomic_store_n(&u->cpu, target, __ATOMIC_RELEASE);
		}
		if (done && why == REQUEUE) {
			__atomic_store_n(&u->running, false, __ATOMIC_RELEASE);
		}
		spin_unlock_irqrestore(&q->lock, flags);
	}
	if (idle != CPU_NONE) {
		cpu_raise(idle, PENDING_SCHEDULE);
	}
}

void unit_place(struct sched_unit *u)
{
	place(u, BACK, time_now());
}

void sched_wake(struct sched_unit *u, u64 now)
{
	place(u, WAKE, now);
}

void sched_sleep(struct sched_unit *u)
{
	unsigned long flags;
	struct runq *q = unit_lock(u, &flags);

	if (u->runnable) {
		u->runnable = false;
		group_unpark(u);
		if (u->queued) {
			queue_remove(q, u);
		} else if (u->running) {
			cpu_raise(u->cpu, PENDING_SCHEDULE);
		}
	}
	spin_unlock_irqrestore(&q->lock, flags);
}

void sched_sleep_sync(struct sched_unit *u)
{
	sched_sleep(u);
	while (__atomic_load_n(&u->running, __ATOMIC_ACQUIRE) && queues[cpu_id()].running != u) {
		cpu_relax();
	}
}

void sched_yield(void)
{
	struct runq *q = &queues[cpu_id()];
	HOLD_LOCK_IRQSAVE(&q->lock);

	if (q->waiting) {
		q->yielded = true;
		cpu_raise(cpu_id(), PENDING_SCHEDULE);
	}
}

/* How many of the first n CPUs are in m. */
static unsigned int count_cpus(const cpumask_t *m, unsigned int n)
{
	unsigned int count = 0;

	for (unsigned int cpu = 0; cpu < n; cpu++) {
		count += bit_test(m->bits, cpu);
	}
	return count;
}

int sched_unit_set_affinity(struct sched_unit *u, const cpumask_t *hard, const cpumask_t *soft)
{
	unsigned long flags;
	struct runq *q;

	if (!count_cpus(hard, READ_ONCE(cpu_count))) {
		return -EINVAL;
	}
	q = unit_lock(u, &flags);
	if (u->queued) {
		queue_remove(q, u);
	}
	u->hard = *hard;
	u->soft = *soft;
	u->movable = count_cpus(hard, CONFIG_NR_CPUS) > 1;
	if (u->running && !unit_allowed(u, u->cpu)) {
		cpu_raise(u->cpu, PENDING_SCHEDULE);
	}
	spin_unlock_irqrestore(&q->lock, flags);
	place(u, BACK, time_now());
	return 0;
}

/* --- Choosing; the lock of the CPU's queue is held. --- */

static struct sched_unit *first_runnable(struct runq *q, u64 now)
{
	struct sched_unit *u = queue_first(q);

	while (u && !group_may_run(u->group, now)) {
		queue_remove(q, u);
		if (!group_park(u, now)) {
			queue_insert(q, u, now, true); /* budget just came */
			break;
		}
		u = queue_first(q);
	}
	return queue_first(q);
}

/* Who should run next, still in the queue unless it runs now. */
static struct sched_unit *best(struct runq *q, u64 now)
{
	struct sched_unit *prev = q->running, *first = first_runnable(q, now);
	u64 ran = now - prev->started, v;

	if (prev->idle || !prev->runnable || !unit_allowed(prev, prev->cpu) ||
	    !group_may_run(prev->group, now)) {
		return first ? first : q->idle;
	}
	if (!first || q->yielded || ran < ratelimit_ns()) {
		return first && q->yielded ? first : prev;
	}
	v = queued_v(q, first) + (ran < slice_ns() ? vtime_of(first, GRANULE_NS) : 0);
	return key_before(prev->v, v) ? prev : first;
}

static u64 v_of(const struct runq *q, const struct sched_unit *u)
{
	return u->queued ? queued_v(q, u) : u->v;
}

/* The lock is let go in between. Who should run next after that: u, or the best if there is none.
 */
static struct sched_unit *steal(struct runq *q, struct runq *from, const u64 *limit, u64 now,
				unsigned long *flags)
{
	unsigned int cpu = q->idle->cpu;
	struct sched_unit *u;

	spin_unlock_irqrestore(&q->lock, *flags);
	u = from ? balance_steal(cpu, from, limit, now) : balance_steal_any(cpu, now);
	*flags = spin_lock_irqsave(&q->lock);
	return u ? u : best(q, now);
}

/* Whether another queue's unit should run here before `next`: returns who should. */
static struct sched_unit *balance(struct runq *q, struct sched_unit *next, u64 now,
				  unsigned long *flags)
{
	struct balance b;
	u64 limit;

	if (next->idle) {
		bit_test_and_set(idle_cpus.bits, q->idle->cpu); /* before the look at queues */
		return steal(q, NULL, NULL, now, flags);
	}
	if (READ_ONCE(cpu_count) == 1 || now - q->balanced < BALANCE_NS) {
		return next;
	}
	q->balanced = now;
	b = balance_look(q->idle->cpu);
	if (!b.behind) {
		return next;
	}
	limit = v_of(q, next) + queue_lag(next, b.step);
	if (key_before(limit, b.level)) {
		queue_shift(q, b.level - limit);
	}
	limit = v_of(q, next) - vtime_of(next, STEAL_AHEAD_NS);
	return key_before(b.first, limit) ? steal(q, b.behind, &limit, now, flags) : next;
}

/* Who is alone keeps a timer that was set for others: to look once for nothing costs less than to
 * stop it at each of the many switches of a guest and who serves it. */
static void set_slice(struct runq *q, bool others, u64 now)
{
	struct sched_unit *u = q->running;

	if (u->idle) {
		timer_stop(&q->slice);
	} else if (others || READ_ONCE(u->group->cap) || READ_ONCE(cpu_count) > 1) {
		timer_set(&q->slice, MIN(u->started + slice_ns(), now + group_slice(u->group)));
	}
}

/* What a slice is worth here in virtual time. */
static u64 step(const struct runq *q)
{
	u64 ours = q->running->idle ? 0 : vtime_of(q->running, SLICE_NS);

	return q->waiting ? MIN(ours, vtime_of(queue_first(q), SLICE_NS)) : ours;
}

/* next gets the CPU. */
static void take(struct runq *q, struct sched_unit *next, u64 now)
{
	struct sched_unit *prev = q->running;

	if (next->queued) {
		queue_remove(q, next);
	} else if (next != prev && !next->idle) {
		queue_advance(q, now);
		queue_settle(q, next, queue_lag(next, q->step));
	}
	if (next != prev) {
		next->running = true;
		next->started = next->charged = now;
		WRITE_ONCE(q->running, next);
		if (!next->idle) {
			__atomic_add_fetch(&next->group->running, 1, __ATOMIC_RELAXED);
		}
	} else if (now - prev->started >= slice_ns()) {
		prev->started = now;
	}
	q->yielded = false;
	WRITE_ONCE(q->step, step(q));
	if (!next->idle && bit_test(idle_cpus.bits, q->idle->cpu)) {
		bit_test_and_clear(idle_cpus.bits, q->idle->cpu);
	}
}

void sched_run(void)
{
	struct runq *q = &queues[cpu_id()];
	u64 now = time_now();
	unsigned long flags = spin_lock_irqsave(&q->lock);
	struct sched_unit *prev = q->running, *next;

	queue_charge(q, now);
	queue_advance(q, now);
	next = balance(q, best(q, now), now, &flags);
	take(q, next, now);
	set_slice(q, q->waiting || (prev != next && prev->runnable && !prev->idle), now);
	if (next == prev && q->waiting && !next->idle) {
		preempt(q, queue_first(q), now);
	}
	spin_unlock_irqrestore(&q->lock, flags);
	if (prev->idle && next != prev) {
		balance_offer_all();
	}
	if (next != prev) {
		sched_switch(prev, next, now);
	}
}

void sched_switched_out(struct sched_unit *prev, u64 now)
{
	if (prev->idle) {
		prev->running = false;
		return;
	}
	__atomic_sub_fetch(&prev->group->running, 1, __ATOMIC_RELAXED);
	place(prev, REQUEUE, now);
}
