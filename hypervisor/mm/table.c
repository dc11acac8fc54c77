/* SPDX-License-Identifier: MIT */
/*
 * What stands in page tables: which entries guests may have, and the references that entries hold.
 *
 *   L1 entry, RAM        general reference, and a writable one if the entry has RW
 *   L1 entry, no RAM     nothing (device memory), owners with io_cap only
 *   L1 entry, PTE_GRANT  nothing: the grant module's
 *   Ln entry             general reference and one of type L(n-1)
 *
 * Invariant: every present entry of a validated table, and of the first `done` entries of a
 * partial one, holds exactly these. The table's FT_LOCKED guards its entries.
 */
#include "arch/hv_map.h"
#include "arch/isolation.h"
#include "lib/lib.h"
#include "mm/pagetype.h"
#include "refs.h"

#define AVAIL_HIGH (PTE_AVAIL_HIGH & ~PTE_GRANT)
#define UPPER_ALLOWED                                                                    \
	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_AVAIL | PTE_AVAIL_HIGH | PTE_NX | \
	 PTE_MFN_MASK)
/* Bits of an L1 entry that may change without a look at what it maps. */
#define L1_IGNORED (PTE_NX | PTE_AVAIL | AVAIL_HIGH | PTE_A | PTE_D)
#define NO_SECTION ~0ull
#define GROUP      16u /* entries looked at in one go: tables are mostly empty */

bool (*pte_mmio_read_only)(mfn_t m);

static inline bool group_empty(const pte_t *e)
{
	return !(e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7] | e[8] | e[9] | e[10] |
		 e[11] | e[12] | e[13] | e[14] | e[15]);
}

/* Tables lie on page boundaries, so an entry's address tells whether a group begins or ends there.
 */
static inline bool group_edge(const pte_t *e)
{
	return !((unsigned long)e % (GROUP * sizeof(*e)));
}

/* From an edge up to the first group that is not empty, or down to the end of the last one. */
static inline pte_t *skip_up(pte_t *e, const pte_t *end)
{
	while (e < end && group_empty(e)) {
		e += GROUP;
	}
	return e;
}
static inline pte_t *skip_down(pte_t *e, const pte_t *start)
{
	while (e > start && group_empty(e - GROUP)) {
		e -= GROUP;
	}
	return e;
}

/* The guest's kernel runs in ring 3 too: its pages are user pages, marked. No page is global. */
static inline pte_t l1e_adjust(pte_t e)
{
	return (e | (e & PTE_US ? 0 : PTE_US | PTE_GUEST_KERNEL)) & ~PTE_G;
}

/* Device memory is never cached; and some of it never written directly. */
static int l1e_get_io(pte_t *e, mfn_t m, const struct owner *table_owner,
		      const struct owner *page_owner)
{
	if (!table_owner->io_cap || (page_owner != table_owner && page_owner != &owner_io) ||
	    m.n >> (cpu_features.maddr_bits - PAGE_SHIFT)) {
		return -EINVAL;
	}
	if (*e & PTE_RW && pte_mmio_read_only && pte_mmio_read_only(m)) {
		*e &= ~PTE_RW;
	}
	switch (*e & PTE_CACHE) {
	case 0:                 /* write-back */
	case PTE_PWT:           /* write-through */
	case PTE_PWT | PTE_PAT: /* write-protect */
		*e = (*e & ~PTE_PAT) | PTE_PWT | PTE_PCD;
	}
	return 0;
}

/*
 * frame_backed(), remembering the section: neighbours in a table are mostly neighbours in memory.
 * What lies in the last section behind frame_end is FRAME_OWNER_IO's, as all that is no RAM.
 */
static inline bool backed(mfn_t m, u64 *section)
{
	u64 s = m.n / SECTION_FRAMES;

	if (unlikely(s != *section)) {
		if (!frame_backed(m)) {
			return false;
		}
		*section = s;
	}
	return true;
}

/* Drops the references of an entry that is in no table any more. */
static inline void l1e_put(pte_t e, u64 *section)
{
	mfn_t m = pte_mfn(e);
	struct frame *f = frame_of(m);
	bool rw = e & PTE_RW;

	if ((e & (PTE_P | PTE_GRANT)) != PTE_P || !backed(m, section) ||
	    READ_ONCE(f->owner) == FRAME_OWNER_IO || frame_put_quick(f, true, rw)) {
		return;
	}
	if (rw) {
		frame_put_and_type(m);
	} else {
		frame_put(m);
	}
}

/* References of a page of RAM for an entry with these bits. */
static int l1e_get_ram(pte_t e, mfn_t m, const struct owner *page_owner)
{
	if (unlikely(frame_get_ram(m, page_owner))) {
		return -EINVAL;
	}
	if (unlikely(e & PTE_CACHE && frame_is_xenheap(frame_of(m)))) {
		frame_put(m);
		return -EINVAL;
	}
	if (e & PTE_RW && (page_owner == &owner_xen || frame_get_type(m, FT_WRITABLE))) {
		frame_put(m);
		return -EINVAL;
	}
	return 0;
}

/* The general case of l1e_get(). */
static __noinline pte_t l1e_get_slow(pte_t e, const struct owner *table_owner,
				     const struct owner *page_owner)
{
	mfn_t m = pte_mfn(e);
	int rc = -EINVAL;

	if (e & PTE_GRANT || (e & PTE_CACHE && !table_owner->io_cap)) {
		return 0;
	}
	rc = frame_valid(m) ? l1e_get_ram(e, m, page_owner)
			    : l1e_get_io(&e, m, table_owner, page_owner);
	return rc ? 0 : e;
}

/* Takes the references of a present entry; returns it as it may stand there, 0 if it may not. */
static inline pte_t l1e_get(pte_t e, const struct owner *table_owner,
			    const struct owner *page_owner, u64 *section)
{
	const u16 id = page_owner->id;
	mfn_t m = pte_mfn(e);
	struct frame *f = frame_of(m);

	e = l1e_adjust(e);
	if (unlikely(e & (PTE_GRANT | PTE_CACHE) || page_owner != table_owner ||
		     !backed(m, section) || READ_ONCE(f->owner) != id ||
		     !frame_get_quick(f, true, e & PTE_RW))) {
		return l1e_get_slow(e, table_owner, page_owner);
	}
	if (unlikely(READ_ONCE(f->owner) != id)) { /* freed and given away meanwhile */
		l1e_put(e, section);
		return 0;
	}
	if (!(e & PTE_US)) {
		__builtin_unreachable(); /* spares the caller the look for 0 */
	}
	return e;
}

static void l1_drop(pte_t *l1, struct frame *f)
{
	u64 section = NO_SECTION;

	pte_t *e = l1 + f->done; /* entries from there on are none of ours */

	while (!group_edge(e) || (e = skip_down(e, l1)) > l1) {
		pte_t val = *--e;

		if (val & PTE_P) {
			l1e_put(val, &section);
		}
	}
	f->done = 0;
}

/* All or nothing: an L1 is never partial, so it starts with the first entry. */
static int l1_validate(pte_t *l1, struct frame *f, const struct owner *o)
{
	const pte_t *const end = l1 + PT_ENTRIES;
	u64 section = NO_SECTION;

	for (pte_t *e = l1; !group_edge(e) || (e = skip_up(e, end)) < end; e++) {
		pte_t val = *e;

		if (!(val & PTE_P)) {
			continue;
		}
		val = l1e_get(val, o, o, &section);
		if (unlikely(!val)) {
			f->done = (u16)(e - l1);
			return -EINVAL;
		}
		*e = val;
	}
	return 0;
}

static bool slot_is_hv(enum frame_kind kind, unsigned int i)
{
	return kind == FT_L4 && i - HV_SLOT < HV_SLOTS;
}

static int upper_get(pte_t *e, enum frame_kind kind, const struct owner *o)
{
	if (*e & ~UPPER_ALLOWED) {
		return -EINVAL;
	}
	*e |= PTE_US | (kind == FT_L4 ? PTE_A : 0);
	return frame_get_and_type(pte_mfn(*e), o, kind - 1);
}

/* Preempted only after an entry's work: every call makes progress. */
static int upper_validate(pte_t *t, struct frame *f, enum frame_kind kind, const struct owner *o)
{
	const pte_t *const end = t + PT_ENTRIES;
	pte_t *e = t + f->done;
	bool worked = false;
	int rc = 0;

	for (; !group_edge(e) || (e = skip_up(e, end)) < end; e++) {
		pte_t val = *e;

		if (!(val & PTE_P) || slot_is_hv(kind, (unsigned int)(e - t))) {
			continue;
		}
		rc = worked && preempt_needed() ? -ERESTART : upper_get(&val, kind, o);
		if (rc) {
			break;
		}
		*e = val;
		worked = true;
	}
	f->done = (u16)(e - t);
	if (!rc && kind == FT_L4) {
		memcpy(&t[HV_SLOT], hv_l4_slots, sizeof(hv_l4_slots));
	}
	return rc;
}

static int upper_drop(pte_t *t, struct frame *f, enum frame_kind kind, bool preempt)
{
	pte_t *e = t + f->done;
	bool worked = false;
	int rc = 0;

	if (kind == FT_L4) {
		memset(&t[HV_SLOT], 0, sizeof(hv_l4_slots));
	}
	while (!group_edge(e) || (e = skip_down(e, t)) > t) {
		pte_t val = e[-1];

		if (val & PTE_P) {
			if (!preempt) {
				frame_put_and_type(pte_mfn(val));
			} else if ((worked && preempt_needed()) ||
				   frame_put_and_type_preemptible(pte_mfn(val))) {
				rc = -ERESTART;
				break;
			}
			worked = true;
		}
		e--;
	}
	f->done = (u16)(e - t);
	return rc;
}

/*
 * 64-bit guests run with flat segments that the CPU mostly ignores; what must not pass are gates
 * and other system descriptors, and ring 0. Those that are not present fault when used.
 */
bool descriptor_fix(u64 *desc)
{
	u64 d = *desc;
	bool present = d & BIT(47), segment = d & BIT(44), code = d & BIT(43);

	if (!present) {
		return true;
	}
	if (!segment) {
		return !(d & (0xfull << 40)); /* type 0: the CPU refuses it */
	}
	if (code && d & BIT(53) && d & BIT(54)) { /* L and D: reserved */
		return false;
	}
	*desc = d | 3ull << 45;
	return true;
}

static int desc_validate(u64 *d)
{
	for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*d); i++) {
		if (d[i] && !descriptor_fix(&d[i])) {
			return -EINVAL;
		}
	}
	return 0;
}

int table_validate(mfn_t m, struct frame *f, enum frame_kind kind)
{
	const struct owner *o = owner_find(READ_ONCE(f->owner));
	pte_t *t = mfn_to_virt(m);

	if (!o || (frame_is_xenheap(f) && kind != FT_WRITABLE)) {
		return -EINVAL;
	}
	if (kind == FT_DESC) {
		return desc_validate(t);
	}
	return kind == FT_L1 ? l1_validate(t, f, o) : upper_validate(t, f, kind, o);
}

int table_drop(mfn_t m, struct frame *f, enum frame_kind kind, bool preempt)
{
	pte_t *t = mfn_to_virt(m);

	if (kind == FT_L1) {
		l1_drop(t, f);
		return 0;
	}
	return kind == FT_DESC ? 0 : upper_drop(t, f, kind, preempt);
}

void l4_show_m2p(mfn_t l4, bool show)
{
	pte_t *e = (pte_t *)mfn_to_virt(l4) + HV_SLOT;

	WRITE_ONCE(*e, show ? hv_l4_slots[0] : 0);
}

enum how {
	EXCHANGE,
	KEEP_AD, /* the new entry inherits A and D */
	IF_SAME, /* only if it still holds what it held, A and D included */
};

/* The CPU may set A and D under our hands, nobody else changes an entry of a locked table. */
static inline bool entry_write(pte_t *p, pte_t old, pte_t val, enum how how)
{
	pte_t new = val;

	if (how == EXCHANGE) {
		__atomic_exchange_n(p, val, __ATOMIC_SEQ_CST);
		return true;
	}
	do {
		if (how == KEEP_AD) {
			new = val | (old & (PTE_A | PTE_D));
		}
		if (__atomic_compare_exchange_n(p, &old, new, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST)) {
			return true;
		}
	} while (how == KEEP_AD);
	return false;
}

/*
 * Only RW of an own page changes (fork, copy on write): the general reference passes from one entry
 * to the other. Without one of its own, the typed reference must go before the table is unlocked.
 */
static inline int l1_write_rw(pte_t *p, pte_t old, pte_t val, enum how how)
{
	mfn_t m = pte_mfn(old);
	pte_t had = old;
	int rc = 0;

	if (val & PTE_RW && !frame_get_quick(frame_of(m), false, true) &&
	    frame_get_type(m, FT_WRITABLE)) {
		return -EINVAL;
	}
	if (!entry_write(p, old, val, how)) {
		had = val; /* what was taken goes again */
		rc = -EBUSY;
	}
	if (had & PTE_RW && !frame_put_quick(frame_of(m), false, true)) {
		frame_put_type(m);
	}
	return rc;
}

/* May old, present, become val without a look at references, typed ones excepted? */
static inline bool l1_same(pte_t old, pte_t val, const struct owner *table_owner,
			   const struct owner *page_owner)
{
	pte_t diff = old ^ val;

	if (diff & ~(L1_IGNORED | PTE_RW)) {
		return false;
	}
	return !(diff & PTE_RW) || (!(old & PTE_GRANT) && page_owner == table_owner &&
				    frame_owned_by(pte_mfn(old), page_owner->id));
}

/*
 * Makes an entry of a locked table, which holds `old`, hold `val`. *drop is the entry whose
 * references are to be dropped once the table is unlocked: the last one may tear down much.
 */
static __inline_here int l1_write(pte_t *p, pte_t old, pte_t val, const struct owner *table_owner,
				  const struct owner *page_owner, enum how how, pte_t *drop)
{
	u64 section = NO_SECTION;

	if (old & PTE_P) {
		if (val & PTE_P && l1_same(old, l1e_adjust(val), table_owner, page_owner)) {
			val = l1e_adjust(val);
			if ((old ^ val) & PTE_RW) {
				return l1_write_rw(p, old, val, how);
			}
			return entry_write(p, old, val, how) ? 0 : -EBUSY;
		}
		if (unlikely(old & PTE_GRANT)) {
			return -EPERM;
		}
	}
	if (val & PTE_P) {
		val = l1e_get(val, table_owner, page_owner, &section);
		if (unlikely(!val)) {
			return -EINVAL;
		}
	} else if (how == KEEP_AD) {
		how = EXCHANGE;
	}
	if (unlikely(!entry_write(p, old, val, how))) {
		*drop = val;
		return -EBUSY;
	}
	*drop = old;
	return 0;
}

/* An entry of a locked table above L1; unlocks it. */
static __noinline int upper_update(mfn_t table, unsigned int slot, pte_t val, enum frame_kind kind,
				   const struct owner *o, bool preserve_ad, mfn_t *rest)
{
	pte_t *p = (pte_t *)mfn_to_virt(table) + slot, old = READ_ONCE(*p);
	int rc = slot_is_hv(kind, slot) ? -EINVAL : val & PTE_P ? upper_get(&val, kind, o) : 0;

	if (!rc) {
		entry_write(p, old, val, preserve_ad && val & PTE_P ? KEEP_AD : EXCHANGE);
	}
	table_unlock(table);
	if (!rc && kind == FT_L4) {
		views_follow(&o->dirty);
	}
	if (!rc && old & PTE_P && frame_put_and_type_preemptible(pte_mfn(old))) {
		*rest = pte_mfn(old);
	}
	return rc;
}

int pte_update(mfn_t table, unsigned int slot, pte_t val, const struct owner *table_owner,
	       struct owner *page_owner, bool preserve_ad, mfn_t *rest)
{
	enum frame_kind kind = table_lock(table, table_owner);
	u64 section = NO_SECTION;
	pte_t *p, drop = 0;
	int rc;

	*rest = INVALID_MFN;
	if (unlikely(kind != FT_L1)) {
		if (kind != FT_NONE && page_owner == table_owner) {
			return upper_update(table, slot, val, kind, table_owner, preserve_ad, rest);
		}
		if (kind != FT_NONE) {
			table_unlock(table);
		}
		return -EINVAL;
	}
	p = (pte_t *)mfn_to_virt(table) + slot;
	rc = l1_write(p, READ_ONCE(*p), val, table_owner, page_owner,
		      preserve_ad ? KEEP_AD : EXCHANGE, &drop);
	table_unlock(table);
	if (drop) {
		l1e_put(drop, &section);
	}
	return rc;
}

/* The entry, its table locked; NULL if it is in no validated L1 table of o. */
static inline pte_t *l1_lock(mfn_t table, unsigned int slot, const struct owner *o)
{
	enum frame_kind kind = table_lock(table, o);

	if (kind != FT_L1) {
		if (kind != FT_NONE) {
			table_unlock(table);
		}
		return NULL;
	}
	return (pte_t *)mfn_to_virt(table) + slot;
}

int pte_exchange(mfn_t table, unsigned int slot, pte_t *old, bool any, pte_t val,
		 struct owner *owner)
{
	pte_t *p = l1_lock(table, slot, owner), now, drop = 0;
	u64 section = NO_SECTION;
	int rc = -EBUSY;

	if (unlikely(!p)) {
		return -EINVAL;
	}
	now = READ_ONCE(*p);
	if (any || now == *old) {
		rc = l1_write(p, now, val, owner, owner, IF_SAME, &drop);
	}
	table_unlock(table);
	l1e_put(drop, &section);
	if (likely(!rc)) {
		*old = now;
	}
	return rc;
}

int pte_grant_set(mfn_t table, unsigned int slot, pte_t val, const struct owner *owner)
{
	u64 section = NO_SECTION;
	pte_t *p = l1_lock(table, slot, owner), old;

	if (!p) {
		return -EINVAL;
	}
	old = READ_ONCE(*p);
	if (old & PTE_P && old & PTE_GRANT) {
		table_unlock(table);
		return -EPERM;
	}
	entry_write(p, old, l1e_adjust(val | PTE_GRANT), EXCHANGE);
	table_unlock(table);
	l1e_put(old, &section);
	return 0;
}

int pte_grant_clear(mfn_t table, unsigned int slot, mfn_t frame, bool writable,
		    const struct owner *owner)
{
	pte_t *p = l1_lock(table, slot, owner), old;
	int rc = -EINVAL;

	if (!p) {
		return -EINVAL;
	}
	old = READ_ONCE(*p);
	if (old & PTE_P && old & PTE_GRANT && mfn_eq(pte_mfn(old), frame) &&
	    !(old & PTE_RW) == !writable) {
		entry_write(p, old, 0, EXCHANGE);
		rc = 0;
	}
	table_unlock(table);
	return rc;
}
