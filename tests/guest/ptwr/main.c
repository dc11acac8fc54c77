/* SPDX-License-Identifier: MIT */
/*
 * Direct stores to live L1 tables take effect as if mmu_update had been called.
 *
 * Page tables are mapped read-only, so a store to one faults. For guests that asked for it
 * (VMASST writable_pagetables) the hypervisor decodes the instruction and makes the change if the
 * entry is a legal one: registers and flags change if and only if the store took effect. All else
 * is the guest's own #PF: bad entries, tables of upper levels, pages that are no tables. Failure:
 * a FAIL line, or an "unexpected trap".
 */
#include "../lib/guest.h"

#define FLAGS (PTE_P | PTE_RW | PTE_US | PTE_AD)

static char *page, *other;
static u64 *entry; /* the live entry that maps `page` */

/* The one store in `insn` to (entry) works; the page is then mapped as `now` says. */
#define STORE(insn, now, ...)                                \
	do {                                                 \
		TRY(insn, "D"(entry), __VA_ARGS__);          \
		CHECK_EQ(caught_vector, -1);                 \
		CHECK_EQ(*entry & ~PTE_AD, (now) & ~PTE_AD); \
		invlpg();                                    \
	} while (0)

/* It is the guest's fault, and changes nothing. */
#define FAULT(insn, where, ...)                                        \
	do {                                                           \
		u64 old_ = *(u64 *)(where);                            \
		TRY(insn, "D"(where), __VA_ARGS__);                    \
		CHECK_EQ(caught_vector, 14);                           \
		CHECK_EQ(caught_ec, 3);                                \
		CHECK_EQ(shared_info->vcpu_info[0].arch.cr2, (where)); \
		CHECK_EQ(*(u64 *)(where), old_);                       \
	} while (0)

static void invlpg(void)
{
	CHECK_EQ(mmuext(MMUEXT_INVLPG_LOCAL, (u64)page, 0), 0);
}

static void stores(void)
{
	u64 a = pte_for(page, FLAGS), b = pte_for(other, FLAGS), got;

	claim("mov: the page changes under the address");
	STORE("movq %1, (%0)", b, "r"(b));
	CHECK_EQ(page[0], 'o');
	STORE("movl %k1, (%0)", (b & ~0xffffffffull) | (u32)a, "r"(a)); /* the high half is alike */
	CHECK_EQ(page[0], 'p');
	claim("xchg gives the old entry");
	__asm__ volatile("xchgq %0, (%1)" : "=r"(got) : "r"(entry), "0"(b) : "memory");
	CHECK_EQ(got & ~PTE_AD, a & ~PTE_AD);
	CHECK_EQ(*entry & ~PTE_AD, b & ~PTE_AD);
	claim("lock cmpxchg compares, and says so in ZF and rax");
	got = *entry;
	__asm__ volatile("lock cmpxchgq %2, (%1)" : "+a"(got) : "r"(entry), "r"(a) : "memory");
	CHECK_EQ(*entry & ~PTE_AD, a & ~PTE_AD);
	got = 0x1234;
	__asm__ volatile("lock cmpxchgq %2, (%1)" : "+a"(got) : "r"(entry), "r"(b) : "memory");
	CHECK_EQ(got & ~PTE_AD, a & ~PTE_AD);
	CHECK_EQ(*entry & ~PTE_AD, a & ~PTE_AD);
	claim("lock and, or, btr, bts on single bits");
	STORE("lock andb $0xfd, (%0)", a & ~PTE_RW, "r"(0));
	STORE("lock orb $2, (%0)", a, "r"(0));
	STORE("lock btrq $1, (%0)", a & ~PTE_RW, "r"(0));
	STORE("lock btsq $1, (%0)", a, "r"(0));
	STORE("movb $0, (%0)", a & ~0xffull, "r"(0));
	STORE("movq $0, (%0)", 0, "r"(0));
	TRY("movb (%0), %%al", "r"(page));
	CHECK_EQ(caught_vector, 14);
	CHECK_EQ(caught_ec, 0);
	STORE("movq %1, (%0)", a, "r"(a));
	page[1] = 1;
}

static u64 *upper_entry(void)
{
	u64 *l4 = (u64 *)start_info_ptr->pt_base;

	return &l4[511];
}

static void faults(void)
{
	u64 a = pte_for(page, FLAGS);

	claim("what must not stand in a table is the guest's own page fault");
	FAULT("movq %1, (%0)", entry, "r"(pte_for(entry, FLAGS)));
	FAULT("movq %1, (%0)", entry, "r"(1ull << 51 | FLAGS));
	FAULT("movq %1, (%0)", entry, "r"(a | 1ull << 62));
	FAULT("movdqu %%xmm0, (%0)", entry, "r"(0));
	FAULT("incq (%0)", entry, "r"(0));
	claim("upper tables, and read-only pages that are no tables, are not written so");
	FAULT("movq %1, (%0)", upper_entry(), "r"(*upper_entry()));
	CHECK_EQ(page_make_ro(other), 0);
	FAULT("movq %1, (%0)", (u64 *)other, "r"(1ul));
	FAULT("lock andb $0, (%0)", (u64 *)other, "r"(0));
	CHECK_EQ(page_make_rw(other), 0);
	claim("an entry across two is not written");
	TRY("movq %1, 4(%0)", "D"(entry), "r"(0ul));
	CHECK_EQ(caught_vector, 14);
}

void test_main(void)
{
	page = page_alloc();
	other = page_alloc();
	page[0] = 'p';
	other[0] = 'o';
	entry = pte_address(page);
	claim("without the assist a store to a table is the guest's own page fault");
	CHECK_EQ(HC2(__HYPERVISOR_vm_assist, 1, 2), 0);
	FAULT("movq %1, (%0)", entry, "r"(*entry));
	CHECK_EQ(HC2(__HYPERVISOR_vm_assist, 0, 2), 0);
	stores();
	faults();
	claim("unknown assists and commands are refused");
	CHECK_EQ(HC2(__HYPERVISOR_vm_assist, 0, 31), -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_vm_assist, 0, 99), -XEN_EINVAL);
	CHECK_EQ(HC2(__HYPERVISOR_vm_assist, 7, 2), -XEN_ENOSYS);
}
