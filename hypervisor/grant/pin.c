/* SPDX-License-Identifier: MIT */
/*
 * Pins: who may use what an entry grants, and the marks by which the guest sees that it is used.
 *
 * Invariant: an active entry with pins has its mfn and domid fixed, whatever the guest writes to
 * the shared entry; pins >= writers. The shared page's pointer and the table's mode are read under
 * an active entry's lock only: so once either was changed and every active lock was taken once,
 * nobody acts by the old one.
 *
 *            the entry                          the marks
 *   v1       {flags, domid, frame}: one word    in its flags: check and mark are one cmpxchg
 *   v2       {flags, domid, ...}, frame         a word of a status frame: mark, then check
 *
 * A guest that ends a grant of version 2 clears its flags and then reads the status word; here the
 * status word is marked and then the flags are read. One of the two sees the other.
 */
#include "mm/alloc.h"
#include "table.h"

#define CLAIM_TRIES 16 /* a guest that changes its entry faster than this gets an error */

struct active *active_page_make(struct grant_domain *g, struct active **slot)
{
	HOLD_LOCK(&g->lock);

	if (!*slot) {
		/* Before the look at `shared` in grant_pin(): see frame_detach(). */
		__atomic_store_n(slot, heap_alloc_page(), __ATOMIC_SEQ_CST);
	}
	return *slot;
}

/* Version 1. Checks the guest's entry and marks it as in use, in one step. */
static int entry_claim(u64 *entry, u16 domid, bool write, u64 *frame)
{
	const u16 marks = write ? GRANT_MARKS : GTF_reading;
	u64 old = READ_ONCE(*entry);

	for (unsigned int i = 0; i < CLAIM_TRIES; i++) {
		u16 flags = (u16)old;

		if ((flags & GTF_type_mask) != GTF_permit_access || (u16)(old >> 16) != domid ||
		    (write && (flags & GTF_readonly))) {
			return GNTST_general_error;
		}
		if (cmpxchg_u64(entry, &old, old | marks)) {
			*frame = (u32)(old >> 32);
			return GNTST_okay;
		}
	}
	return GNTST_general_error;
}

/* Transitive grants are refused like all that is no plain grant, as Xen does where they are off. */
static bool head_allows(u64 head, u16 domid, bool write, bool whole)
{
	u16 flags = (u16)head;

	return (flags & GTF_type_mask) == GTF_permit_access && (u16)(head >> 16) == domid &&
	       !(write && (flags & GTF_readonly)) && !(whole && (flags & GTF_sub_page));
}

/* Version 2, at each pin. The first look spares an entry that grants nothing from being marked by
 * strangers. */
static int entry_claim_v2(u64 *entry, u16 *status, const struct active *a, u16 domid, bool write,
			  struct grant_part *part, u64 *frame)
{
	const u16 marks = write ? GRANT_MARKS : GTF_reading;
	u64 head = __atomic_load_n(entry, __ATOMIC_RELAXED);

	if (!head_allows(head, domid, write, !part)) {
		return GNTST_general_error;
	}
	__atomic_fetch_or(status, marks, __ATOMIC_SEQ_CST);
	head = __atomic_load_n(entry, __ATOMIC_SEQ_CST);
	if (!head_allows(head, domid, write, !part)) {
		__atomic_fetch_and(status, (u16)(~GRANT_MARKS | active_marks(a)), __ATOMIC_SEQ_CST);
		return GNTST_general_error;
	}
	if ((u16)head & GTF_sub_page) {
		part->start = (u16)(head >> 32);
		part->end = part->start + (u16)(head >> 48);
	}
	*frame = READ_ONCE(entry[1]);
	return GNTST_okay;
}

static int active_pin(struct grant_domain *g, struct active *a, u32 ref, u16 domid, bool write,
		      struct grant_part *part)
{
	const u32 mode = __atomic_load_n(&g->mode, __ATOMIC_ACQUIRE);
	u64 *entry = entry_of(g, ref, mode), frame = 0;
	int rc = GNTST_okay;

	if (!entry) {
		return GNTST_bad_gntref;
	}
	if (a->pins == 0xffff || (a->pins && a->domid != domid)) {
		return GNTST_general_error;
	}
	if (unlikely(mode & GRANT_SWITCHING)) {
		/* Upon eagain Linux would wait, for as long as the guest pleases. */
		return GNTST_general_error;
	}
	if (unlikely(mode & GRANT_V2)) {
		rc = entry_claim_v2(entry, status_of(g, ref), a, domid, write, part, &frame);
	} else if (!a->pins || (write && !a->writers)) {
		rc = entry_claim(entry, domid, write, &frame);
	}
	if (rc) {
		return rc;
	}
	if (!a->pins) {
		a->mfn = (u32)MIN(frame, ~0u); /* no such frame: as good as any that is too large */
		a->domid = domid;
	}
	a->pins++;
	a->writers += write;
	return GNTST_okay;
}

int grant_pin(struct domain *rd, struct domain *ld, u32 ref, bool write, bool whole, struct pin *p)
{
	struct grant_domain *g = grant_state(rd);
	struct active *a;
	int rc;

	if (!g || ref / GRANTS_PER_FRAME >= __atomic_load_n(&g->frames, __ATOMIC_ACQUIRE)) {
		return GNTST_bad_gntref;
	}
	a = active_get(g, ref, true);
	if (!a) {
		return GNTST_no_space;
	}
	p->part = GRANT_WHOLE;
	spin_lock(&a->lock);
	rc = active_pin(g, a, ref, domain_id(ld), write, whole ? NULL : &p->part);
	p->mfn = _mfn(a->mfn);
	spin_unlock(&a->lock);
	p->active = a;
	return rc;
}

void grant_unpin(struct domain *rd, struct active *a, u32 ref, bool write)
{
	struct grant_domain *g = rd->grant;
	u64 *entry, clear = 0;
	u32 mode;

	HOLD_LOCK(&a->lock);
	ASSERT(a->pins && a->writers >= write);
	a->pins--;
	a->writers -= write;
	if (!a->pins) {
		clear = GTF_reading;
	}
	if (write && !a->writers) {
		clear |= GTF_writing;
	}
	mode = __atomic_load_n(&g->mode, __ATOMIC_ACQUIRE);
	entry = entry_of(g, ref, mode);
	if (!entry || !clear) {
		return;
	}
	if (unlikely(mode & GRANT_V2)) {
		__atomic_fetch_and(status_of(g, ref), (u16)~clear, __ATOMIC_SEQ_CST);
	} else {
		__atomic_fetch_and(entry, ~clear, __ATOMIC_SEQ_CST);
	}
}

int grant_frame_get(struct domain *rd, mfn_t m, bool write)
{
	int rc = write ? frame_get_and_type(m, &rd->mm, FT_WRITABLE) : frame_get(m, &rd->mm);

	return rc ? GNTST_bad_page : GNTST_okay;
}

void grant_frame_put(mfn_t m, bool write)
{
	if (write) {
		frame_put_and_type(m);
	} else {
		frame_put(m);
	}
}
