/* SPDX-License-Identifier: MIT */
/*
 * A machine for the scheduler: up to 8 CPUs, a virtual clock, and units that spin, or run and sleep
 * in turn. After each event it checks that nobody is lost, runs twice or runs where it may not,
 * that no CPU idles while somebody waits for it, and that nobody waits longer than the stated
 * bound.
 */
#pragma once

#include "unit.h"
#include "../../hypervisor/sched/queue.h"

#define SIM_CPUS  8u
#define SIM_UNITS 64u
#define US        1000ull

struct sim_unit {
	struct sched_unit unit;
	u64 run_ns, sleep_ns; /* run_ns 0: it spins */
	bool random;          /* anything up to twice as long each time */
	u64 left;             /* until it sleeps */
	u64 wakes_at;         /* ~0: when somebody wakes it */
	u64 used;
	u64 waits_since; /* ~0: it does not wait */
	u64 longest_wait;
	bool woke; /* has not run since */
	u32 *latency;
	unsigned int latencies, latency_room;
};

extern u64 sim_now;
extern bool sim_check_bound; /* also the bound; not with caps, yields or changes on the way */
extern u64 sim_late; /* by how much timers may fire too late, as on an emulated or shared machine */
extern struct sim_unit sim_units[SIM_UNITS];
extern unsigned int sim_count;
extern void (*sim_midway)(void); /* while a switch is under way */

void sim_start(unsigned int cpus, unsigned int seed);
void sim_add_cpu(struct sched_unit *idle);
struct sched_group *sim_group(u32 weight, u32 cap);
/* It is awake at once. */
struct sim_unit *sim_spin(struct sched_group *g);
struct sim_unit *sim_sleeper(struct sched_group *g, u64 run_ns, u64 sleep_ns, bool random);
void sim_run(u64 ns);
void sim_settle(void); /* what is pending on any CPU, then the checks */
/* By percentile, ns. */
u64 sim_latency(struct sim_unit *s, unsigned int percent);
unsigned int sim_random(unsigned int n);
void sim_end(void);
