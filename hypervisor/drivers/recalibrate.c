/* SPDX-License-Identifier: MIT */
/*
 * System time follows the platform timer. The TSC's rate as measured at boot is wrong by the error
 * of a measurement that takes 10 ms, and then it drifts. So a timer on the boot CPU compares the
 * two clocks after 1, 2, 4 seconds and so on, then every 16 s, or every 2 s where CPUID does not
 * promise that the TSC's rate is constant. Between these moments the boot CPU sleeps if it has
 * nothing else to do; no other CPU is ever woken from idle for it.
 *
 * Each time the clock gets the rate that the TSC has had since the last comparison, plus what makes
 * up for the difference until the next one, but by SLEW_MAX at most: time is never set. What would
 * change the rate by less than one millionth is left alone: the guests are not stopped for it, and
 * what it is wrong by shows the next time.
 *
 * A comparison may itself be wrong, by how long it took to read the counter. It counts once that is
 * little beside the time since the last one, so a machine that stops and starts cannot mislead us.
 */
#include "domain/domain.h"
#include "drivers/console.h"
#include "drivers/platform_timer.h"
#include "lib/lib.h"
#include "time/time.h"

#define INTERVAL_FIRST NS_PER_SEC
#define INTERVAL_MAX   (16 * NS_PER_SEC)
#define INTERVAL_SHORT (2 * NS_PER_SEC)
#define SLEW_MAX       2000   /* of the time to the next comparison, one in so many: 500 ppm */
#define DOUBT_MAX      20000u /* of the time since the last comparison: 50 ppm */
#define ANY_HOUR       (3600 * NS_PER_SEC)

static struct timer timer;
static u64 interval = INTERVAL_FIRST;
static struct {
	u64 tsc, platform; /* the last comparison that counts */
	u64 origin;        /* of the platform's time: where system time has 0 */
	s64 behind;        /* by how much system time was behind, and the doubt about it */
	u64 doubt;
	unsigned int changes;
} state;

static s64 clamp(s64 x, s64 limit)
{
	return x < -limit ? -limit : MIN(x, limit);
}

/*
 * The multiplier for the time `next` ns that comes, by the one that made `by_tsc` ns of the TSC's
 * ticks where `by_platform` went by. The bounds keep the products in 64 bits.
 */
static u32 steer(u32 mul, u64 by_tsc, u64 by_platform, s64 behind, u64 next)
{
	s64 drift = clamp((s64)(by_platform - by_tsc), (s64)by_tsc / 16);
	s64 slew = clamp(behind, (s64)next / SLEW_MAX);

	drift = (s64)mul * (drift / 16) / ((s64)by_tsc / 16);
	return (u32)((s64)mul + drift + (s64)mul * slew / (s64)next);
}

static void compare(void *arg)
{
	u64 tsc, platform, by_tsc = time_ticks_to_ns(rdtsc() - state.tsc), doubt, stamp, system;
	u32 mul, wanted;
	s8 shift;

	timer_set(&timer, time_now() + interval);
	platform = platform_timer_ns(state.platform + by_tsc, &tsc, &doubt);
	doubt = time_ticks_to_ns(doubt);
	by_tsc = time_ticks_to_ns(tsc - state.tsc);
	if (doubt + state.doubt > by_tsc / DOUBT_MAX) {
		return;
	}
	time_scale(&mul, &shift, &stamp, &system);
	system += time_ticks_to_ns(tsc - stamp);
	state.origin = state.origin ? state.origin : platform - system;
	state.behind = (s64)(platform - state.origin - system);
	/* If looks were in doubt, so may be the next ones. */
	wanted = steer(mul, by_tsc, platform - state.platform, state.behind, MAX(by_tsc, interval));
	if (MAX(wanted, mul) - MIN(wanted, mul) > mul / 1000000) {
		vcpus_set_time_rate(wanted);
		state.changes++;
	}
	state.tsc = tsc;
	state.platform = platform;
	state.doubt = doubt;
	interval = MIN(interval * 2, cpu_features.invariant_tsc ? INTERVAL_MAX : INTERVAL_SHORT);
}

static void key_time(void)
{
	printk("system time %lu ns; at the last comparison %ld ns behind the %s, +-%lu ns\n",
	       time_now(), state.behind, platform_timer_name(), state.doubt);
	printk("compared every %lu s, the rate was changed %u times; the TSC is %sinvariant\n",
	       (u64)(interval / NS_PER_SEC), state.changes,
	       cpu_features.invariant_tsc ? "" : "not ");
	timer_dump();
}

void recalibration_begin(void)
{
	state.platform = platform_timer_ns(ANY_HOUR, &state.tsc, &state.doubt);
	state.doubt = time_ticks_to_ns(state.doubt);
}

void recalibration_start(void)
{
	console_add_key('t', key_time, "time, and each CPU's timer interrupts");
	timer_init(&timer, compare, NULL, 0);
	if (state.platform) {
		compare(NULL);
	}
}
