/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: which unit runs on a CPU. A unit is the schedulable side of a vcpu and is embedded
 * in it. Each CPU has one queue, guarded by its lock (taken with interrupts off).
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "arch/cpu.h"
#include "lib/list.h"

struct sched_unit {
	struct list link; /* in a run queue when runnable and not running */
	unsigned int cpu; /* where it runs or last ran */
	bool runnable, running, idle, boosted;
	u16 weight, cap;
	s64 credit;
	u64 started; /* system time when it last got the CPU */
};

void sched_init_cpu(unsigned int cpu, struct sched_unit *idle);
void sched_unit_init(struct sched_unit *u, unsigned int cpu);
void sched_wake(struct sched_unit *u);       /* became runnable: queue it and maybe preempt */
void sched_sleep(struct sched_unit *u);      /* no longer runnable: stops running soon */
void sched_sleep_sync(struct sched_unit *u); /* ... and waits until it is off its CPU */
void sched_yield(void);
/* PENDING_SCHEDULE on this CPU: picks and switches; may not return (it resumes another guest). */
void sched_run(void);

/*
 * Provided by domain/: saves prev, loads next, calls sched_switched_out(prev) once nothing of it is
 * left on the CPU, and goes on with next; does not return.
 */
void sched_switch(struct sched_unit *prev, struct sched_unit *next, u64 now)
	__attribute__((noreturn));
void sched_switched_out(struct sched_unit *prev);

#endif
