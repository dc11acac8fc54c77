/* SPDX-License-Identifier: MIT */
/*
 * The clock that the TSC is measured against: HPET or ACPI PM timer, the first that is there and
 * runs; without one, what CPUID tells has to do. The first measurement, at boot, takes 10 ms; how
 * it goes on: drivers/recalibrate.c. Used on the boot CPU only.
 */
#include "arch/hv_map.h"
#include "arch/tsc.h"
#include "drivers/platform_timer.h"
#include "lib/lib.h"
#include "time/time.h"

#define MEASURE_NS  10000000u
#define ANY_HOUR    (3600 * NS_PER_SEC)
#define STALL_READS 1000000u /* without a tick: no clock */

#define HPET_PERIOD  1 /* in words of 32 bits: femtoseconds per tick */
#define HPET_CONFIG  4
#define HPET_COUNTER 60
#define HPET_ENABLE  1u
#define HPET_LEGACY  2u /* routes its timers to the PIT's and the clock's interrupts */
#define FS_PER_SEC   1000000000000000ull
#define PERIOD_MAX   100000000u /* slower than the standard allows, or all ones: no HPET */

#define PM_HZ 3579545u

static volatile u32 *hpet;
static u16 pm_port;
static u32 counter_mask = ~0u;
static u64 counter_hz;
static const char *name = "none";

static u32 counter_read(void)
{
	return (hpet ? hpet[HPET_COUNTER] : inl(pm_port)) & counter_mask;
}

/* Does the counter tick at all? */
static bool counter_runs(void)
{
	u32 first = counter_read();

	for (u32 i = 0; i < STALL_READS; i++) {
		if (counter_read() != first) {
			return true;
		}
	}
	return false;
}

static bool hpet_init(u64 maddr)
{
	u32 period;

	hpet = maddr ? map_mmio(maddr, 0x400) : NULL;
	period = hpet ? hpet[HPET_PERIOD] : 0;
	if (period && period <= PERIOD_MAX) {
		hpet[HPET_CONFIG] = (hpet[HPET_CONFIG] & ~HPET_LEGACY) | HPET_ENABLE;
		counter_hz = FS_PER_SEC / period;
		counter_mask = ~0u;
		if (counter_runs()) {
			return true;
		}
	}
	hpet = NULL;
	return false;
}

void platform_timer_init(u64 hpet_maddr, u16 port, bool pm_32bit)
{
	pm_port = port;
	if (hpet_init(hpet_maddr)) {
		name = "HPET";
		return;
	}
	counter_mask = pm_32bit ? ~0u : 0xffffff;
	if (port && counter_runs()) {
		counter_hz = PM_HZ;
		name = "ACPI PM timer";
	} else {
		counter_hz = 0;
		name = "CPUID";
	}
}

bool platform_timer_owns_port(u16 port)
{
	return pm_port && port >= pm_port && port < pm_port + 4;
}

const char *platform_timer_name(void)
{
	return name;
}

static u64 ns_to_ticks(u64 ns)
{
	return ns / NS_PER_SEC * counter_hz + ns % NS_PER_SEC * counter_hz / NS_PER_SEC;
}

static u64 ticks_to_ns(u64 t)
{
	return t / counter_hz * NS_PER_SEC + t % counter_hz * NS_PER_SEC / counter_hz;
}

/* The full count is the one nearest to what is expected that ends with the counter's bits. */
u64 platform_timer_ns(u64 about, u64 *tsc, u64 *doubt)
{
	u64 count;
	u32 ahead;

	if (!counter_hz) {
		return 0;
	}
	count = ns_to_ticks(about);
	ahead = (tsc_sample(counter_read, tsc, doubt) - (u32)count) & counter_mask;
	count += ahead;
	return ticks_to_ns(ahead > counter_mask / 2 ? count - counter_mask - 1 : count);
}

static u64 measure_counter(void)
{
	u64 tsc0, tsc1, doubt, start = platform_timer_ns(ANY_HOUR, &tsc0, &doubt), end;

	do {
		end = platform_timer_ns(start, &tsc1, &doubt);
	} while (end - start < MEASURE_NS);
	return (tsc1 - tsc0) * 1000000 / (end - start);
}

/* The crystal's rate and its ratio to the TSC, where the CPU tells both. */
static u64 cpuid_tsc_khz(void)
{
	u32 r[4];

	cpuid(0, 0, r);
	if (r[0] < 0x15) {
		return 0;
	}
	cpuid(0x15, 0, r);
	return r[0] && r[1] && r[2] ? (u64)r[2] * r[1] / r[0] / 1000 : 0;
}

/* Takes 10 ms. Panics where the machine has no clock to measure against. */
u64 platform_timer_measure_tsc_khz(void)
{
	u64 khz = counter_hz ? measure_counter() : cpuid_tsc_khz();

	if (!khz) {
		panic("no HPET or ACPI PM timer to measure the TSC against");
	}
	return khz;
}
