/* SPDX-License-Identifier: MIT */
/* System time, as the ABI has kernels compute it. */
#include "base.h"

u64 cycles(void)
{
	u32 lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (u64)hi << 32 | lo;
}

u64 vcpu_now(unsigned int id)
{
	volatile struct vcpu_time_info *t = &shared_info->vcpu_info[id].time;
	u32 version;
	u64 delta, ns;

	do {
		version = t->version;
		delta = cycles() - t->tsc_timestamp;
		delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift : delta << t->tsc_shift;
		ns = t->system_time +
		     (u64)(((unsigned __int128)delta * t->tsc_to_system_mul) >> 32);
	} while (version & 1 || version != t->version);
	return ns;
}

u64 system_time(void)
{
	return vcpu_now(0);
}
