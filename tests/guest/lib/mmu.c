/* SPDX-License-Identifier: MIT */
/* Page tables of a test kernel: pages that become tables, tables for user mode. */
#include "guest.h"

void *table_alloc(void)
{
	void *t = page_alloc();

	CHECK_EQ(page_make_ro(t), 0);
	return t;
}

static void table_set(void *table, unsigned int slot, u64 entry)
{
	((u64 *)table)[slot] = entry;
}

void *user_prepare(const char *code, const char *end)
{
	const u64 flags = PTE_P | PTE_RW | PTE_US | PTE_AD;
	void *l4 = page_alloc(), *l3 = page_alloc(), *l2 = page_alloc();
	void *l1[2] = {page_alloc(), page_alloc()};
	void *page = page_alloc(), *stack = page_alloc();
	void *tables[] = {l4, l3, l2, l1[0], l1[1]};

	memcpy(page, code, (size_t)(end - code));
	table_set(l4, 0, pte_for(l3, flags));
	table_set(l3, 0, pte_for(l2, flags));
	table_set(l2, USER_CODE >> 21, pte_for(l1[0], flags));
	table_set(l2, USER_STACK >> 21, pte_for(l1[1], flags));
	table_set(l1[0], USER_CODE >> 12 & 511, pte_for(page, flags & ~PTE_RW));
	table_set(l1[1], USER_STACK >> 12 & 511, pte_for(stack, flags | PTE_NX));
	for (unsigned int i = 0; i < ARRAY_SIZE(tables); i++) {
		CHECK_EQ(page_make_ro(tables[i]), 0);
	}
	CHECK_EQ(mmuext(MMUEXT_PIN_L4_TABLE, va_to_mfn(l4), 0), 0);
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(l4), 0), 0);
	return l4;
}
