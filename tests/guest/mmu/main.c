/* SPDX-License-Identifier: MIT */
/*
 * mmu_update, update_va_mapping, mmuext_op: batches, counts, preemption, whole pages, flushes.
 *
 * Guests change tables in batches. A batch stops at the first entry that is refused, and *done
 * says how many were done, across however many times the call gave way to something more urgent.
 * Failure: a FAIL line.
 */
#include "../lib/guest.h"

#define FLAGS (PTE_P | PTE_RW | PTE_US | PTE_AD)
#define HV    ((void *)0xffff820000000000ul)
#define BATCH 100u

static char *page[2];
static mmu_update_t updates[BATCH];

static long update(const void *reqs, unsigned int n, u32 *done, unsigned int dom)
{
	return HC4(__HYPERVISOR_mmu_update, reqs, n, done, dom);
}

static void batches(void)
{
	u32 done = 77;

	for (unsigned int i = 0; i < BATCH; i++) {
		updates[i].ptr = pte_maddr(page[0]) | MMU_NORMAL_PT_UPDATE;
		updates[i].val = pte_for(page[(i + 1) % 2], FLAGS);
	}
	claim("a batch is done whole, also when it gives way in between");
	CHECK_EQ(update(updates, BATCH, &done, DOMID_SELF), 0);
	CHECK_EQ(done, BATCH);
	CHECK_EQ(pte_read(page[0]) & ~PTE_AD, pte_for(page[0], FLAGS) & ~PTE_AD);
	event_make_pending();
	CHECK_EQ(update(updates, BATCH - 1, &done, DOMID_SELF), 0);
	CHECK_EQ(done, BATCH - 1);
	CHECK_EQ(pte_read(page[0]) & ~PTE_AD, pte_for(page[1], FLAGS) & ~PTE_AD);
	CHECK_EQ(update(updates, 0, &done, DOMID_SELF), 0);
	claim("it stops at a bad entry, and done says where");
	updates[41].val = 1ull << 51 | FLAGS;
	event_make_pending();
	CHECK_EQ(update(updates, BATCH, &done, DOMID_SELF), -XEN_EINVAL);
	CHECK_EQ(done, 41);
	updates[41].val = pte_for(page[0], FLAGS);
	claim("what names no table, no memory, no domain is refused");
	CHECK_EQ(update(HV, 1, &done, DOMID_SELF), -XEN_EFAULT);
	CHECK_EQ(update((void *)0x10, 1, &done, DOMID_SELF), -XEN_EFAULT);
	CHECK_EQ(update(updates, 2, HV, DOMID_SELF), -XEN_EFAULT);
	CHECK_EQ(update(updates, 1, &done, 99), -XEN_ESRCH);
	CHECK_EQ(update(updates, 1, &done, 100u << 16 | DOMID_SELF), -XEN_ESRCH);
	updates[0].ptr = pte_maddr(page[0]) + 4;
	CHECK_EQ(update(updates, 1, &done, DOMID_SELF), -XEN_EINVAL);
	updates[0].ptr = 1ull << 50;
	CHECK_EQ(update(updates, 1, &done, DOMID_SELF), -XEN_EINVAL);
	CHECK_EQ(done, 0);
}

static void kinds(void)
{
	u64 *data = (u64 *)page[1], old;

	claim("A and D bits are kept if asked to");
	CHECK_EQ(mmu_update(pte_maddr(page[0]), pte_for(page[0], FLAGS)), 0);
	CHECK_EQ(mmu_update(pte_maddr(page[0]) | MMU_PT_UPDATE_PRESERVE_AD,
			    pte_for(page[0], PTE_P | PTE_RW | PTE_US)),
		 0);
	CHECK_EQ(pte_read(page[0]) & PTE_AD, PTE_AD);
	claim("the machine-to-physical table is changed for own frames");
	CHECK_EQ(mmu_update(maddr_of(data) | MMU_MACHPHYS_UPDATE, 0x12345), 0);
	CHECK_EQ(((u64 *)0xffff800000000000ul)[va_to_mfn(data)], 0x12345);
	CHECK_EQ(mmu_update(maddr_of(data) | MMU_MACHPHYS_UPDATE, va_to_pfn(data)), 0);
	CHECK_EQ(mmu_update(1ull << 51 | MMU_MACHPHYS_UPDATE, 1), -XEN_EINVAL);
	claim("an update to a page that is no table is a store to it");
	data[5] = 0;
	CHECK_EQ(mmu_update(maddr_of(&data[5]), 99), 0);
	CHECK_EQ(data[5], 99);
	claim("update_va_mapping wants an address that has a table");
	old = pte_read(page[0]);
	CHECK_EQ(HC3(__HYPERVISOR_update_va_mapping, HV, old, UVMF_INVLPG), -XEN_EINVAL);
	CHECK_EQ(HC3(__HYPERVISOR_update_va_mapping, 0x1000, old, UVMF_INVLPG), -XEN_EINVAL);
	CHECK_EQ(HC3(__HYPERVISOR_update_va_mapping, 1ul << 60, old, UVMF_INVLPG), -XEN_EINVAL);
	CHECK_EQ(HC3(__HYPERVISOR_update_va_mapping, page[0], old, UVMF_TLB_FLUSH | UVMF_ALL), 0);
	CHECK_EQ(HC3(__HYPERVISOR_update_va_mapping, page[0], old, UVMF_INVLPG | 8),
		 -XEN_EFAULT); /* a bitmap of vcpus at 8 */
}

static void whole_pages(void)
{
	claim("pages are cleared and copied");
	memset(page[1], 'c', PAGE_SIZE);
	CHECK_EQ(va_map(page[0], pte_for(page[0], FLAGS)), 0);
	CHECK_EQ(mmuext(MMUEXT_COPY_PAGE, va_to_mfn(page[0]), va_to_mfn(page[1])), 0);
	CHECK_EQ(memcmp(page[0], page[1], PAGE_SIZE), 0);
	CHECK_EQ(mmuext(MMUEXT_CLEAR_PAGE, va_to_mfn(page[0]), 0), 0);
	CHECK_EQ(page[0][0] | page[0][4095], 0);
	CHECK_EQ(mmuext(MMUEXT_COPY_PAGE, va_to_mfn(page[0]), 1ull << 40), -XEN_EINVAL);
}

static void ext(void)
{
	struct mmuext_op ops[3] = {
		{.cmd = MMUEXT_TLB_FLUSH_LOCAL}, {.cmd = 99}, {.cmd = MMUEXT_TLB_FLUSH_ALL}};
	u64 *l4 = (u64 *)start_info_ptr->pt_base;
	unsigned int done = 0;

	claim("flushes, and what is unknown or does not belong to us");
	CHECK_EQ(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
	CHECK_EQ(mmuext(MMUEXT_INVLPG_ALL, (u64)page[0], 0), 0);
	CHECK_EQ(mmuext(MMUEXT_INVLPG_LOCAL, (u64)HV, 0), 0);
	CHECK_EQ(mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, (u64)HV), -XEN_EFAULT);
	CHECK_EQ(mmuext(MMUEXT_FLUSH_CACHE, 0, 0), 0);
	CHECK_EQ(HC4(__HYPERVISOR_mmuext_op, ops, 3, &done, DOMID_SELF), -XEN_ENOSYS);
	CHECK_EQ(done, 1);
	CHECK_EQ(HC4(__HYPERVISOR_mmuext_op, ops, 1, &done, 99), -XEN_ESRCH);
	CHECK_EQ(HC4(__HYPERVISOR_mmuext_op, HV, 1, &done, DOMID_SELF), -XEN_EFAULT);
	claim("base tables: the same again is fine, a page that is none is not");
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, va_to_mfn(l4), 0), 0);
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, va_to_mfn(page[0]), 0), -XEN_EINVAL);
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, 0, 0), -XEN_EINVAL);
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, 1ull << 45, 0), -XEN_EINVAL);
}

/* Two full tables below a new L4: validated and dropped with an event waiting each time. */
static void preempted_tables(void)
{
	u64 *l4 = page_alloc(), *l3 = page_alloc(), *l2 = page_alloc();

	claim("tables are validated and dropped in pieces");
	for (unsigned int i = 0; i < 2; i++) {
		u64 *l1 = page_alloc();

		for (unsigned int j = 0; j < 512; j++) {
			l1[j] = pte_for(page[1], PTE_P | PTE_US | PTE_AD);
		}
		CHECK_EQ(page_make_ro(l1), 0);
		l2[i] = pte_for(l1, FLAGS);
	}
	l3[0] = pte_for(l2, FLAGS);
	l4[0] = pte_for(l3, FLAGS);
	CHECK(!page_make_ro(l2) && !page_make_ro(l3) && !page_make_ro(l4));
	for (unsigned int round = 0; round < 3; round++) {
		event_make_pending();
		CHECK_EQ(mmuext(MMUEXT_PIN_L4_TABLE, va_to_mfn(l4), 0), 0);
		CHECK_EQ(page_make_rw(l3), -XEN_EINVAL);
		event_make_pending();
		CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, va_to_mfn(l4), 0), 0);
	}
	CHECK(!page_make_rw(l2) && !page_make_rw(l3) && !page_make_rw(l4));
}

void test_main(void)
{
	page[0] = page_alloc();
	page[1] = page_alloc();
	batches();
	kinds();
	whole_pages();
	ext();
	preempted_tables();
}
