/* SPDX-License-Identifier: MIT */
/*
 * Who owns frames: the memory side of a domain, embedded in struct domain. `lock` guards the page
 * list, the counts and the limit.
 */
#pragma once

#include "arch/cpu.h"
#include "lib/spinlock.h"
#include "lib/types.h"

#define DOMID_COUNT     0x7ff0u /* ids of ordinary domains: 0 .. DOMID_COUNT - 1 */
#define OWNERS_PER_PAGE (PAGE_SIZE / sizeof(struct owner *)) /* of the table by id */

struct owner {
	u16 id;
	bool dying;  /* no new frames, no new types */
	bool io_cap; /* may map non-RAM frames (dom0) */
	spinlock_t lock;
	u64 pages;         /* frames on the lists */
	u64 limit;         /* most frames it may hold */
	u32 head;          /* first frame of the list, 0 = none (frame 0 is never given away) */
	u32 kept;          /* second list, while dying: given up, but others still hold them */
	u32 xenheap_pages; /* shared_info, grant frames: owned, not counted in pages */
	cpumask_t dirty;   /* CPUs whose TLB may hold translations of this owner's tables */
	void (*free_last)(struct owner *o); /* pages fell to 0 while dying */
};

/* The owner of an id or NULL. Stable as long as the caller holds a reference to a frame of it
 * or to its domain. */
struct owner *owner_find(u16 id);
/* Registers or (NULL) removes; -ENOMEM. */
int owner_set(u16 id, struct owner *o);

/* Frames that belong to nobody (I/O) or to the hypervisor, to be shown to tools. */
extern struct owner owner_io, owner_xen;
