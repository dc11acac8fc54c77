/* SPDX-License-Identifier: MIT */
/* What the files of mm/ share: bare references, and the contents of tables. */
#pragma once

#include "lib/lib.h"
#include "mm/pagetype.h"

#define FRAME_HELD (FRAME_ALLOCATED | FRAME_COUNT)

/* So many references are only for the partial state, and for giving back a dying domain's memory.
 */
#define FRAME_RESERVE 16u

/* A general reference of whatever frame it is; false: free, or as many as there may be. */
static inline bool frame_count_get(struct frame *f, u32 most)
{
	u32 old = READ_ONCE(f->count);

	do {
		if (unlikely(!(old & FRAME_HELD) || (old & FRAME_COUNT) >= most)) {
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

	const u32 most = FRAME_COUNT - (READ_ONCE(((struct owner *)o)->dying) ? 1 : FRAME_RESERVE);

	if (READ_ONCE(f->owner) != o->id || !frame_count_get(f, most)) {
		return -EINVAL;
	}
	if (unlikely(READ_ONCE(f->owner) != o->id)) { /* freed and given away meanwhile */
		frame_put(m);
		return -EINVAL;
	}
	return 0;
}

/*
 * What most entries need, in one go: the general reference of an allocated page and one of its kind
 * too; or one of them alone. They never begin or end a kind (see pagetype.c for that), and stay far
 * from the counts' limits. False: not that simple, nothing done. The type, less what it `may` have,
 * must be `want`.
 */
static __inline_here bool frame_get_refs(struct frame *f, bool general, bool typed, u32 want,
					 u32 may)
{
	u64 old = READ_ONCE(f->refs), new;

	do {
		u32 type = (u32)old, count = (u32)(old >> 32);

		if (general && unlikely((count & (FRAME_ALLOCATED | (FRAME_COUNT + 1) >> 1)) !=
					FRAME_ALLOCATED)) {
			return false;
		}
		new = old + (general ? BIT(32) : 0);
		if (typed) {
			if (unlikely((type & ~(may | FT_COUNT >> 1)) != want)) {
				return false;
			}
			new ++;
		}
	} while (!__atomic_compare_exchange_n(&f->refs, &old, new, false, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}
static inline bool frame_get_quick(struct frame *f, bool general, bool writable)
{
	return frame_get_refs(f, general, writable, (u32)FT_WRITABLE << 29, FT_VALIDATED);
}
/* Both references of a table: its lock guards the entries, not the references. */
static inline bool frame_get_table_quick(struct frame *f, enum frame_kind kind)
{
	return frame_get_refs(f, true, true, (u32)kind << 29 | FT_VALIDATED, FT_PINNED | FT_LOCKED);
}
static inline bool frame_put_quick(struct frame *f, bool general, bool typed)
{
	u64 old = READ_ONCE(f->refs), new;

	do {
		if (general && unlikely(!(old >> 32 & FRAME_ALLOCATED))) {
			return false;
		}
		new = old - (general ? BIT(32) : 0);
		if (typed) {
			if (unlikely(((u32)old & FT_COUNT) < 2)) {
				return false;
			}
			new --;
		}
	} while (!__atomic_compare_exchange_n(&f->refs, &old, new, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return true;
}

/*
 * The contents of a frame that is locked while its kind changes. f->done counts the entries that
 * hold references. validate goes up from there and returns 0, -EINVAL (the entry at f->done is bad)
 * or -ERESTART; drop goes down to 0, -ERESTART only if `preempt`.
 */
int table_validate(mfn_t m, struct frame *f, enum frame_kind kind);
int table_drop(mfn_t m, struct frame *f, enum frame_kind kind, bool preempt);

static inline bool type_cas(struct frame *f, u32 *old, u32 new)
{
	return __atomic_compare_exchange_n(&f->type, old, new, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}
static inline u32 type_wait(struct frame *f)
{
	__builtin_ia32_pause();
	return __atomic_load_n(&f->type, __ATOMIC_ACQUIRE);
}

static inline void table_unlock(mfn_t m)
{
	__atomic_fetch_and(&frame_of(m)->type, ~FT_LOCKED, __ATOMIC_RELEASE);
}
/* Locks a validated table of `o` against updates and teardown: its kind, FT_NONE if it is none. */
static inline enum frame_kind table_lock(mfn_t m, const struct owner *o)
{
	struct frame *f = frame_of(m);
	u32 x;

	if (!frame_owned_by(m, o->id)) {
		return FT_NONE;
	}
	x = __atomic_load_n(&f->type, __ATOMIC_ACQUIRE);
	for (;;) {
		if (!(x & FT_VALIDATED) || FT_KIND(x) > FT_L4) {
			return FT_NONE;
		}
		if (unlikely(x & FT_LOCKED)) {
			x = type_wait(f);
			continue;
		}
		if (likely(type_cas(f, &x, x | FT_LOCKED))) {
			break;
		}
	}
	if (unlikely(READ_ONCE(f->owner) != o->id)) {
		table_unlock(m);
		return FT_NONE;
	}
	return FT_KIND(x);
}
