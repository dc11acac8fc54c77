/* SPDX-License-Identifier: MIT */
/*
 * System time (ns since boot, from the TSC, the same on all CPUs; never goes back, see
 * time/clock.c), wall clock, and timers.
 * A timer belongs to one CPU's heap; its callback runs there from PENDING_TIMER, interrupts on, no
 * lock held.
 */
#pragma once

#include "lib/heap.h"

#define NS_PER_MS   1000000ull
#define NS_PER_SEC  1000000000ull
#define TIMER_NEVER (~0ull >> 1) /* later times are taken for this one */

u64 time_now(void);
/* What a number of ticks lasts at today's rate: for who changes the rate. */
u64 time_ticks_to_ns(u64 ticks);
/* When the TSC will have come to that time; for a time that is over some value in the past. */
u64 time_ns_to_tsc(u64 ns);
/* The record that all clocks are computed from: mul and shift of the ABI's vcpu_time_info, and a
 * (tsc, system time) pair. Returns its version. */
u32 time_scale(u32 *mul, s8 *shift, u64 *tsc_stamp, u64 *system_time);
/* Is that version still what time_now() goes by? */
bool time_version_is(u32 version);
/* From this moment on another rate. One caller at a time, and no guest runs meanwhile: only
 * vcpus_set_time_rate() calls it. */
void time_set_rate(u32 mul);
/* UTC in ns at system time 0; changed by platform_op settime and read from the RTC at boot. */
u64 time_wallclock_base(void);
void time_set_wallclock(u64 sec, u32 nsec, u64 system_time);
void time_init(void);

struct timer {
	struct heap_node node; /* its key: when it expires, ns of system time */
	void (*fn)(void *arg);
	void *arg;
	unsigned int cpu;
	bool armed;
};

void timer_start_cpu(void); /* each CPU, once its APIC timer is calibrated */
void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned int cpu);
void timer_set(struct timer *t, u64 expires); /* (re)arms; a past time fires at once */
/* The same, and from now on it belongs to this CPU; waits until a callback elsewhere returned. */
void timer_set_here(struct timer *t, u64 expires);
void timer_stop(struct timer *t); /* afterwards its callback is not running and won't */
void timer_run(void);             /* PENDING_TIMER on this CPU */
void timer_dump(void);            /* prints how often each CPU's timer interrupted it */
