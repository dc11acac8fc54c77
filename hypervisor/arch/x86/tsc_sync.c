/* SPDX-License-Identifier: MIT */
/*
 * Do the TSCs of two CPUs agree? When a CPU starts, it and the boot CPU show each other their TSC
 * over and over. Who sees a value of the other that its own TSC, read afterwards, has not reached
 * yet, is late, by that much at least. Where neither ever is, no program can tell the two TSCs
 * apart: what it takes to carry a value over is longer than what they differ by.
 *
 * A new CPU that differs is set right by TSC_ADJUST, or by its TSC where the CPU lacks that, and
 * compared again; one that cannot be set right is not used, since system time (time/clock.c) and
 * what guests compute would go back whenever a vcpu moved there.
 */
#include "arch/x86_private.h"

#define COMPARISONS 5u
#define ROUNDS      500u /* of one comparison: a tenth of a millisecond */

static struct side {
	u64 tsc, late; /* what it shows, and how late it found itself */
	u32 meetings;
} __aligned(64) sides[2];

static bool has_come(const struct side *other, u32 n)
{
	return (s32)(__atomic_load_n(&other->meetings, __ATOMIC_SEQ_CST) - n) >= 0;
}

static void meet(struct side *mine, const struct side *other)
{
	u32 n = __atomic_add_fetch(&mine->meetings, 1, __ATOMIC_SEQ_CST);

	while (!has_come(other, n)) {
		cpu_relax();
	}
}

static void set_right(u64 by)
{
	u64 v;

	if (rdmsr_safe(MSR_TSC_ADJUST, &v)) {
		wrmsr(MSR_TSC, rdtsc() + by);
	} else {
		wrmsr(MSR_TSC_ADJUST, v + by);
	}
}

/* Until both have seen the other's TSC move ROUNDS times. */
static void compare(struct side *mine, const struct side *other)
{
	u64 last = 0, seen, now;
	u32 n = mine->meetings + 1;

	for (u32 moves = 0; moves < ROUNDS || !has_come(other, n);) {
		seen = __atomic_load_n(&other->tsc, __ATOMIC_ACQUIRE);
		now = rdtsc_ordered();
		mine->late = MAX(mine->late, seen > now ? seen - now : 0);
		__atomic_store_n(&mine->tsc, now, __ATOMIC_RELEASE);
		moves += seen != last;
		last = seen;
		if (moves >= ROUNDS) {
			__atomic_store_n(&mine->meetings, n, __ATOMIC_SEQ_CST);
		}
		cpu_relax();
	}
}

bool tsc_sync(bool new)
{
	struct side *mine = &sides[new], *other = &sides[!new];

	for (unsigned int i = 0; i < COMPARISONS; i++) {
		mine->tsc = mine->late = 0;
		meet(mine, other);
		compare(mine, other);
		if (!mine->late && !other->late) {
			return true;
		}
		if (new) {
			set_right(mine->late - other->late);
		}
		meet(mine, other); /* both have read what the other found */
	}
	return false;
}
