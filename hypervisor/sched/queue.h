/* SPDX-License-Identifier: MIT */
/* Inside sched/: a CPU's run queue and what its files share. */
#pragma once

#include "lib/lib.h"
#include "lib/spinlock.h"
#include "sched/sched.h"

#define SLICE_NS (4 * NS_PER_MS)
#define DEBT_NS  (2 * SLICE_NS) /* a unit that comes is at most this far ahead of the queue */
#define CPU_NONE (~0u)

struct runq {
	spinlock_t lock;
	struct heap_node *waiting; /* runnable units but those that run, by virtual time */
	struct list movable;       /* those of them for which other CPUs will do */
	u64 offset;                /* virtual time = key + offset */
	struct sched_unit *running, *idle;
	bool yielded;
	u64 balanced; /* when this CPU last looked at the others' queues */
	struct timer slice;
	/* Written with the lock held, read by other CPUs without it. */
	u32 waiting_count, movable_count;
	u64 first; /* virtual time of the first that waits */
	u64 level; /* the queue's virtual time */
	u64 step;  /* what a slice of the heavier of the running and the first one is worth */
} __aligned(64);

extern struct runq queues[CONFIG_NR_CPUS];

/* The virtual time that `ns` of CPU time are worth to u. */
static inline u64 vtime_of(const struct sched_unit *u, u64 ns)
{
	return ns * SCHED_WEIGHT_DEFAULT / READ_ONCE(u->group->weight);
}
static inline struct sched_unit *queue_first(const struct runq *q)
{
	return q->waiting ? container_of(q->waiting, struct sched_unit, node) : NULL;
}
static inline u64 queued_v(const struct runq *q, const struct sched_unit *u)
{
	return u->node.key + q->offset;
}

/* queue.c; all with the lock held. */
void queue_init(struct runq *q, struct sched_unit *idle);
/* comes: it was asleep, or in another queue. One that just ran here pays for all of that. */
void queue_insert(struct runq *q, struct sched_unit *u, u64 now, bool comes);
void queue_remove(struct runq *q, struct sched_unit *u);
/* Makes the running unit pay for its time so far. */
void queue_charge(struct runq *q, u64 now);
/* Its virtual time when it has paid. */
u64 queue_running_v(const struct runq *q, u64 now);
/* Moves on the queue's virtual time to the least of its units'. */
void queue_advance(struct runq *q, u64 now);
/* u comes to the queue: with bounded credit and debt. */
void queue_settle(struct runq *q, struct sched_unit *u, u64 credit);
/* How far apart fair queues of several CPUs may be for a while: both have turns to come. */
static inline u64 queue_lag(const struct sched_unit *u, u64 step)
{
	return 2 * (vtime_of(u, SLICE_NS) + step);
}
/* Moves on all units of the queue, the running one included. */
void queue_shift(struct runq *q, u64 by);

/* balance.c */
extern cpumask_t idle_cpus;
static inline bool unit_allowed(const struct sched_unit *u, unsigned int cpu)
{
	return bit_test(u->hard.bits, cpu);
}
/* An idle CPU where u may run, the best there is, no longer marked as idle: the caller has to raise
 * it. CPU_NONE. */
unsigned int idle_claim(const struct sched_unit *u);
/* The CPU with the shortest queue where u may run. */
unsigned int balance_cpu_for(const struct sched_unit *u);
/* What a CPU sees of the others' queues that have units for it. */
struct balance {
	struct runq *behind; /* whose first has had the least; NULL: nobody waits */
	u64 first;           /* that one's virtual time */
	u64 level;           /* the least of their levels */
	u64 step;            /* of that one */
};
/* This CPU is no longer idle, and may have been called for another unit than it took: calls an idle
 * CPU for each unit that waits and has one. No lock held. */
void balance_offer_all(void);
struct balance balance_look(unsigned int cpu);
/*
 * Takes a unit from another queue for this CPU, one with less virtual time than *limit, or any if
 * limit is NULL. It counts as running here at once. No lock held. NULL.
 */
struct sched_unit *balance_steal(unsigned int cpu, struct runq *from, const u64 *limit, u64 now);
struct sched_unit *balance_steal_any(unsigned int cpu, u64 now);

/* sched.c: puts a unit on a queue if it should be on one and is not. No lock held. */
void unit_place(struct sched_unit *u);

/* group.c; the lock of the unit's queue is held. */
void group_charge(struct sched_group *g, u64 ns);
bool group_may_run(struct sched_group *g, u64 now);
/* True: the group has used up its budget, and u is on its list until there is more. */
bool group_park(struct sched_unit *u, u64 now);
void group_unpark(struct sched_unit *u);
/* How long a unit may run at a stretch. */
u64 group_slice(struct sched_group *g);
