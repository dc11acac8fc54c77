/* SPDX-License-Identifier: MIT */
/*
 * System time: the TSC scaled to nanoseconds since the hypervisor started, by one record that all
 * CPUs and all guests share. The wall clock's base is one word.
 *
 * The record is a line: it passes through (stamp, base), its slope is mul and shift. Recalibration
 * replaces it by a line of another slope that meets the old one at the moment t0 of the change, so
 * time never steps. It never goes back either, on whichever CPUs it is read, because nobody uses
 * the old line after t0 or the new one before:
 *
 *  - the hypervisor's readers take the version before and after they read the TSC. It is odd from
 *    before t0 is taken until the new record is there, so who ends with the old version has read
 *    the TSC before t0, and who begins with the new one reads it afterwards;
 *  - a guest computes by itself from a copy. So no vcpu is in guest mode when the record changes,
 *    and none enters it without the copy of what is valid then: domain/vcpu_time.c.
 *
 * What is asked of the hardware is that the CPUs' TSCs agree: arch/x86/tsc_sync.c. A CPU whose TSC
 * is a little late must not take the new line's begin for a time long ahead (differences are
 * unsigned, in Linux too): stamp lies MARGIN ticks before t0 on the new line.
 *
 * Multiplication comes last and rounds down; base is what the old line's readers had at t0, so what
 * is rounded off cannot make a step either. It is less than 1 ns a change.
 */
#include "arch/cpu.h"
#include "arch/tsc.h"
#include "lib/lib.h"
#include "lib/spinlock.h"
#include "time/time.h"

#define MARGIN (1ull << 16) /* ticks: tens of microseconds */

u64 tsc_khz;

static struct {
	u32 version; /* odd: changes at this moment */
	u32 mul;     /* ns = ((ticks << shift) * mul) >> 32 */
	u8 shift;
	u64 stamp, base;  /* a value of the TSC, the system time then */
	u64 ticks_per_ns; /* 32.32 */
} __aligned(64) record;

static u64 wall_base_ns; /* UTC at system time 0 */

static u32 read_begin(void)
{
	return __atomic_load_n(&record.version, __ATOMIC_ACQUIRE) & ~1u;
}

static bool read_again(u32 version)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return unlikely(READ_ONCE(record.version) != version);
}

u64 time_ticks_to_ns(u64 ticks)
{
	return (u64)(((unsigned __int128)(ticks << record.shift) * record.mul) >> 32);
}

static void set_mul(u32 mul)
{
	record.mul = mul;
	record.ticks_per_ns = ~0ull / ((u64)mul << record.shift);
}

/* mul comes to lie in (2^29, 2^31]: fine enough, and with room for another rate. */
void time_init(void)
{
	u64 hz = tsc_khz * 1000;

	while (hz << record.shift < 2 * NS_PER_SEC) {
		record.shift++;
	}
	set_mul((u32)((NS_PER_SEC << 32) / (hz << record.shift)));
	record.stamp = rdtsc_ordered();
}

void time_set_rate(u32 mul)
{
	unsigned long flags = irq_save(); /* who interrupted us would wait for us */
	u64 tsc, now;

	WRITE_ONCE(record.version, record.version + 1);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* seen by all before the TSC is read */
	tsc = rdtsc_ordered();
	now = record.base + time_ticks_to_ns(tsc - record.stamp);
	set_mul(mul);
	record.stamp = tsc - MARGIN;
	record.base = now - time_ticks_to_ns(MARGIN);
	__atomic_store_n(&record.version, record.version + 1, __ATOMIC_RELEASE);
	irq_restore(flags);
}

u64 time_now(void)
{
	u32 version;
	u64 now;

	do {
		version = read_begin();
		now = record.base + time_ticks_to_ns(rdtsc_ordered() - record.stamp);
	} while (read_again(version));
	return now;
}

/* Rounded, and by today's rate: a timer that fires a little early is simply armed again. */
u64 time_ns_to_tsc(u64 ns)
{
	unsigned __int128 tsc;
	u32 version;

	do {
		version = read_begin();
		tsc = ns < record.base ? 0 : (unsigned __int128)(ns - record.base);
		tsc = ((tsc * record.ticks_per_ns) >> 32) + 1 + record.stamp;
	} while (read_again(version));
	return tsc > ~0ull ? ~0ull : (u64)tsc;
}

u32 time_scale(u32 *mul, s8 *shift, u64 *tsc_stamp, u64 *system_time)
{
	u32 version;

	do {
		version = read_begin();
		*mul = record.mul;
		*shift = (s8)record.shift;
		*tsc_stamp = record.stamp;
		*system_time = record.base;
	} while (read_again(version));
	return version;
}

bool time_version_is(u32 version)
{
	return READ_ONCE(record.version) == version;
}

u64 time_wallclock_base(void)
{
	return READ_ONCE(wall_base_ns);
}

void time_set_wallclock(u64 sec, u32 nsec, u64 system_time)
{
	WRITE_ONCE(wall_base_ns, sec * NS_PER_SEC + nsec - system_time);
}
