/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: which unit runs on a CPU. A unit is the schedulable side of a vcpu and is embedded
 * in it; the units of a domain share a group, which has their weight and their cap. How it decides:
 * sched/sched.c and docs/scheduler.md.
 */
#pragma once

#include "arch/cpu.h"
#include "lib/heap.h"
#include "lib/list.h"
#include "lib/spinlock.h"
#include "time/time.h"

#define SCHED_WEIGHT_DEFAULT 256u
/* Long turns rather than many: a guest and its back end work in batches then. */
#define SCHED_RATELIMIT_US     500u
#define SCHED_RATELIMIT_US_MIN 100u /* that can be set, beside 0 */
#define SCHED_RATELIMIT_US_MAX 500000u

struct sched_group {
	u32 weight;  /* of each unit, 1 .. 65535 */
	u32 cap;     /* percent of one CPU for all units together; 0 = none */
	u32 running; /* units on CPUs now (atomic) */
	spinlock_t lock;
	s64 budget;         /* ns that its units may still run */
	u64 refilled;       /* until when budget was given out */
	struct list parked; /* runnable units that wait for budget */
	struct timer refill;
};

/* Guarded by the lock of the queue of `cpu`; park and parked by the group's. */
struct sched_unit {
	struct heap_node node; /* in the queue while it waits: key = v - the queue's offset */
	struct list link;      /* ... and, if several CPUs will do, on the queue's list of those */
	struct list park;      /* on the group's list while it waits for budget */
	struct sched_group *group;
	unsigned int cpu; /* whose queue; others may read a stale value */
	bool idle;
	bool runnable;
	bool running; /* from being chosen until nothing of it is left on the CPU */
	bool queued, parked;
	bool movable;         /* more than one CPU will do */
	u64 v;                /* virtual time it has had; stale while queued */
	u64 rest;             /* what did not make a whole ns of it */
	u64 started, charged; /* system time: when it got the CPU, up to when it paid for it */
	cpumask_t hard, soft;
};

/* Each CPU for itself, before it runs any unit. */
void sched_init_cpu(unsigned int cpu, struct sched_unit *idle);
void sched_unit_init(struct sched_unit *u, unsigned int cpu, struct sched_group *g);
/* It became runnable: is queued, and preempts perhaps. now: time_now(). */
void sched_wake(struct sched_unit *u, u64 now);
void sched_sleep(struct sched_unit *u);      /* no longer runnable: stops running soon */
void sched_sleep_sync(struct sched_unit *u); /* ... and waits until it is off its CPU */
void sched_yield(void);                      /* lets another go first, once */
/* Where it may run and where it would rather; moves it soon. -EINVAL: no CPU of `hard` is there. */
int sched_unit_set_affinity(struct sched_unit *u, const cpumask_t *hard, const cpumask_t *soft);
/* PENDING_SCHEDULE on this CPU: picks and switches; may not return (it resumes another guest). */
void sched_run(void);

void sched_group_init(struct sched_group *g);
void sched_group_stop(struct sched_group *g); /* all its units sleep for good: it may be freed */
int sched_group_set(struct sched_group *g, u32 weight, u32 cap); /* -EINVAL: no such weight */

/* The least time that a unit keeps a CPU before one that wakes may take it; 0 = none. -EINVAL. */
int sched_set_ratelimit(u32 us);
u32 sched_ratelimit(void);
/* Prints the run queues: a key of the console. */
void sched_dump(void);

/*
 * Provided by domain/: saves prev, loads next, calls sched_switched_out() once nothing of prev is
 * left on the CPU, and goes on with next; does not return.
 */
void sched_switch(struct sched_unit *prev, struct sched_unit *next, u64 now)
	__attribute__((noreturn));
void sched_switched_out(struct sched_unit *prev, u64 now);
