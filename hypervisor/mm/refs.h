/* SPDX-License-Identifier: MIT */
/* What the files of mm/ share: bare references, and the contents of tables. */
#ifndef MM_REFS_H
#define MM_REFS_H

#include "lib/lib.h"
#include "mm/pagetype.h"

#define FRAME_HELD (FRAME_ALLOCATED | FRAME_COUNT)

/* A general reference of whatever frame it is; false: free, or too many. One less than the
 * count can hold is given out: the last one is reserved for the partial state. */
static inline bool frame_count_get(struct frame *f)
{
	u32 old = READ_ONCE(f->count);

	do {
		if (unlikely(!(old & FRAME_HELD) || (old & FRAME_COUNT) >= FRAME_COUNT - 1)) {
			return false;
		}
	} while (!__atomic_compare_exchange_n(&f->count, &old, old + 1, false, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

/* frame_get() of a frame that is known to be RAM. */
static inline int frame_get_ram(mfn_t m, const struct owner *o)
{
	struct frame *f = frame_of(m);

	if (READ_ONCE(f->owner) != o->id || !frame_count_get(f)) {
		return -EINVAL;
	}
	if (unlikely(READ_ONCE(f->owner) != o->id)) { /* freed and given away meanwhile */
		frame_put(m);
		return -EINVAL;
	}
	return 0;
}

/*
 * The two steps that most L1 entries are made of: both references of a writable page in one go.
 * They never begin or end a kind (see pagetype.c for that). False: not that simple, nothing done.
 */
static inline bool frame_get_writable(struct frame *f)
{
	u64 old = READ_ONCE(f->refs);

	do {
		u32 type = (u32)old, count = (u32)(old >> 32);

		if (unlikely((type & ~(FT_COUNT | FT_VALIDATED)) != (u32)FT_WRITABLE << 29 ||
			     (type & FT_COUNT) == FT_COUNT || !(count & FRAME_HELD) ||
			     (count & FRAME_COUNT) >= FRAME_COUNT - 1)) {
			return false;
		}
	} while (!__atomic_compare_exchange_n(&f->refs, &old, old + BIT(32) + 1, false,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}
static inline bool frame_put_writable(struct frame *f)
{
	u64 old = READ_ONCE(f->refs);

	do {
		if (unlikely(((u32)old & FT_COUNT) < 2 || (old >> 32 & FRAME_HELD) < 2)) {
			return false;
		}
	} while (!__atomic_compare_exchange_n(&f->refs, &old, old - BIT(32) - 1, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return true;
}

/*
 * The contents of a frame that is locked while its kind changes. f->done counts the entries that
 * hold references. validate goes up from there and returns 0, -EINVAL (the entry at f->done is bad)
 * or -ERESTART; drop goes down to 0, -ERESTART only if `preempt`.
 */
int table_validate(mfn_t m, struct frame *f, enum frame_kind kind);
int table_drop(mfn_t m, struct frame *f, enum frame_kind kind, bool preempt);

/* Locks a validated table of `o` against updates and teardown: its kind, FT_NONE if it is none. */
enum frame_kind table_lock(mfn_t m, const struct owner *o);
void table_unlock(mfn_t m);

#endif
