/* SPDX-License-Identifier: MIT */
/*
 * The type word of a frame and all its transitions (docs/page-types.md draws them).
 *
 * Invariant: a kind changes only while there is no typed reference, and what the old kind left in
 * TLBs is flushed before the new one counts. Contents of tables and descriptor pages are
 * checked before FT_VALIDATED is seen and cannot change afterwards but through table_lock().
 * FT_LOCKED is the lock; a CPU that holds it on a table of level n waits only for level n - 1
 * and for writable frames, and others that want another kind do not wait at all: no cycle.
 */
#include "arch/cpu.h"
#include "arch/tlb.h"
#include "lib/lib.h"
#include "mm/pagetype.h"
#include "refs.h"

#define FT_WORD(kind) ((u32)(kind) << 29)
#define DONE_FAILED   0x8000u /* frame.done: an entry was refused, the rest is being undone */

/* Ends our lock: nobody else changes the word of a locked frame that is not validated. */
static void type_store(struct frame *f, u32 word)
{
	__atomic_store_n(&f->type, word, __ATOMIC_RELEASE);
}

/* May references be added without a look at the contents? */
static bool type_ready(u32 x)
{
	return x & FT_VALIDATED || (FT_KIND(x) == FT_WRITABLE && !(x & FT_LOCKED));
}

/* The locked frame becomes partial, keeping `x`'s references; a new partial state holds the frame.
 */
static void type_leave_partial(struct frame *f, u32 x)
{
	if (!(x & FT_PARTIAL)) {
		__atomic_fetch_add(&f->count, 1, __ATOMIC_ACQ_REL);
	}
	type_store(f, (x & ~(FT_LOCKED | FT_VALIDATED)) | FT_PARTIAL);
}

/* The locked frame leaves the partial state if it was in it; the caller holds a general reference.
 */
static void type_settle(mfn_t m, struct frame *f, u32 x, u32 word)
{
	type_store(f, word);
	if (x & FT_PARTIAL) {
		frame_put(m);
	}
}

/* Drops the contents of a locked frame without typed references. */
static int contents_undo(mfn_t m, struct frame *f, u32 x)
{
	int rc = table_drop(m, f, FT_KIND(x), true);

	if (rc) {
		type_leave_partial(f, x);
		return rc;
	}
	f->done = 0;
	f->stamp = tlb_stamp();
	type_settle(m, f, x, FT_WORD(FT_KIND(x)));
	return 0;
}

/* `x` (before the lock) is not validated: do it and take one reference, or put things back. */
static int type_promote(mfn_t m, struct frame *f, u32 x, u32 pin)
{
	int rc = -EINVAL;

	if (FT_KIND(x) == FT_WRITABLE) {
		type_store(f, FT_WORD(FT_WRITABLE) | 1);
		return 0;
	}
	if (!(f->done & DONE_FAILED)) {
		rc = table_validate(m, f, FT_KIND(x));
	}
	if (!rc) {
		f->done = 0;
		type_settle(m, f, x, ((x & ~FT_PARTIAL) + 1) | FT_VALIDATED | pin);
		return 0;
	}
	if (rc == -ERESTART || x & FT_COUNT) { /* with a count, its holder is taking it down */
		type_leave_partial(f, x);
		return rc;
	}
	f->done &= (u16)~DONE_FAILED;
	if (contents_undo(m, f, x)) {
		f->done |= DONE_FAILED;
		return -ERESTART;
	}
	return -EINVAL;
}

/* What CPUs may still do by what the frame was: the owner's CPUs forget it. */
static void type_flush(struct frame *f)
{
	struct owner *o = owner_find(READ_ONCE(f->owner));

	if (o) {
		tlb_flush_stamp(&o->dirty, READ_ONCE(f->stamp));
	}
}

/* Takes a reference, and sets the flag `pin` with it. */
static int type_get(mfn_t m, enum frame_kind kind, u32 pin)
{
	struct frame *f = frame_of(m);
	u32 x = __atomic_load_n(&f->type, __ATOMIC_ACQUIRE);

	for (;;) {
		bool same = FT_KIND(x) == kind;
		u32 word = same ? x : FT_WORD(kind);

		if (unlikely(x & pin)) {
			return -EINVAL;
		}
		if (likely(same && type_ready(x))) {
			if ((x & FT_COUNT) == FT_COUNT) {
				return -EINVAL;
			}
			if (type_cas(f, &x, (x + 1) | pin)) {
				return 0;
			}
			continue;
		}
		if (!same && x & (FT_COUNT | FT_LOCKED | FT_PARTIAL)) {
			return -EINVAL;
		}
		if (x & FT_LOCKED) {
			x = type_wait(f);
			continue;
		}
		if (!type_cas(f, &x, word | FT_LOCKED)) {
			continue;
		}
		if (!same && FT_KIND(x) != FT_NONE) {
			type_flush(f);
		}
		return type_promote(m, f, word, pin);
	}
}

int frame_get_type(mfn_t m, enum frame_kind kind)
{
	return type_get(m, kind, 0);
}

/* Takes the last reference of a locked frame; `x` is the word before the lock. */
static int type_demote(mfn_t m, struct frame *f, u32 x, bool preempt)
{
	enum frame_kind kind = FT_KIND(x);

	if (kind <= FT_L4) {
		if (!(x & FT_PARTIAL)) {
			f->done = PT_ENTRIES;
		}
		if (table_drop(m, f, kind, preempt)) {
			type_leave_partial(f, x);
			return -ERESTART;
		}
		f->done = 0;
	}
	/* Under the lock: later than the end of every mapping whose reference was dropped. */
	f->stamp = tlb_stamp();
	type_settle(m, f, x, FT_WORD(kind));
	return 0;
}

/* Drops a reference, and the flag `pin` with it. */
static int type_put(mfn_t m, u32 pin, bool preempt)
{
	struct frame *f = frame_of(m);
	u32 x = __atomic_load_n(&f->type, __ATOMIC_ACQUIRE);

	for (;;) {
		if (pin && !(x & pin)) {
			return -EINVAL; /* another CPU unpinned it */
		}
		ASSERT(x & FT_COUNT);
		if ((x & FT_COUNT) > 1) {
			if (type_cas(f, &x, (x - 1) & ~pin)) {
				return 0;
			}
			continue;
		}
		ASSERT(pin || !(x & FT_PINNED));
		if (x & FT_LOCKED) {
			x = type_wait(f);
			continue;
		}
		if (type_cas(f, &x, (x & ~FT_VALIDATED) | FT_LOCKED)) {
			return type_demote(m, f, x, preempt);
		}
	}
}

void frame_put_type(mfn_t m)
{
	type_put(m, 0, false);
}

int frame_put_type_preemptible(mfn_t m)
{
	return type_put(m, 0, true);
}

int frame_get_and_type(mfn_t m, const struct owner *o, enum frame_kind kind)
{
	struct frame *f = frame_of(m);
	int rc;

	if (likely(frame_owned_by(m, o->id) && frame_get_table_quick(f, kind))) {
		if (likely(READ_ONCE(f->owner) == o->id)) {
			return 0;
		}
		frame_put_and_type(m); /* freed and given away meanwhile */
		return -EINVAL;
	}
	rc = frame_get(m, o);
	if (!rc) {
		rc = frame_get_type(m, kind);
		if (rc) {
			frame_put(m);
		}
	}
	return rc;
}

void frame_put_and_type(mfn_t m)
{
	if (!frame_put_quick(frame_of(m), true, true)) {
		frame_put_type(m);
		frame_put(m);
	}
}

int frame_put_and_type_preemptible(mfn_t m)
{
	int rc;

	if (likely(frame_put_quick(frame_of(m), true, true))) {
		return 0;
	}
	rc = frame_put_type_preemptible(m);
	if (!rc) {
		frame_put(m);
	}
	return rc;
}

static bool owner_dying(const struct owner *o)
{
	return __atomic_load_n(&o->dying, __ATOMIC_SEQ_CST);
}

int frame_pin(mfn_t m, struct owner *o, enum frame_kind kind)
{
	int rc;

	if (owner_dying(o) || frame_get(m, o)) {
		return -EINVAL;
	}
	rc = type_get(m, kind, FT_PINNED);
	if (likely(!rc && !owner_dying(o))) {
		return 0; /* the pin keeps both references */
	}
	/* Dying: owner_relinquish() may have passed this frame, nothing must be left behind. */
	if (!rc) {
		while (frame_unpin(m, o) == -ERESTART) {
		}
		return -EINVAL;
	}
	if (rc == -ERESTART && owner_dying(o)) {
		while (frame_settle(m)) {
		}
		rc = -EINVAL;
	}
	frame_put(m);
	return rc;
}

int frame_unpin(mfn_t m, const struct owner *o)
{
	int rc;

	if (frame_get(m, o)) {
		return -EINVAL;
	}
	rc = READ_ONCE(frame_of(m)->type) & FT_PINNED ? type_put(m, FT_PINNED, true) : -EINVAL;
	if (!rc) {
		frame_put(m); /* the pin's */
	}
	frame_put(m);
	return rc;
}

int frame_settle(mfn_t m)
{
	struct frame *f = frame_of(m);
	u32 x = __atomic_load_n(&f->type, __ATOMIC_ACQUIRE);

	for (;;) {
		if (x & FT_LOCKED && !(x & FT_VALIDATED)) {
			x = type_wait(f);
			continue;
		}
		if (!(x & FT_PARTIAL) || x & FT_COUNT) {
			return 0;
		}
		if (type_cas(f, &x, x | FT_LOCKED)) {
			f->done &= (u16)~DONE_FAILED;
			return contents_undo(m, f, x);
		}
	}
}
