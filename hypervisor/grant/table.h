/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: what the files of this room share.
 *
 * A domain has two sides. As granter: pages of entries shared with the guest, and beside each entry
 * an active entry that holds what the hypervisor believes (the guest may scribble over its own). As
 * user: handles, one for each map it made.
 *
 *   granter                                             user
 *   shared[ref] {flags, domid, frame}  <---marks---+
 *   active[ref] {lock, pins, writers, mfn, domid} <--- handle {granter, ref, mfn, what is mapped}
 *
 * A pin is a right to use the entry's frame; the entry shows GTF_reading while it has any pin and
 * GTF_writing while it has a writer's. Each handle holds one pin, one reference of the frame
 * (typed, if it may write) and one of the granter's struct domain. A copy holds the same while it
 * lasts.
 *
 * Locks: each active entry has its own, innermost; shared and active entry change under it. A
 * domain's table lock guards growth of its tables and the switch of their version. Pages of entries
 * and status words are published with release and stay until the domain dies (shared ones) or is
 * freed (all others), so readers take no lock. A handle belongs to whoever wins its BUSY bit.
 * Nothing here is used from interrupts.
 */
#pragma once

#include <xen/grant_table.h>
#include "arch/uaccess.h"
#include "domain/domain.h"
#include "grant/grant.h"
#include "lib/lib.h"
#include "mm/pagetype.h"

#define GRANTS_PER_FRAME    512u
#define GRANTS_V2_PER_FRAME 256u
#define STATUS_PER_FRAME    2048u
#define ACTIVE_PER_PAGE     256u
#define MAX_GRANT_FRAMES    1024u
#define GRANT_MARKS         (GTF_reading | GTF_writing)

struct active {
	spinlock_t lock;
	u16 pins, writers;
	u32 mfn; /* valid while pinned, as is domid: who pinned */
	u16 domid;
};
_Static_assert(sizeof(struct active) * ACTIVE_PER_PAGE == PAGE_SIZE, "whole pages");

/* The marks that an entry should show. Its lock is held. */
static inline u16 active_marks(const struct active *a)
{
	return (a->pins ? GTF_reading : 0) | (a->writers ? GTF_writing : 0);
}

enum handle_bits {
	HANDLE_LIVE = 1,
	HANDLE_BUSY = 2, /* being unmapped by somebody */
	HANDLE_HOST = 4,
	HANDLE_DEVICE = 8,
	HANDLE_WRITE = 16,
	HANDLE_PTE = 32, /* the host mapping was named by its entry's machine address */
};

struct handle {
	struct domain *granter; /* a reference */
	u64 host_addr;          /* for the dump */
	u32 ref, mfn;
	u32 link;  /* next in a free list */
	u16 vcpu;  /* whose free list it goes back to */
	u16 state; /* atomic: handle_bits */
};
_Static_assert(sizeof(struct handle) == 32, "128 in a page");

#define HANDLES_PER_PAGE 128u
#define HANDLE_PAGES_MAX 4096u
#define HANDLE_NONE      (~0u)

/* Free handles of a vcpu: `own` is touched by that vcpu alone; others put on `returned` and may
 * take it whole. */
struct handle_list {
	u32 own;
	u32 returned; /* atomic */
	s32 live;     /* handles made minus handles ended by this vcpu */
};

enum grant_mode {
	GRANT_V2 = 1,        /* an entry has two words: a shift by one */
	GRANT_SWITCHING = 2, /* nothing can be pinned; unpinning goes on */
};

struct grant_domain {
	spinlock_t lock;
	bool closed; /* dying: nothing grows */
	u32 mode;    /* atomic: grant_mode; 0 is version 1 */
	u32 max_frames, frames;
	u64 **shared;           /* max_frames pages of entries, an entry is one word or (v2) two */
	struct active **active; /* two pages for each of them, made when first pinned */
	u16 **status;           /* v2: pages of marks; made with the first, and kept in v1 */
	u32 status_frames;
	u32 switch_page; /* active pages that a switch of version has looked at */
	u32 max_handle_pages, handle_pages;
	struct handle **handles;           /* max_handle_pages pages; made with the first handle */
	struct handle_list *lists;         /* by vcpu; made likewise */
	u32 destroy_handle, destroy_frame; /* progress */
};

/* NULL while the domain is still being made. */
static inline struct grant_domain *grant_state(struct domain *d)
{
	return __atomic_load_n(&d->grant, __ATOMIC_ACQUIRE);
}

/* The bytes of a frame that a grant is about. */
struct grant_part {
	u32 start, end;
};
#define GRANT_WHOLE ((struct grant_part){0, PAGE_SIZE})

/* What a pin is about. */
struct pin {
	struct active *active;
	mfn_t mfn;
	struct grant_part part;
};

/* Pins entry `ref` of rd for ld. GNTST_*. `whole`: nothing but a whole frame will do. */
int grant_pin(struct domain *rd, struct domain *ld, u32 ref, bool write, bool whole, struct pin *p);
void grant_unpin(struct domain *rd, struct active *a, u32 ref, bool write);
/* The references that a pin's user needs: general, and writable if it writes. GNTST_*. */
int grant_frame_get(struct domain *rd, mfn_t m, bool write);
void grant_frame_put(mfn_t m, bool write);

struct active *active_page_make(struct grant_domain *g, struct active **slot);
/* Active entry of a reference that the table has in version 1; NULL: never pinned, or no memory. */
static inline struct active *active_get(struct grant_domain *g, u32 ref, bool make)
{
	struct active **slot = &g->active[index_clamp(ref / ACTIVE_PER_PAGE, 2ul * g->max_frames)];
	struct active *page = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

	if (!page && make) {
		page = active_page_make(g, slot);
	}
	return page ? &page[ref % ACTIVE_PER_PAGE] : NULL;
}

/* The shared entry's first word; an active lock is held. NULL: the domain is dying, or (v2, where
 * fewer fit) there is no such entry. Where it is not, status_of() is its word of marks in v2. */
static inline u64 *entry_of(struct grant_domain *g, u32 ref, u32 mode)
{
	const u32 v2 = mode & GRANT_V2, n = ref / GRANTS_V2_PER_FRAME >> !v2;
	u64 *page;

	if (n >= __atomic_load_n(&g->frames, __ATOMIC_ACQUIRE)) {
		return NULL;
	}
	page = __atomic_load_n(&g->shared[index_clamp(n, g->max_frames)], __ATOMIC_SEQ_CST);
	return page ? &page[(ref << v2) % GRANTS_PER_FRAME] : NULL;
}
static inline u16 *status_of(struct grant_domain *g, u32 ref)
{
	return &g->status[index_clamp(ref / STATUS_PER_FRAME, g->status_frames)]
			 [ref % STATUS_PER_FRAME];
}

/* Status frames that a table of so many frames has in version 2. */
static inline u32 status_frames_for(u32 frames)
{
	return (frames * GRANTS_V2_PER_FRAME + STATUS_PER_FRAME - 1) / STATUS_PER_FRAME;
}
int status_grow(struct domain *d, struct grant_domain *g, u32 frames); /* -ENOMEM; lock held */

/* version.c */
long grant_op_set_version(guest_ptr_t arg);
int grant_swap(struct domain *d, u32 ref_a, u32 ref_b); /* GNTST_* */
int grant_option_parse(const char *value, void *arg);   /* gnttab=: arg is the u32 to set */

/* handle.c. alloc: HANDLE_NONE if there is none left; the handle is not LIVE yet. By current. */
u32 handle_alloc(struct domain *d);
struct handle *handle_of(struct grant_domain *g, u32 h); /* NULL: no such */
void handle_free(struct domain *d, u32 h);
void handles_free_all(struct domain *d, struct grant_domain *g);

/* Gives back all that a BUSY or dying handle holds, and the handle. */
void handle_release(struct domain *d, u32 h);

long grant_op_map(guest_ptr_t arg, unsigned int count);
long grant_op_unmap(guest_ptr_t arg, unsigned int count);
long grant_op_copy(guest_ptr_t arg, unsigned int count);

/* The domain named last, kept over a batch: saves a look-up per element. */
struct domain_cache {
	struct domain *d;
	domid_t id;
};
struct domain *domain_look_up(struct domain_cache *c, domid_t id);
static inline struct domain *domain_cached(struct domain_cache *c, domid_t id)
{
	return c->d && c->id == id ? c->d : domain_look_up(c, id);
}
static inline void domain_cache_drop(struct domain_cache *c)
{
	if (c->d) {
		domain_put(c->d);
		c->d = NULL;
	}
}
