/* SPDX-License-Identifier: MIT */
/*
 * Memory: all pages in one row from VIRT_BASE, free ones found by a bitmap.
 *
 *	0     1 MiB   image, tables, ...   first_free   mapped_end           page_count
 *	|------|--------------------------|------------|--------------------|
 *	 unused        in use               free          memory_init() maps it, with tables
 *	                                                  taken from the free pages before it
 *
 * Invariant: a page is free exactly if its bit in `used` is 0; free pages are mapped writable.
 */
#include "kernel.h"
#include <errno.h>

enum {
	MOST_PAGES =
		512 << 8, /* 512 MiB: what one table of level 2 maps at VIRT_BASE, half of it */
	WORD_BITS = 64,
	TABLE_ENTRIES = 512,
};

static u64 used[MOST_PAGES / WORD_BITS];
static u32 page_count, free_count;

static void *page_at(u32 pfn)
{
	return (void *)(VIRT_BASE + pfn * PAGE_SIZE);
}

static bool is_used(u32 pfn)
{
	return used[pfn / WORD_BITS] >> pfn % WORD_BITS & 1;
}

static void mark(u32 pfn, u32 count, bool is_use)
{
	for (u32 i = pfn; i < pfn + count; i++) {
		if (is_use) {
			used[i / WORD_BITS] |= 1ul << i % WORD_BITS;
		} else {
			used[i / WORD_BITS] &= ~(1ul << i % WORD_BITS);
		}
	}
	free_count += is_use ? -count : count;
}

/* Makes `table` map the 512 pages from pfn on, as far as there are so many. */
static void table_add(u64 *table, u32 pfn)
{
	for (u32 i = 0; i < TABLE_ENTRIES; i++) {
		table[i] = pfn + i < page_count
				   ? pfn_to_mfn(pfn + i) * PAGE_SIZE | PTE_P | PTE_RW | PTE_AD
				   : 0;
	}
	if (page_make_ro(table) || mmu_update(maddr_of(table_entry(page_at(pfn), 2)),
					      pte_for(table, PTE_P | PTE_RW | PTE_US | PTE_AD))) {
		kernel_panic("the hypervisor refuses a page table");
	}
}

void memory_init(void)
{
	u64 tables_end = start_info_ptr->pt_base + start_info_ptr->nr_pt_frames * PAGE_SIZE;
	u32 first_free = (u32)va_to_pfn((void *)tables_end), pfn;

	page_count =
		start_info_ptr->nr_pages < MOST_PAGES ? (u32)start_info_ptr->nr_pages : MOST_PAGES;
	for (pfn = 0; pfn < page_count; pfn += TABLE_ENTRIES) {
		if (!(*table_entry(page_at(pfn), 2) & PTE_P)) {
			table_add(page_at(first_free++), pfn);
		}
	}
	memset(used, 0xff, sizeof(used));
	mark(first_free, page_count - first_free, false);
}

void memory_publish(void)
{
	struct arch_shared_info *arch = &shared_info->arch;

	arch->max_pfn = start_info_ptr->nr_pages;
	arch->p2m_vaddr = start_info_ptr->mfn_list;
	arch->p2m_cr3 = va_to_mfn((void *)start_info_ptr->pt_base) * PAGE_SIZE;
}

u32 memory_free_pages(void)
{
	return free_count;
}

/* The first of `count` free pages in a row; page_count: there are none. */
static u32 row_find(u32 count)
{
	for (u32 first = 0, n = 0; first + n < page_count;) {
		if (is_used(first + n)) {
			first += n + 1;
			n = 0;
		} else if (++n == count) {
			return first;
		}
	}
	return page_count;
}

void *platform_pages(uint32_t count)
{
	u32 pfn;

	grants_retry();
	pfn = row_find(count);
	if (pfn == page_count) {
		return NULL;
	}
	mark(pfn, count, true);
	return memset(page_at(pfn), 0, count * PAGE_SIZE);
}

void platform_pages_free(void *pages, uint32_t count)
{
	mark((u32)va_to_pfn(pages), count, false);
}
