/* SPDX-License-Identifier: MIT */
/*
 * General references: what keeps a frame from being freed. Invariant: whoever holds one, or the
 * owner by FRAME_ALLOCATED, finds owner and contents where they were. The count is changed only by
 * atomic operations; whoever takes it to nothing frees the frame, exactly once. No lock, but the
 * owner's while its list changes.
 */
#include "arch/tlb.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mm/frame.h"
#include "mm/pagetype.h"
#include "owned.h"
#include "refs.h"

/* Lock held. What a dead owner left is all gone: the call it waits for, once. */
static void (*owner_last(struct owner *o))(struct owner *o)
{
	void (*fn)(struct owner *) = NULL;

	if (o->dying && !o->pages && !o->xenheap_pages) {
		fn = o->free_last;
		o->free_last = NULL;
	}
	return fn;
}

/* The last reference of a page that frame_share() gave away: it is the hypervisor's again. */
static void shared_page_free(mfn_t m, struct frame *f, struct owner *o)
{
	void (*last)(struct owner *) = NULL;

	f->type = 0;
	f->owner = FRAME_OWNER_NONE;
	f->count = 0;
	if (o) {
		spin_lock(&o->lock);
		o->xenheap_pages--;
		last = owner_last(o);
		spin_unlock(&o->lock);
	}
	heap_free_page(mfn_to_virt(m));
	if (last) {
		last(o);
	}
}

/* Nobody can find the frame any more: its count is nothing. */
static void frame_free(mfn_t m, struct frame *f)
{
	struct owner *o = owner_find(f->owner);
	void (*last)(struct owner *);

	f->stamp = tlb_stamp(); /* read-only mappings may be in TLBs, too */
	if (READ_ONCE(f->count) & FRAME_XENHEAP) {
		shared_page_free(m, f, o);
		return;
	}
	BUG_ON(!o || READ_ONCE(f->type) & (FT_COUNT | FT_PARTIAL | FT_LOCKED | FT_PINNED));
	WRITE_ONCE(m2p_rw[m.n], M2P_INVALID);
	spin_lock(&o->lock);
	owner_list_del(o, m);
	last = owner_last(o);
	spin_unlock(&o->lock);
	free_frames(m, 0);
	if (last) {
		last(o);
	}
}

int frame_get(mfn_t m, const struct owner *o)
{
	return frame_valid(m) ? frame_get_ram(m, o) : -EINVAL;
}

void frame_put(mfn_t m)
{
	struct frame *f = frame_of(m);
	u32 old = __atomic_fetch_sub(&f->count, 1, __ATOMIC_ACQ_REL);

	ASSERT(old & FRAME_COUNT);
	if (unlikely((old & FRAME_HELD) == 1)) {
		frame_free(m, f);
	}
}

bool frame_release(mfn_t m)
{
	struct frame *f = frame_of(m);
	u32 old = __atomic_fetch_and(&f->count, ~FRAME_ALLOCATED, __ATOMIC_ACQ_REL);

	if (!(old & FRAME_ALLOCATED)) {
		return false;
	}
	if (!(old & FRAME_COUNT)) {
		frame_free(m, f);
	}
	return true;
}

/* Takes the first frame of the list to the second one: given up, held only by others from now on.
 */
static void list_keep(struct owner *o, mfn_t m)
{
	struct frame *f = frame_of(m);

	HOLD_LOCK(&o->lock);
	owner_list_del(o, m);
	f->next = o->kept;
	if (o->kept) {
		frame_table[o->kept].prev = (u32)m.n;
	}
	o->kept = (u32)m.n;
	o->pages++;
}

/* We hold a general reference of m. */
static int frame_give_up(struct owner *o, mfn_t m)
{
	int rc = 0;

	if (READ_ONCE(frame_of(m)->type) & FT_PINNED) {
		rc = frame_unpin(m, o);
	}
	if (rc != -ERESTART) {
		rc = frame_settle(m);
	}
	if (!rc) {
		list_keep(o, m);
		frame_release(m);
	}
	return rc;
}

int owner_relinquish(struct owner *o)
{
	u32 first;

	ASSERT(o->dying);
	while ((first = READ_ONCE(o->head)) != 0) {
		mfn_t m = _mfn(first);
		int rc;

		if (frame_get(m, o)) {
			continue; /* someone else freed it meanwhile */
		}
		rc = frame_give_up(o, m);
		frame_put(m);
		if (rc) {
			return rc;
		}
		if (preempt_needed()) {
			return -ERESTART;
		}
	}
	return 0;
}
