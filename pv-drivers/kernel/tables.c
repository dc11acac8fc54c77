/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries. The tables that the kernel was started with are mapped read-only like any
 * page of its own; entries are written by the hypervisor, which checks them.
 */
#include "base.h"

#define MFN_MASK 0x000ffffffffff000ull

void *page_of_machine(u64 mfn)
{
	return (void *)(VIRT_BASE + mfn_to_pfn(mfn) * PAGE_SIZE);
}

u64 *table_entry(const void *p, unsigned int level)
{
	unsigned long va = (unsigned long)p;
	u64 *table = (u64 *)start_info_ptr->pt_base;
	unsigned int shift = 39;

	for (unsigned int at = 4; at > level; at--, shift -= 9) {
		table = page_of_machine((table[va >> shift & 511] & MFN_MASK) / PAGE_SIZE);
	}
	return &table[va >> shift & 511];
}

u64 *pte_address(const void *p)
{
	return table_entry(p, 1);
}

u64 pte_maddr(const void *p)
{
	return maddr_of(pte_address(p));
}

u64 pte_read(const void *p)
{
	return *pte_address(p);
}

u64 maddr_of(const void *p)
{
	return va_to_mfn(p) * PAGE_SIZE + ((unsigned long)p & (PAGE_SIZE - 1));
}

u64 pte_for(const void *p, u64 flags)
{
	return va_to_mfn(p) * PAGE_SIZE | flags;
}

long va_map(const void *p, u64 pte)
{
	return HC3(__HYPERVISOR_update_va_mapping, p, pte, UVMF_INVLPG);
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
