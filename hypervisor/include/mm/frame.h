/* SPDX-License-Identifier: MIT */
/*
 * The frame table: 24 bytes for each frame of RAM. docs/page-types.md tells the rules.
 *
 * count: general references; bit 31 FRAME_ALLOCATED is itself worth one reference, dropped
 *        when the owner gives the frame up. 0 = free.
 * type:  kind (bits 31-29), flags, and the count of typed references. The type may change only
 *        while that count is 0.
 */
#pragma once

#include "arch/page.h"
#include "mm/alloc.h"
#include "mm/owner.h"

struct frame {
	union {
		struct {
			u32 type;  /* atomic */
			u32 count; /* atomic */
		};
		u64 refs; /* both in one go */
	};
	u16 owner;      /* domid, or one of FRAME_OWNER_* */
	u16 done;       /* entries validated so far while FT_PARTIAL; see mm/pagetype.c */
	u32 next, prev; /* owner's page list, or the free list of the allocator */
	u32 stamp;      /* TLB clock when it was last freed or lost its type */
};
_Static_assert(sizeof(struct frame) == 24, "the bound of 24 bytes a frame");

#ifdef DOMUS_HOST_TEST
extern struct frame *frame_table;
#else
#define frame_table ((struct frame *)FRAMES_VIRT)
#endif

#define FRAME_OWNER_NONE 0x7fff /* free, or the hypervisor's own: never mappable by guests */

#define FRAME_ALLOCATED 0x80000000u
#define FRAME_XENHEAP \
	0x40000000u /* the hypervisor allocated it and frees it: shared_info, grant frames */
#define FRAME_DIRTY 0x20000000u /* free and not scrubbed yet (only while free) */
#define FRAME_COUNT 0x0fffffffu

/* Byte n, not 0: the frame table has entries for the n-th 512 frames. See mm/frame_init.h. */
#define SECTION_FRAMES 512u
extern const u8 *frame_sections;
#define FRAME_OWNER_IO 0x7ff1 /* in such a section, but no RAM (<xen/xen.h>: DOMID_IO) */

/* Is there a struct frame for it, i.e. is it RAM? False for I/O and for holes. */
#if defined(DOMUS_HOST_TEST) && !defined(HOST_FRAME_TABLE)
bool frame_valid(mfn_t m); /* the test's */
#define frame_backed frame_valid
#else
static inline bool frame_backed(mfn_t m)
{
	return m.n < frame_end && frame_sections[m.n / SECTION_FRAMES];
}
static inline bool frame_valid(mfn_t m)
{
	return frame_backed(m) && READ_ONCE(frame_table[m.n].owner) != FRAME_OWNER_IO;
}
#endif
static inline struct frame *frame_of(mfn_t m)
{
	return &frame_table[m.n];
}
/* Is it RAM that belongs to this owner (not IO) right now? */
static inline bool frame_owned_by(mfn_t m, u16 owner)
{
	return likely(frame_backed(m)) && READ_ONCE(frame_of(m)->owner) == owner;
}

/*
 * Takes a general reference of a frame that `o` owns. -EINVAL: not RAM, free, another owner, or
 * too many references. Any context.
 */
int frame_get(mfn_t m, const struct owner *o);
/* Drops a reference taken by frame_get(); the last one frees the frame. */
void frame_put(mfn_t m);
/* Drops the allocation reference: the owner gives the frame up. False if it was dropped before. */
bool frame_release(mfn_t m);

/*
 * A zeroed frame for `o`, with the allocation reference, on its list, counted against its limit.
 * order > 0: contiguous. `bits`: machine address below 2^bits (0 or 64 = any). Zeroed (scrubbed).
 * -ENOMEM: none free. -E2BIG: over the limit. -EINVAL: dying.
 */
int frame_alloc_owned(struct owner *o, unsigned int order, unsigned int bits, mfn_t *m);
/*
 * Boot: gives frames that the allocator does not hold (of a boot module) to `o`, contents and all.
 * -EBUSY: one of them is no such frame. -E2BIG, -EINVAL as above.
 */
int frame_adopt(struct owner *o, mfn_t m, u64 count);
/* Makes a hypervisor page (heap_alloc_page()) one of o's that guests may map: general
 * reference FRAME_ALLOCATED | FRAME_XENHEAP, type writable with one reference kept by the
 * hypervisor. */
void frame_share(void *page, struct owner *o);
/* Takes it back; true if no reference is left and the page may be freed, else the last
 * frame_put() frees it. */
bool frame_unshare(void *page);
/* A zeroed page made so; NULL: no memory. And the end of one, or of NULL. */
static inline void *page_share(struct owner *o)
{
	void *page = heap_alloc_page();

	if (page) {
		m2p_rw[virt_to_mfn(page).n] = M2P_INVALID;
		frame_share(page, o);
	}
	return page;
}
static inline void page_unshare(void *page)
{
	if (page && frame_unshare(page)) {
		heap_free_page(page);
	}
}

/* A hypervisor page shared with o read/write by its frame; used for tool mappings of M2P frames. */
static inline bool frame_is_xenheap(const struct frame *f)
{
	return READ_ONCE(((struct frame *)f)->count) & FRAME_XENHEAP;
}
