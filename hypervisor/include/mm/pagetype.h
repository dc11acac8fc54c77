/* SPDX-License-Identifier: MIT */
/*
 * Frame types: the one module that decides what guests may map and use as tables.
 * A frame is at any time at most one of the kinds below; see docs/page-types.md.
 */
#pragma once

#include "mm/frame.h"

enum frame_kind {
	FT_NONE = 0,
	FT_L1 = 1,
	FT_L2 = 2,
	FT_L3 = 3,
	FT_L4 = 4,
	FT_DESC = 5, /* GDT or LDT page */
	FT_WRITABLE = 6,
	FT_SHARED = 7, /* reserved */
};
#define FT_KIND(t)   ((enum frame_kind)((t) >> 29))
#define FT_VALIDATED 0x10000000u
#define FT_PINNED    0x08000000u
#define FT_PARTIAL   0x04000000u
#define FT_LOCKED    0x02000000u
#define FT_COUNT     0x01ffffffu

/*
 * Takes a typed reference (not a general one: the caller holds that). Validates contents when the
 * first reference is taken. -EINVAL: other type in use or bad contents; -ERESTART: preempted,
 * partial state kept, ask again (the partial state keeps the frame alive). Waits for another CPU
 * that is validating the frame as the same kind.
 */
int frame_get_type(mfn_t m, enum frame_kind kind);
/* Drops one; the last one of a table drops what its entries hold, whatever that takes. */
void frame_put_type(mfn_t m);
/* Preemptible form for tables: -ERESTART when preempted, to be repeated until 0. Until then the
 * caller still has both of its references. */
int frame_put_type_preemptible(mfn_t m);

/* General plus typed reference of a frame of `o`; and both dropped. */
int frame_get_and_type(mfn_t m, const struct owner *o, enum frame_kind kind);
void frame_put_and_type(mfn_t m);
int frame_put_and_type_preemptible(mfn_t m);

/* Pins: one typed and one general reference that stay until unpinned (MMUEXT_PIN/UNPIN). Both
 * -EINVAL, or -ERESTART: call again with the same arguments. */
int frame_pin(mfn_t m, struct owner *o, enum frame_kind kind);
int frame_unpin(mfn_t m, const struct owner *o);

/* Drops what an abandoned validation has kept (a partial state that nobody will take up again).
 * The caller holds a general reference and no lock. -ERESTART: call again. */
int frame_settle(mfn_t m);

/* A dying owner gives up all frames: pins, partial states, the allocation references. Frames that
 * others still hold remain in o->pages. -ERESTART: call again. */
int owner_relinquish(struct owner *o);

/*
 * Makes entry `slot` of the validated table `table` (kind L1..L4, owned by `table_owner`) hold
 * `val`, whose frames must belong to `page_owner`: takes the references of the new, exchanges
 * atomically (keeping A/D if asked), drops those of the old. -EINVAL; -EPERM: a grant's entry
 * would be lost; -ERESTART. Also does what the ABI does to entries (US, guest-kernel bit, cache
 * bits). *rest is set to a table whose release was preempted (to be finished by
 * frame_put_and_type_preemptible()), else to INVALID_MFN. Caller flushes TLBs.
 */
int pte_update(mfn_t table, unsigned int slot, pte_t val, const struct owner *table_owner,
	       struct owner *page_owner, bool preserve_ad, mfn_t *rest);
/*
 * Like pte_update() on an L1 entry, for a direct write: only if it still holds *old, or whatever
 * it holds, which *old becomes. -EBUSY: it changed meanwhile. `table` is any frame number.
 */
int pte_exchange(mfn_t table, unsigned int slot, pte_t *old, bool any, pte_t val,
		 struct owner *owner);
static inline int pte_cmpxchg(mfn_t table, unsigned int slot, pte_t old, pte_t val, struct owner *o)
{
	return pte_exchange(table, slot, &old, false, val, o);
}

/* An L1 entry whose references are the grant module's. clear: only if it maps `frame` in that
 * mode by a grant, else -EINVAL. */
int pte_grant_set(mfn_t table, unsigned int slot, pte_t val, const struct owner *owner);
int pte_grant_clear(mfn_t table, unsigned int slot, mfn_t frame, bool writable,
		    const struct owner *owner);

/* The M2P slot of a validated L4 table: there for kernel use, not for user use. */
void l4_show_m2p(mfn_t l4, bool show);

/* May the descriptor stand in a guest's GDT or LDT? Raises its DPL to 3 where that makes it fit. */
bool descriptor_fix(u64 *desc);

/* Set by irq/: machine frames outside of RAM whose mappings are made read-only. NULL: none. */
extern bool (*pte_mmio_read_only)(mfn_t m);

/* Set by the hypercall layer: is there work that long loops must give way to? */
bool preempt_needed(void);
