/* SPDX-License-Identifier: MIT */
/*
 * Memory: all pages in one row from VIRT_BASE, free ones found by a bitmap.
 *
 *	0     1 MiB   image, tables, ...   bitmap, tables        mapped_end   page_count
 *	|------|--------------------------|-------------|-------|------------|
 *	 unused        in use               to map the   free    free, and mapped when
 *	                                    rest with            they are needed
 *
 * A small guest is up before it needs the rest, and each entry of a table costs the hypervisor
 * a look at its page.
 *
 * Invariant: a page is free exactly if its bit in `used` is 0; free pages before mapped_end are
 * mapped writable.
 */
#include "kernel.h"
#include <errno.h>

enum {
	MOST_PAGES =
		512 << 8, /* 512 MiB: what one table of level 2 maps at VIRT_BASE, half of it */
	WORD_BITS = 64,
	PAGE_BITS = PAGE_SIZE * 8,
	TABLE_ENTRIES = 512,
};

static u64 *used;
static u32 page_count, mapped_end, free_count;
static char *next_table; /* of a row that has one for all that is not mapped */

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
	for (u32 i = pfn, end = pfn + count, n; i < end; i += n) {
		u32 bit = i % WORD_BITS;
		u64 mask;

		n = end - i < WORD_BITS - bit ? end - i : WORD_BITS - bit;
		mask = ~0ul >> (WORD_BITS - n) << bit;
		used[i / WORD_BITS] =
			is_use ? used[i / WORD_BITS] | mask : used[i / WORD_BITS] & ~mask;
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
	u32 first_free = (u32)va_to_pfn((void *)tables_end), bitmap_pages;

	page_count =
		start_info_ptr->nr_pages < MOST_PAGES ? (u32)start_info_ptr->nr_pages : MOST_PAGES;
	while (mapped_end < page_count && *table_entry(page_at(mapped_end), 2) & PTE_P) {
		mapped_end += TABLE_ENTRIES;
	}
	bitmap_pages = (page_count + PAGE_BITS - 1) / PAGE_BITS;
	used = memset(page_at(first_free), 0xff, bitmap_pages * PAGE_SIZE);
	first_free += bitmap_pages;
	next_table = page_at(first_free);
	if (mapped_end < page_count) {
		first_free += (page_count - mapped_end + TABLE_ENTRIES - 1) / TABLE_ENTRIES;
	}
	mark(first_free, page_count - first_free, false);
}

/* Maps the next pages; false: there are none. */
static bool more_map(void)
{
	if (mapped_end >= page_count) {
		return false;
	}
	table_add((u64 *)next_table, mapped_end);
	next_table += PAGE_SIZE;
	mapped_end += TABLE_ENTRIES;
	return true;
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

/* The first of `count` free pages in a row before `end`; `end`: there are none. */
static u32 row_find(u32 count, u32 end)
{
	for (u32 first = 0, n = 0; first + n < end;) {
		if (is_used(first + n)) {
			first += n + 1;
			n = 0;
		} else if (++n == count) {
			return first;
		}
	}
	return end;
}

void *platform_pages(uint32_t count)
{
	u32 pfn, end;

	grants_retry();
	do {
		end = mapped_end < page_count ? mapped_end : page_count;
		pfn = row_find(count, end);
	} while (pfn == end && more_map());
	if (pfn == end) {
		return NULL;
	}
	mark(pfn, count, true);
	return memset(page_at(pfn), 0, count * PAGE_SIZE);
}

void platform_pages_free(void *pages, uint32_t count)
{
	mark((u32)va_to_pfn(pages), count, false);
}
