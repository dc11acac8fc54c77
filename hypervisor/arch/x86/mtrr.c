/* SPDX-License-Identifier: MIT */
/*
 * All CPUs must agree on the types of memory. Most firmware sees to it, then nothing is written
 * here; some leaves the other CPUs as they were reset, with all memory uncached or worse.
 */
#include "arch/mtrr.h"
#include "arch/x86_private.h"
#include "lib/lib.h"

#define MSR_MTRRCAP      0xfe
#define MSR_MTRR_TYPE    0x2ff /* the default type, and whether they are in force at all */
#define MSR_MTRR_RANGE_0 0x200
#define CAP_RANGES       0xff
#define CAP_FIXED        BIT(8)
#define TYPE_ENABLE      BIT(11)
#define CPUID_MTRR       BIT(12)
#define RANGES_MAX       32u

static const u16 fixed[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
			    0x26b, 0x26c, 0x26d, 0x26e, 0x26f};

/* The first and the end of the registers that there are: `fixed`, then two for each range. */
static unsigned int first, end;
static u64 saved[ARRAY_SIZE(fixed) + 2 * RANGES_MAX], saved_type;

static u32 msr_of(unsigned int i)
{
	return i < ARRAY_SIZE(fixed) ? fixed[i] : MSR_MTRR_RANGE_0 + i - (u32)ARRAY_SIZE(fixed);
}

void mtrr_save(void)
{
	u32 r[4];
	u64 cap;

	cpuid(1, 0, r);
	if (!(r[3] & CPUID_MTRR)) {
		return;
	}
	cap = rdmsr(MSR_MTRRCAP);
	first = cap & CAP_FIXED ? 0 : ARRAY_SIZE(fixed);
	end = (u32)(ARRAY_SIZE(fixed) + 2 * MIN(cap & CAP_RANGES, RANGES_MAX));
	saved_type = rdmsr(MSR_MTRR_TYPE);
	for (unsigned int i = first; i < end; i++) {
		saved[i] = rdmsr(msr_of(i));
	}
}

static bool differ(void)
{
	bool found = rdmsr(MSR_MTRR_TYPE) != saved_type;

	for (unsigned int i = first; i < end; i++) {
		found |= rdmsr(msr_of(i)) != saved[i];
	}
	return found;
}

bool mtrr_load(void)
{
	const u64 cr0 = read_cr0(), cr4 = read_cr4();

	if (!end || !differ()) {
		return false;
	}
	/* No line may be cached under the old types, no translation be left that remembers them. */
	write_cr0(cr0 | CR0_CD);
	cpu_wbinvd();
	write_cr4(cr4 ^ CR4_PGE); /* a change of it flushes all */
	wrmsr(MSR_MTRR_TYPE, saved_type & ~TYPE_ENABLE);
	for (unsigned int i = first; i < end; i++) {
		wrmsr(msr_of(i), saved[i]);
	}
	wrmsr(MSR_MTRR_TYPE, saved_type);
	cpu_wbinvd();
	write_cr0(cr0);
	write_cr4(cr4);
	return true;
}
