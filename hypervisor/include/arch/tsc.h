/* SPDX-License-Identifier: MIT */
/* The TSC's rate, measured at boot against HPET or PM timer, and how to compare it with a counter.
 */
#pragma once

#include "arch/cpu.h"

extern u64 tsc_khz; /* set once by boot/ */

static inline bool tsc_passed(u64 since, u64 us)
{
	return rdtsc() - since > tsc_khz * us / 1000;
}
static inline void tsc_wait(u64 us)
{
	u64 start = rdtsc();

	while (!tsc_passed(start, us)) {
		cpu_relax();
	}
}

/*
 * A counter and the TSC at the same moment: of some samples the one that took the least time. The
 * two may be *doubt ticks apart.
 */
static inline u32 tsc_sample(u32 (*counter)(void), u64 *tsc, u64 *doubt)
{
	u32 count = 0;

	*doubt = ~0ull;
	for (unsigned int i = 0; i < 5; i++) {
		u64 before = rdtsc();
		u32 c = counter();
		u64 half = (rdtsc() - before) / 2;

		if (half < *doubt) {
			*doubt = half;
			*tsc = before + half;
			count = c;
		}
	}
	return count;
}
