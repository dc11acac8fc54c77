/* SPDX-License-Identifier: MIT */
/*
 * Grants of version 1: an entry lets one other domain map or copy one page of ours. The hypervisor
 * sets the flags "reading" and "writing" while it is mapped, so an entry is taken back by a
 * compare-and-exchange that fails while one of them is set.
 *
 * Invariant: a reference is free, or stands for one page; entries of free ones are 0.
 */
#include "kernel.h"
#include <errno.h>
#include <xen/grant_table.h>

enum {
	FRAMES = 4,
	ENTRIES = FRAMES * 4096 / sizeof(grant_entry_v1_t),
	FIRST = GNTTAB_NR_RESERVED_ENTRIES, /* those before are the tools' */
};

/* Gives way to the table's own pages. */
static char window[FRAMES][PAGE_SIZE] __attribute__((aligned(4096)));
static volatile grant_entry_v1_t *const entries = (void *)window;
/* References that were in use: free ones from below, those somebody still maps from above. */
static u16 returned[ENTRIES];
static u32 free_count, later_count;
static u16 first_new = FIRST; /* from here on nobody had them yet */

/* What the entries said, while the domain is suspended. */
static struct saved {
	u16 flags;
	domid_t domid;
	u32 pfn;
} * saved;
_Static_assert(sizeof(struct saved) == sizeof(grant_entry_v1_t), "as many pages hold them");

static void table_map(void)
{
	xen_pfn_t frames[FRAMES];
	struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = FRAMES};

	set_xen_guest_handle(setup.frame_list, frames);
	if (HC3(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &setup, 1) || setup.status) {
		kernel_panic("there is no grant table");
	}
	for (u32 i = 0; i < FRAMES; i++) {
		if (va_map(window[i], frames[i] * PAGE_SIZE | PTE_P | PTE_RW | PTE_AD)) {
			kernel_panic("the grant table cannot be mapped");
		}
	}
}

void grants_init(void)
{
	table_map();
}

static u16 *later_at(u32 i)
{
	return &returned[ENTRIES - 1 - i];
}

/* The entry counts from here on. */
static void entry_set(grant_ref_t ref, domid_t domid, u64 mfn, u16 flags)
{
	entries[ref].domid = domid;
	entries[ref].frame = (u32)mfn;
	__atomic_store_n(&entries[ref].flags, flags, __ATOMIC_RELEASE);
}

int platform_grant(domid_t to, const void *page, bool read_only, grant_ref_t *ref)
{
	if (!free_count && first_new == ENTRIES) {
		grants_retry();
	}
	if (!free_count && first_new == ENTRIES) {
		return -ENOSPC;
	}
	*ref = free_count ? returned[--free_count] : first_new++;
	entry_set(*ref, to, va_to_mfn(page), GTF_permit_access | (read_only ? GTF_readonly : 0));
	return 0;
}

int platform_grant_end(grant_ref_t ref)
{
	u16 flags = __atomic_load_n(&entries[ref].flags, __ATOMIC_RELAXED);

	do {
		if (flags & (GTF_reading | GTF_writing)) {
			return -EBUSY;
		}
	} while (!__atomic_compare_exchange_n(&entries[ref].flags, &flags, 0, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	returned[free_count++] = (u16)ref;
	return 0;
}

void platform_grant_free(grant_ref_t ref, void *page)
{
	if (!platform_grant_end(ref)) {
		platform_pages_free(page, 1);
	} else {
		*later_at(later_count++) = (u16)ref;
	}
}

void grants_retry(void)
{
	for (u32 i = 0; i < later_count;) {
		grant_ref_t ref = *later_at(i);
		void *page = page_of_machine(entries[ref].frame);

		if (platform_grant_end(ref)) {
			i++;
			continue;
		}
		platform_pages_free(page, 1);
		*later_at(i) = *later_at(--later_count);
	}
}

int grants_suspend(void)
{
	saved = platform_pages(FRAMES);
	if (!saved) {
		return -ENOMEM;
	}
	for (grant_ref_t ref = FIRST; ref < ENTRIES; ref++) {
		if (entries[ref].flags) {
			saved[ref] = (struct saved){entries[ref].flags, entries[ref].domid,
						    (u32)mfn_to_pfn(entries[ref].frame)};
		}
	}
	for (u32 i = 0; i < FRAMES; i++) {
		va_map(window[i], 0);
	}
	return 0;
}

void grants_resume(bool is_other)
{
	table_map();
	for (grant_ref_t ref = FIRST; is_other && ref < ENTRIES; ref++) {
		if (saved[ref].flags) {
			/* Nobody maps it yet. */
			entry_set(ref, saved[ref].domid, pfn_to_mfn(saved[ref].pfn),
				  saved[ref].flags & (GTF_permit_access | GTF_readonly));
		}
	}
	platform_pages_free(saved, FRAMES);
}
