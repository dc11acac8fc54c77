/* SPDX-License-Identifier: MIT */
/*
 * System time: the TSC scaled to nanoseconds since the hypervisor started, by the multiplier and
 * shift that guests get too, so both sides compute the same. The wall clock's base is one word.
 */
#include "arch/cpu.h"
#include "arch/tsc.h"
#include "lib/lib.h"
#include "time/time.h"

u64 tsc_khz;

static u64 tsc_start;
static u32 tsc_mul; /* ns = ((tsc << shift) * mul) >> 32 */
static s8 tsc_shift;
static u64 tsc_per_ns; /* 32.32 */

static u64 wall_base_ns; /* UTC at system time 0 */

/* A rate in kHz as multiplier 32.32 in [2^31, 2^32) and a power of two. */
static void scale_set(u64 khz)
{
	u64 hz = khz * 1000;

	tsc_shift = 0;
	while (hz > 2 * NS_PER_SEC) {
		hz >>= 1;
		tsc_shift--;
	}
	while (hz <= NS_PER_SEC) {
		hz <<= 1;
		tsc_shift++;
	}
	tsc_mul = (u32)((NS_PER_SEC << 32) / hz);
	tsc_per_ns = (khz << 32) / 1000000;
}

static u64 scale(u64 delta)
{
	delta = tsc_shift < 0 ? delta >> -tsc_shift : delta << tsc_shift;
	return (u64)(((unsigned __int128)delta * tsc_mul) >> 32);
}

void time_init(void)
{
	scale_set(tsc_khz);
	tsc_start = rdtsc();
}

u64 time_tsc_to_ns(u64 tsc)
{
	return tsc <= tsc_start ? 0 : scale(tsc - tsc_start);
}

u64 time_now(void)
{
	return time_tsc_to_ns(rdtsc());
}

/* Rounded: a timer that fires a little early is simply armed again. */
u64 time_ns_to_tsc(u64 ns)
{
	unsigned __int128 tsc = (((unsigned __int128)ns * tsc_per_ns) >> 32) + 1 + tsc_start;

	return tsc > ~0ull ? ~0ull : (u64)tsc;
}

void time_scale(u32 *mul, s8 *shift, u64 *tsc_stamp, u64 *system_time)
{
	*mul = tsc_mul;
	*shift = tsc_shift;
	*tsc_stamp = rdtsc();
	*system_time = time_tsc_to_ns(*tsc_stamp);
}

u64 time_wallclock_base(void)
{
	return READ_ONCE(wall_base_ns);
}

void time_set_wallclock(u64 sec, u32 nsec, u64 system_time)
{
	WRITE_ONCE(wall_base_ns, sec * NS_PER_SEC + nsec - system_time);
}
