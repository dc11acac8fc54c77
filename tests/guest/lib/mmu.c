/* SPDX-License-Identifier: MIT */
/* Page tables of a test kernel: single entries, pages that become tables, tables for user mode. */
#include "guest.h"

u64 maddr_of(const void *p)
{
	return va_to_mfn(p) * PAGE_SIZE + ((unsigned long)p & (PAGE_SIZE - 1));
}

u64 pte_for(const void *p, u64 flags)
{
	return va_to_mfn(p) * PAGE_SIZE | flags;
}

long mmuext(unsigned int cmd, u64 arg1, u64 arg2)
{
	struct mmuext_op op = {.cmd = cmd};

	op.arg1.mfn = arg1;
	op.arg2.src_mfn = arg2;
	return HC4(__HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF);
}

long mmu_update(u64 ptr, u64 val)
{
	mmu_update_t u = {ptr, val};

	return HC4(__HYPERVISOR_mmu_update, &u, 1, 0, DOMID_SELF);
}

long page_make_ro(void *p)
{
	return va_map(p, pte_for(p, PTE_P | PTE_AD));
}

long page_make_rw(void *p)
{
	return va_map(p, pte_for(p, PTE_P | PTE_RW | PTE_AD));
}

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
