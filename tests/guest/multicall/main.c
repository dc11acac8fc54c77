/* SPDX-License-Identifier: MIT */
/*
 * Multicalls: several hypercalls in one, each with its own result.
 *
 * Entries run in order; an error of one does not stop the next. A call inside that gives way to
 * something more urgent goes on where it was, and no entry runs twice. A multicall inside a
 * multicall is refused, a list that cannot be read or written ends the call. Failure: a FAIL line.
 */
#include "../lib/guest.h"
#include <xen/version.h>

#define N 40u

static multicall_entry_t calls[N];
static char *page[2];

static void entry(unsigned int i, u64 op, u64 a, u64 b, u64 c, u64 d)
{
	calls[i] = (multicall_entry_t){.op = op, .result = 0x77, .args = {a, b, c, d}};
}

static void order(void)
{
	u64 e0 = pte_for(page[0], PTE_P | PTE_RW | PTE_US | PTE_AD);
	u64 e1 = pte_for(page[1], PTE_P | PTE_RW | PTE_US | PTE_AD);

	claim("each entry runs once, in order, with its own result");
	entry(0, __HYPERVISOR_xen_version, XENVER_version, 0, 0, 0);
	entry(1, 62, 0, 0, 0, 0);
	entry(2, __HYPERVISOR_update_va_mapping, (u64)page[0], e1, UVMF_INVLPG, 0);
	entry(3, __HYPERVISOR_multicall, (u64)calls, 1, 0, 0);
	entry(4, __HYPERVISOR_update_va_mapping, (u64)page[0], 1ul << 51 | 7, UVMF_INVLPG, 0);
	entry(5, __HYPERVISOR_xen_version, XENVER_pagesize, 0, 0, 0);
	CHECK_EQ(HC2(__HYPERVISOR_multicall, calls, 6), 0);
	CHECK_EQ(calls[0].result, 4 << 16 | 17);
	CHECK_EQ(calls[1].result, -XEN_ENOSYS);
	CHECK_EQ(calls[2].result, 0);
	CHECK_EQ(calls[3].result, -XEN_EINVAL);
	CHECK_EQ(calls[4].result, -XEN_EINVAL);
	CHECK_EQ(calls[5].result, PAGE_SIZE);
	CHECK_EQ(page[0][0], 'B');
	CHECK_EQ(va_map(page[0], e0), 0);
	CHECK_EQ(HC2(__HYPERVISOR_multicall, calls, 0), 0);
}

/* Every entry toggles the mapping; each is told to give way before the next. */
static void preemption(void)
{
	mmu_update_t u[N];

	claim("entries that give way go on, and none runs twice");
	for (unsigned int i = 0; i < N; i++) {
		u[i] = (mmu_update_t){pte_maddr(page[0]),
				      pte_for(page[i & 1], PTE_P | PTE_RW | PTE_US | PTE_AD)};
		entry(i, __HYPERVISOR_mmu_update, (u64)u, i + 1, 0, DOMID_SELF);
	}
	for (unsigned int round = 0; round < 20; round++) {
		event_make_pending();
		CHECK_EQ(HC2(__HYPERVISOR_multicall, calls, N), 0);
		for (unsigned int i = 0; i < N; i++) {
			if (calls[i].result) {
				CHECK_EQ(calls[i].result, 0);
			}
		}
		CHECK_EQ(page[0][0], 'B'); /* N is even: the last update shows page 1 */
		CHECK_EQ(va_map(page[0], u[0].val), 0);
	}
}

static void bad_lists(void)
{
	multicall_entry_t *edge = (multicall_entry_t *)(page[1] + PAGE_SIZE) - 1;

	claim("a list that cannot be read or written ends the call");
	CHECK_EQ(HC2(__HYPERVISOR_multicall, 0xffff820000000000ul, 1), -XEN_EFAULT);
	CHECK_EQ(HC2(__HYPERVISOR_multicall, 0x1000, 1), -XEN_EFAULT);
	CHECK_EQ(va_map(page_alloc(), 0), 0); /* what follows page 1 */
	*edge = (multicall_entry_t){.op = __HYPERVISOR_xen_version};
	CHECK_EQ(HC2(__HYPERVISOR_multicall, edge, 2), -XEN_EFAULT);
	CHECK_EQ(edge->result, 4 << 16 | 17);
	CHECK_EQ(page_make_ro(page[1]), 0);
	CHECK_EQ(HC2(__HYPERVISOR_multicall, edge, 1), -XEN_EFAULT);
	CHECK_EQ(page_make_rw(page[1]), 0);
}

void test_main(void)
{
	page[0] = page_alloc();
	page[1] = page_alloc();
	page[0][0] = 'A';
	page[1][0] = 'B';
	order();
	preemption();
	bad_lists();
}
