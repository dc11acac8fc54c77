/* SPDX-License-Identifier: MIT */
/*
 * Giving frames to owners. Invariant: a frame with FRAME_ALLOCATED and without FRAME_XENHEAP is on
 * the list of its owner and counted in owner.pages. The owner's lock guards list and counts; a
 * frame becomes visible to frame_get() by the store to its count, which comes last.
 */
#include "arch/tlb.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mm/frame.h"
#include "owned.h"
#include "mm/pagetype.h"

static int give_check(const struct owner *o, u64 count)
{
	if (o->dying) {
		return -EINVAL;
	}
	return o->pages + count > o->limit ? -E2BIG : 0;
}

static int frames_give(struct owner *o, mfn_t m, u64 count)
{
	int rc;

	HOLD_LOCK(&o->lock);
	rc = give_check(o, count);
	for (u64 i = 0; !rc && i < count; i++) {
		struct frame *f = frame_of(mfn_add(m, i));

		f->type = 0;
		f->owner = o->id;
		f->done = 0;
		owner_list_add(o, mfn_add(m, i));
		__atomic_store_n(&f->count, FRAME_ALLOCATED, __ATOMIC_RELEASE);
	}
	return rc;
}

int frame_alloc_owned(struct owner *o, unsigned int order, unsigned int bits, mfn_t *m)
{
	u64 count = 1ull << order;
	int rc = give_check(o, count); /* a hint: saves the scrubbing */

	if (rc) {
		return rc;
	}
	*m = alloc_frames(order, bits >= 64 ? 0 : bits, ALLOC_ZERO);
	if (mfn_eq(*m, INVALID_MFN)) {
		return -ENOMEM;
	}
	rc = frames_give(o, *m, count);
	if (rc) {
		free_frames(*m, order);
	}
	return rc;
}

int frame_adopt(struct owner *o, mfn_t m, u64 count)
{
	for (u64 i = 0; i < count; i++) {
		const struct frame *f = frame_of(mfn_add(m, i));

		if (!frame_valid(mfn_add(m, i)) || f->count || f->type ||
		    f->owner != FRAME_OWNER_NONE) {
			return -EBUSY;
		}
	}
	return frames_give(o, m, count);
}

void frame_share(void *page, struct owner *o)
{
	struct frame *f = frame_of(virt_to_mfn(page));

	ASSERT(!f->count);
	spin_lock(&o->lock);
	o->xenheap_pages++;
	spin_unlock(&o->lock);
	f->owner = o->id;
	f->type = (u32)FT_WRITABLE << 29 | FT_VALIDATED | 1;
	__atomic_store_n(&f->count, FRAME_ALLOCATED | FRAME_XENHEAP, __ATOMIC_RELEASE);
}

bool frame_unshare(void *page)
{
	struct frame *f = frame_of(virt_to_mfn(page));
	struct owner *o = owner_find(f->owner);

	f->stamp = tlb_stamp();
	__atomic_fetch_sub(&f->type, 1, __ATOMIC_ACQ_REL);
	if (__atomic_and_fetch(&f->count, ~FRAME_ALLOCATED, __ATOMIC_ACQ_REL) & FRAME_COUNT) {
		return false; /* still mapped somewhere: frame_put() does the rest */
	}
	f->type = 0;
	f->owner = FRAME_OWNER_NONE;
	f->count = 0;
	spin_lock(&o->lock);
	o->xenheap_pages--;
	spin_unlock(&o->lock);
	return true;
}
