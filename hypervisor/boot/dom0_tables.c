/* SPDX-License-Identifier: MIT */
/*
 * dom0's first page tables: written as plain contents of its memory, then pinned, which has the
 * type system check them like any guest's. Boot only.
 */
#include "dom0_private.h"
#include "lib/lib.h"
#include "mm/pagetype.h"

#define TABLE_FLAGS (PTE_P | PTE_RW | PTE_US | PTE_A)
/* As the ABI shows a kernel's page: user to the CPU, marked as the guest kernel's. */
#define RO_FLAGS (PTE_P | PTE_US | PTE_A | PTE_GUEST_KERNEL)
#define RW_FLAGS (RO_FLAGS | PTE_RW | PTE_D)

/* Frames to make tables of, by pfn: the boot region's first, then those for the p2m list. */
struct table_pool {
	struct dom0_builder *b;
	u64 next, end;
};

static pte_t *next_table(struct table_pool *pool, pte_t *entry)
{
	struct dom0_builder *b = pool->b;

	if (!(*entry & PTE_P)) {
		BUG_ON(pool->next == pool->end);
		*entry = pte_make(_mfn(b->p2m[pool->next++]), TABLE_FLAGS);
	}
	return mfn_to_virt(pte_mfn(*entry));
}

static pte_t *l1_table(struct table_pool *pool, pte_t *l4, unsigned long va)
{
	pte_t *l3 = next_table(pool, &l4[l4_slot(va)]);
	pte_t *l2 = next_table(pool, &l3[l3_slot(va)]);

	return next_table(pool, &l2[l2_slot(va)]);
}

/* Maps count pages from pfn on; those in [ro, ro_end) read-only. */
static void map_pages(struct table_pool *pool, pte_t *l4, unsigned long va, u64 pfn, u64 count,
		      u64 ro, u64 ro_end)
{
	const u64 *p2m = pool->b->p2m;
	pte_t *l1 = NULL;

	for (u64 end = pfn + count; pfn < end; pfn++, va += PAGE_SIZE) {
		if (!l1 || l1_slot(va) == 0) {
			l1 = l1_table(pool, l4, va);
		}
		l1[l1_slot(va)] =
			pte_make(_mfn(p2m[pfn]), pfn >= ro && pfn < ro_end ? RO_FLAGS : RW_FLAGS);
	}
}

mfn_t dom0_build_tables(struct dom0_builder *b)
{
	const struct dom0_layout *l = &b->layout;
	struct table_pool boot = {b, l->table_pfn + 1, l->table_pfn + l->table_count};
	struct table_pool more = {b, l->p2m_table_pfn, l->p2m_table_pfn + l->p2m_table_count};
	mfn_t root = _mfn(b->p2m[l->table_pfn]);
	int rc;

	map_pages(&boot, mfn_to_virt(root), b->kernel.virt_base, 0, l->boot_pages, l->table_pfn,
		  l->table_pfn + l->table_count);
	BUG_ON(boot.next != boot.end);
	if (elf_has_note(&b->kernel, XEN_ELFNOTE_INIT_P2M)) {
		map_pages(&more, mfn_to_virt(root), l->p2m_va, l->p2m_pfn, l->p2m_pages, 0, 0);
	}
	do {
		rc = frame_pin(root, &b->d->mm, FT_L4);
	} while (rc == -ERESTART);
	if (rc) {
		panic("dom0's page tables were refused (error %d): this is a bug in Domus", rc);
	}
	return root;
}
