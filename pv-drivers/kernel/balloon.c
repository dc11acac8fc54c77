/* SPDX-License-Identifier: MIT */
/*
 * The balloon: the tools say in the store how much memory the domain is to have, and it gives pages
 * back to the hypervisor, or asks for some again.
 *
 *	shrink:  a free page -> unmapped -> its frame given up; the frame list says NO_FRAME
 *	grow:    the list's pages with NO_FRAME -> frames for them -> mapped -> free
 *
 * Invariant: a page without a frame counts as used, so nobody is given it; all others are mapped.
 * The frame list is what the tools read when they save the domain, so it is right at each moment.
 */
#include "kernel.h"
#include <xen/memory.h>

#define NODE     "memory/target"
#define NO_FRAME (~0ul)

enum {
	BATCH = 128,
	RESERVE = 64, /* free pages that are kept, so that front ends go on working */
	KIB_A_PAGE = 4,
};

static u32 away_count;

static u64 *frame_list(void)
{
	return (u64 *)start_info_ptr->mfn_list;
}

static u32 start_pages(void)
{
	return (u32)start_info_ptr->nr_pages;
}

static u32 reservation(unsigned int cmd, xen_pfn_t *frames, u32 count)
{
	struct xen_memory_reservation r = {.nr_extents = count, .domid = DOMID_SELF};
	long done;

	set_xen_guest_handle(r.extent_start, frames);
	done = HC2(__HYPERVISOR_memory_op, cmd, &r);
	return done < 0 ? 0 : (u32)done;
}

/* --- A batch out --- */

/* A free page, which is unmapped; its number, or 0. */
static u32 page_take(void)
{
	void *page = memory_free_pages() > RESERVE ? platform_pages(1) : NULL;

	if (!page) {
		return 0;
	}
	if (va_map(page, 0)) {
		kernel_panic("a page cannot be unmapped");
	}
	return (u32)va_to_pfn(page);
}

/* A page with a frame comes into use again. */
static void page_put(u32 pfn, u64 frame)
{
	void *page = (void *)(VIRT_BASE + pfn * PAGE_SIZE);

	frame_list()[pfn] = frame;
	if (va_map(page, pte_for(page, PTE_P | PTE_RW | PTE_AD))) {
		kernel_panic("a page cannot be mapped");
	}
	platform_pages_free(page, 1);
}

/* So many pages at most; how many it were. */
static u32 shrink(u32 count)
{
	xen_pfn_t frames[BATCH];
	u32 pfns[BATCH], taken = 0, given;

	while (taken < count && taken < BATCH && (pfns[taken] = page_take())) {
		frames[taken] = pfn_to_mfn(pfns[taken]);
		frame_list()[pfns[taken++]] = NO_FRAME;
	}
	given = taken ? reservation(XENMEM_decrease_reservation, frames, taken) : 0;
	for (u32 i = given; i < taken; i++) {
		page_put(pfns[i], frames[i]);
	}
	away_count += given;
	return given;
}

/* --- A batch in --- */

static u32 grow(u32 count)
{
	xen_pfn_t frames[BATCH]; /* which pages they are for; then which ones they are */
	u32 pfns[BATCH], wanted = 0, got;

	for (u32 pfn = 0; pfn < start_pages() && wanted < count && wanted < BATCH; pfn++) {
		if (frame_list()[pfn] == NO_FRAME) {
			pfns[wanted] = pfn;
			frames[wanted++] = pfn;
		}
	}
	got = wanted ? reservation(XENMEM_populate_physmap, frames, wanted) : 0;
	for (u32 i = 0; i < got; i++) {
		page_put(pfns[i], frames[i]);
	}
	away_count -= got;
	return got;
}

u32 balloon_set(u32 pages)
{
	u32 goal = pages < start_pages() ? pages : start_pages(), moved, has;

	do {
		has = start_pages() - away_count;
		moved = has > goal ? shrink(has - goal) : has < goal ? grow(goal - has) : 0;
	} while (moved);
	return has;
}

/* --- What the tools want --- */

static u64 number(const char *text)
{
	u64 value = 0;

	for (; *text >= '0' && *text <= '9'; text++) {
		value = value * 10 + (u64)(*text - '0');
	}
	return value;
}

static void target_changed(void *arg)
{
	char text[PLATFORM_VALUE_BYTES];
	u32 had = start_pages() - away_count, has;
	u64 pages;

	if (platform_store_read(NODE, text, sizeof(text)) <= 0) {
		return;
	}
	pages = number(text) / KIB_A_PAGE;
	has = balloon_set(pages < start_pages() ? (u32)pages : start_pages());
	if (has != had) {
		print("balloon: %u KiB of memory\n", has * KIB_A_PAGE);
	}
}

void balloon_start(void)
{
	if (platform_store_watch(NODE, target_changed, NULL)) {
		print("%s cannot be watched\n", NODE);
	}
}
