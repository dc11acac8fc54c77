/* SPDX-License-Identifier: MIT */
/* dom0's bootstrap layout: the example of the ABI sheet, other shapes, and its rules on random
 * input. */
#include "unit.h"
#include "arch/page.h"
#include "dom0_layout.h"

static struct dom0_layout l;

static const struct dom0_layout_in linux_in = {.virt_base = 0xffffffff80000000,
					       .kernel_bytes = 0x4a00000,
					       .initrd_bytes = 5000,
					       .initrd_by_pfn = true,
					       .has_p2m_va = true,
					       .p2m_va = 0x8000000000,
					       .pages = 262144};

/* Kernel up to 84a00000; tables 84a01000-84a2a000; stack; end at 84c00000. */
static void test_linux(void **state)
{
	(void)state;
	assert_null(dom0_layout(&linux_in, &l));
	assert_int_equal(l.start_info_pfn, 0x4a00);
	assert_int_equal(l.table_pfn, 0x4a01);
	assert_int_equal(l.table_count, 41);
	assert_int_equal(l.stack_pfn, 0x4a2a);
	assert_int_equal(l.boot_pages, 0x4c00);
	assert_int_equal(l.initrd_pfn, 0x4c00);
	assert_int_equal(l.initrd_pages, 2);
	assert_int_equal(l.p2m_pfn, 0x4c02);
	assert_int_equal(l.p2m_pages, 512);
	assert_int_equal(l.p2m_va, 0x8000000000);
	assert_int_equal(l.p2m_table_count, 3);
	assert_int_equal(l.needed_pages, 0x4c02 + 512 + 3);
}

/* GRUB's shape: base 0, everything inside the region. */
static void test_all_inside(void **state)
{
	struct dom0_layout_in in = {
		.kernel_bytes = 0x12345, .initrd_bytes = 0x3001, .pages = 16384};

	(void)state;
	assert_null(dom0_layout(&in, &l));
	assert_int_equal(l.initrd_pfn, 0x13);
	assert_int_equal(l.initrd_pages, 4);
	assert_int_equal(l.p2m_pfn, 0x17);
	assert_int_equal(l.p2m_va, 0x17000);
	assert_int_equal(l.p2m_pages, 32);
	assert_int_equal(l.start_info_pfn, 0x37);
	assert_int_equal(l.table_pfn, 0x38);
	assert_int_equal(l.table_count, 5); /* L4, L3, L2, two L1 for 4 MiB */
	assert_int_equal(l.boot_pages, 1024);
	assert_int_equal(l.needed_pages, 1024);
	assert_int_equal(l.p2m_table_count, 0);
}

/* 512 KiB of padding are due: one page more than fits makes the region 4 MiB larger. */
static void test_padding(void **state)
{
	struct dom0_layout_in in = {.kernel_bytes = (1024 - 128 - 7) << PAGE_SHIFT,
				    .has_p2m_va = true,
				    .p2m_va = 0x8000000000,
				    .pages = 16384};

	(void)state;
	assert_null(dom0_layout(&in, &l));
	assert_int_equal(l.boot_pages, 1024);
	in.kernel_bytes++;
	assert_null(dom0_layout(&in, &l));
	assert_int_equal(l.boot_pages, 2048);
}

static void test_refused(void **state)
{
	struct dom0_layout_in in = linux_in;

	(void)state;
	in.pages = 0x4c00;
	assert_non_null(strstr(dom0_layout(&in, &l), "too little memory"));
	assert_true(l.needed_pages > in.pages);
	in = linux_in;
	in.virt_base = 0xffffffffff000000; /* the region would run over the top */
	assert_non_null(strstr(dom0_layout(&in, &l), "does not fit"));
	in = linux_in;
	in.p2m_va = 0xffffffff84000000; /* in the boot region */
	assert_non_null(strstr(dom0_layout(&in, &l), "no room"));
	in = linux_in;
	in.p2m_va = 0x00007fffffff0000; /* into the non-canonical hole */
	assert_non_null(strstr(dom0_layout(&in, &l), "no room"));
	in = linux_in;
	in.initrd_by_pfn = false;
	in.initrd_bytes = 3ull << 30;
	assert_non_null(strstr(dom0_layout(&in, &l), "too large"));
}

static u64 tables_for(u64 va, u64 pages)
{
	u64 n = 1, last = va + (pages << PAGE_SHIFT) - 1;

	for (unsigned int shift = 21; shift <= 39; shift += 9) {
		n += (last >> shift) - (va >> shift) + 1;
	}
	return n;
}

static void test_random(void **state)
{
	static const u64 bases[] = {0, 0xffffffff80000000, 0x100000000, 0x7f80000000, 0x3ff00000};

	(void)state;
	srand(7);
	for (unsigned int round = 0; round < 20000; round++) {
		struct dom0_layout_in in = {.virt_base = bases[rand() % 5],
					    .kernel_bytes = 1 + (u64)rand() % (200u << 20),
					    .initrd_bytes =
						    rand() % 2 ? (u64)rand() % (300u << 20) : 0,
					    .initrd_by_pfn = rand() % 2,
					    .has_p2m_va = rand() % 2,
					    .p2m_va = 0x8000000000,
					    .pages = 400000 + (u64)rand() % 4000000};
		u64 end;

		if (dom0_layout(&in, &l)) {
			continue;
		}
		end = l.stack_pfn + 1;
		assert_true(l.table_count == tables_for(in.virt_base, l.boot_pages));
		assert_int_equal(l.stack_pfn, l.table_pfn + l.table_count);
		assert_int_equal(l.table_pfn, l.start_info_pfn + 1);
		assert_int_equal(l.boot_pages % 1024, 0);
		assert_true(l.boot_pages - end >= 128 && l.boot_pages - end < 128 + 1024);
		assert_true(l.p2m_pages * 512 >= in.pages);
		assert_true(l.start_info_pfn << PAGE_SHIFT >= in.kernel_bytes);
		assert_true(l.needed_pages <= in.pages);
		if (in.has_p2m_va) {
			assert_true(l.p2m_pfn >= l.boot_pages);
		} else {
			assert_int_equal(l.p2m_pfn + l.p2m_pages, l.start_info_pfn);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linux),   cmocka_unit_test(test_all_inside),
		cmocka_unit_test(test_padding), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
