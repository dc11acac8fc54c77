/* SPDX-License-Identifier: MIT */
/*
 * Frame types: the one module that decides what guests may map and use as tables.
 * A frame is at any time at most one of the kinds below; see docs/page-types.md.
 */
#ifndef MM_PAGETYPE_H
#define MM_PAGETYPE_H

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
 * first reference is taken. -EINVAL: other type in use or bad contents; -ERESTART: preempted, partial
 * state kept, ask again (the caller keeps its general reference until then).
 */
int frame_get_type(mfn_t m, enum frame_kind kind);
void frame_put_type(mfn_t m);
/* Preemptible form for tables: -ERESTART when preempted, to be repeated until 0. */
int frame_put_type_preemptible(mfn_t m);

/* General plus typed reference of a frame of `o`; and both dropped. */
int frame_get_and_type(mfn_t m, const struct owner *o, enum frame_kind kind);
void frame_put_and_type(mfn_t m);
int frame_put_and_type_preemptible(mfn_t m);

/* Pins: one typed and one general reference that stay until unpinned (MMUEXT_PIN/UNPIN). */
int frame_pin(mfn_t m, const struct owner *o, enum frame_kind kind);
int frame_unpin(mfn_t m, const struct owner *o);

/*
 * Makes *slot (an entry of a validated table `table` of kind L1..L4, owned by `table_owner`) hold `val`,
 * whose frames must belong to `page_owner`: takes the references of the new, exchanges
 * atomically (keeping A/D if asked), drops those of the old. -EINVAL, -EPERM, -ERESTART. Also does what
 * the ABI does to entries (US, guest-kernel bit, cache bits). Caller flushes TLBs.
 */
int pte_update(mfn_t table, unsigned int slot, pte_t val, const struct owner *table_owner,
	       struct owner *page_owner, bool preserve_ad);
/* Like pte_update() on an L1 entry, only if it still holds `old`: -EBUSY when it changed (ptwr, grants). */
int pte_cmpxchg(mfn_t table, unsigned int slot, pte_t old, pte_t val, const struct owner *owner);

/* Set by the hypercall layer: is there work that long loops must give way to? */
bool preempt_needed(void);

#endif
