/* SPDX-License-Identifier: MIT */
/*
 * Memory types are copied from the boot CPU to others: only where they differ, and so that no cache
 * line or translation of the old types is left.
 */
#include "unit.h"
#include "arch/mtrr.h"

#define MSRS 0x300

static u64 msrs[2][MSRS]; /* of each CPU */
static unsigned int cpu, writes, flushes;
static u64 cr0, cr4, cap;

u64 fake_rdmsr(u32 msr)
{
	assert_true(msr < MSRS);
	return msr == 0xfe ? cap : msrs[cpu][msr];
}
void fake_wrmsr(u32 msr, u64 v)
{
	writes++;
	assert_int_equal(cpu, 1);
	assert_true(cr0 & CR0_CD);
	assert_false(cr4 & CR4_PGE);
	assert_true(flushes > 0);
	/* While ranges change, none is in force. */
	assert_true(msr == 0x2ff || !(msrs[cpu][0x2ff] & 0x800));
	msrs[cpu][msr] = v;
}
u64 fake_read_cr0(void)
{
	return cr0;
}
u64 fake_read_cr4(void)
{
	return cr4;
}
void fake_write_cr0(u64 v)
{
	cr0 = v;
}
void fake_write_cr4(u64 v)
{
	cr4 = v;
}
void fake_wbinvd(void)
{
	assert_true(cr0 & CR0_CD);
	flushes++;
}
void fake_cpuid(u32 leaf, u32 subleaf, u32 r[4])
{
	memset(r, 0, 4 * sizeof(r[0]));
	r[3] = 1u << 12;
}

static void start(u64 capabilities)
{
	cap = capabilities;
	cr0 = CR0_PE | CR0_PG;
	cr4 = CR4_PAE | CR4_PGE;
	writes = flushes = 0;
	memset(msrs, 0, sizeof(msrs));
	cpu = 0;
	msrs[0][0x2ff] = 0xc06;
	msrs[0][0x250] = 0x0606060606060606;
	msrs[0][0x26f] = 0x0505050505050505;
	msrs[0][0x200] = 0x80000000;
	msrs[0][0x201] = 0xf80000800;
	mtrr_save();
	cpu = 1;
}

static void test_copied(void **state)
{
	(void)state;
	start(0x508);
	assert_true(mtrr_load());
	assert_memory_equal(msrs[0], msrs[1], sizeof(msrs[0]));
	assert_int_equal(cr0, CR0_PE | CR0_PG);
	assert_int_equal(cr4, CR4_PAE | CR4_PGE);
	assert_int_equal(flushes, 2);
	writes = 0;
	assert_false(mtrr_load()); /* now they are the same */
	assert_int_equal(writes, 0);
}

static void test_without_fixed_ranges(void **state)
{
	(void)state;
	start(0x8);
	assert_true(mtrr_load());
	assert_int_equal(msrs[1][0x250], 0);
	assert_int_equal(msrs[1][0x201], 0xf80000800);
}

/* A CPU may claim more ranges than anybody ever built. */
static void test_more_ranges_than_fit(void **state)
{
	(void)state;
	start(0x5ff);
	assert_true(mtrr_load());
	assert_int_equal(writes, 11 + 2 * 32 + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copied),
		cmocka_unit_test(test_without_fixed_ranges),
		cmocka_unit_test(test_more_ranges_than_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
