/* SPDX-License-Identifier: MIT */
/*
 * The frame allocator (buddy, orders 0 .. ALLOC_MAX_ORDER) and the hypervisor's heap.
 * Free frames start dirty; those given to guests or to the heap are scrubbed first, or were by the
 * idle CPUs.
 */
#pragma once

#include "arch/page.h"

#define ALLOC_MAX_ORDER 20u

#define ALLOC_ZERO \
	BIT(0) /* contents are zero; without it they are anything, never another's data */
#define ALLOC_DIRTY BIT(1) /* caller overwrites all of it before anyone can see it */

/* Boot: hands frames [start, end) to the allocator as free and dirty (clean: already zero). */
void alloc_add_range(mfn_t start, mfn_t end, bool clean);
/* `bits`: whole block below machine address 2^bits; 0 = any (highest memory first).
 * INVALID_MFN if none. Any context but interrupts. */
mfn_t alloc_frames(unsigned int order, unsigned int bits, unsigned int flags);
/* Frees; contents count as dirty. The caller has dropped all mappings; `stamp` of each
 * frame tells when, and reuse flushes by it. */
void free_frames(mfn_t m, unsigned int order);
u64 alloc_free_pages(void);
u64 alloc_dirty_pages(void); /* of the free ones, not scrubbed yet */
/* Scrubs some pages of a free block; false: there is nothing to do, or another CPU does it. `now`,
 * in ns: other CPUs are made to flush for it once a millisecond at most. For idle CPUs. */
bool alloc_scrub_some(u64 now);
/* While on, scrubbing uses the vector registers (boot, before any guest's state is in them). */
void alloc_boot_clearing(bool on);

/* Heap: objects up to a page or more, 16-byte aligned (page-aligned from 4 KiB), zeroed. NULL if
 * none. */
void *heap_alloc(size_t bytes);
void heap_free(void *p, size_t bytes);
static inline void *heap_alloc_page(void)
{
	return heap_alloc(PAGE_SIZE);
}
static inline void heap_free_page(void *p)
{
	heap_free(p, PAGE_SIZE);
}
u64 heap_bytes_used(void); /* what the hypervisor keeps for itself, whole pages */
