/* SPDX-License-Identifier: MIT */
/*
 * The clock that the TSC is measured against at boot: HPET or ACPI PM timer, the first that is
 * there and runs; without one, what CPUID tells has to do. The measurement takes 10 ms. Used on the
 * boot CPU only, before any guest.
 */
#include "arch/cpu.h"
#include "arch/hv_map.h"
#include "drivers/platform_timer.h"
#include "lib/lib.h"

#define MEASURE_US  10000u
#define SAMPLES     5u
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

/* The counter and the TSC at the same moment: of some samples the one that took the least time. */
static u32 sample(u64 *tsc)
{
	u64 best = ~0ull;
	u32 count = 0;

	for (unsigned int i = 0; i < SAMPLES; i++) {
		u64 before = rdtsc();
		u32 c = counter_read();
		u64 took = rdtsc() - before;

		if (took < best) {
			best = took;
			count = c;
			*tsc = before + took / 2;
		}
	}
	return count;
}

static u64 measure_counter(void)
{
	u64 ticks = counter_hz * MEASURE_US / 1000000, tsc0, tsc1;
	u32 start = sample(&tsc0), end;

	while (((counter_read() - start) & counter_mask) < ticks) {
		cpu_relax();
	}
	end = sample(&tsc1);
	return (tsc1 - tsc0) * counter_hz / ((end - start) & counter_mask) / 1000;
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
