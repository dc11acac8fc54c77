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
#include "lib/lib.h"
#include "mm/pagetype.h"
#include "refs.h"

#define AVAIL_HIGH (PTE_AVAIL_HIGH & ~PTE_GRANT)
#define UPPER_ALLOWED                                                                    \
	(PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D | PTE_AVAIL | PTE_AVAIL_HIGH | PTE_NX | \
	 PTE_MFN_MASK)
/* Bits of an L1 entry that may change without a look at what it maps. */
#define L1_IGNORED (PTE_NX | PTE_AVAIL | AVAIL_HIGH | PTE_A | PTE_D)
#define GROUP      8u /* entries looked at in one go: tables are mostly empty */

bool (*pte_mmio_read_only)(mfn_t m);

static bool group_empty(const pte_t *e)
{
	return !(e[0] | e[1] | e[2] | e[3] | e[4] | e[5] | e[6] | e[7]);
}

/* The guest's kernel runs in ring 3 too: its pages are user pages, marked. No page is global. */
static pte_t l1e_adjust(pte_t e)
{
	return (e & PTE_US ? e : e | PTE_US | PTE_GUEST_KERNEL) & ~PTE_G;
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

/* Takes the references of a present entry and corrects it. -EINVAL: it must not stand there. */
static inline int l1e_get(pte_t *p, const struct owner *table_owner, const struct owner *page_owner)
{
	pte_t e = l1e_adjust(*p);
	mfn_t m = pte_mfn(e);
	struct frame *f = frame_of(m);

	*p = e;
	if (unlikely(e & (PTE_GRANT | PTE_CACHE) && (e & PTE_GRANT || !table_owner->io_cap))) {
		return -EINVAL;
	}
	if (unlikely(!frame_valid(m))) {
		return l1e_get_io(p, m, table_owner, page_owner);
	}
	if (likely((e & (PTE_RW | PTE_CACHE)) == PTE_RW && page_owner != &owner_xen &&
		   READ_ONCE(f->owner) == page_owner->id && frame_get_writable(f))) {
		if (likely(READ_ONCE(f->owner) == page_owner->id)) {
			return 0;
		}
		frame_put_and_type(m); /* freed and given away meanwhile */
		return -EINVAL;
	}
	return l1e_get_ram(e, m, page_owner);
}

/* Drops the references of an entry that is in no table any more. */
static inline void l1e_put(pte_t e)
{
	mfn_t m = pte_mfn(e);

	if (!(e & PTE_P) || e & PTE_GRANT || !frame_valid(m)) {
		return;
	}
	if (!(e & PTE_RW)) {
		frame_put(m);
	} else if (!frame_put_writable(frame_of(m))) {
		frame_put_and_type(m);
	}
}

static void l1_drop(pte_t *l1, struct frame *f)
{
	unsigned int i = f->done;

	while (i > 0) {
		if (!(i % GROUP) && group_empty(&l1[i - GROUP])) {
			i -= GROUP;
			continue;
		}
		i--;
		if (l1[i] & PTE_P) {
			l1e_put(l1[i]);
		}
	}
	f->done = 0;
}

static int l1_validate(pte_t *l1, struct frame *f, const struct owner *o)
{
	unsigned int i = f->done;

	while (i < PT_ENTRIES) {
		pte_t e;

		if (!(i % GROUP) && group_empty(&l1[i])) {
			i += GROUP;
			continue;
		}
		e = l1[i];
		if (e & PTE_P) {
			if (l1e_get(&e, o, o)) {
				f->done = (u16)i;
				return -EINVAL;
			}
			l1[i] = e;
		}
		i++;
	}
	f->done = PT_ENTRIES;
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
	bool worked = false;
	int rc;

	while (f->done < PT_ENTRIES) {
		unsigned int i = f->done;
		pte_t e = t[i];

		if (!(i % GROUP) && group_empty(&t[i])) {
			f->done += GROUP;
			continue;
		}
		if (e & PTE_P && !slot_is_hv(kind, i)) {
			rc = worked && preempt_needed() ? -ERESTART : upper_get(&e, kind, o);
			if (rc) {
				return rc;
			}
			t[i] = e;
			worked = true;
		}
		f->done++;
	}
	if (kind == FT_L4) {
		memcpy(&t[HV_SLOT], hv_l4_slots, sizeof(hv_l4_slots));
	}
	return 0;
}

static int upper_drop(pte_t *t, struct frame *f, enum frame_kind kind, bool preempt)
{
	bool worked = false;

	if (kind == FT_L4) {
		memset(&t[HV_SLOT], 0, sizeof(hv_l4_slots));
	}
	while (f->done > 0) {
		unsigned int i = f->done - 1u;

		if (!(f->done % GROUP) && group_empty(&t[f->done - GROUP])) {
			f->done -= GROUP;
			continue;
		}
		if (t[i] & PTE_P) {
			mfn_t m = pte_mfn(t[i]);

			if (worked && preempt && preempt_needed()) {
				return -ERESTART;
			}
			if (!preempt) {
				frame_put_and_type(m);
			} else if (frame_put_and_type_preemptible(m)) {
				return -ERESTART;
			}
			worked = true;
		}
		f->done--;
	}
	return 0;
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

/* Puts val into the entry, whatever A and D the CPU sets meanwhile. Returns what it held. */
static pte_t entry_exchange(pte_t *p, pte_t val, bool preserve_ad)
{
	pte_t old = READ_ONCE(*p), new;

	if (!preserve_ad) {
		return __atomic_exchange_n(p, val, __ATOMIC_SEQ_CST);
	}
	do {
		new = val | (old & (PTE_A | PTE_D));
	} while (!__atomic_compare_exchange_n(p, &old, new, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	return old;
}

/* An L1 entry about to change: what replaces it, and whose references go. */
struct l1_change {
	pte_t new;
	pte_t get;      /* references were taken for it; not present: none */
	pte_t drop;     /* references go that this one holds */
	bool type_only; /* only RW differs: the general reference passes from old to new */
};

/* Only RW of an own page changes (fork, copy on write). */
static int l1_change_rw(struct l1_change *c, pte_t old)
{
	c->type_only = true;
	if (old & PTE_RW) {
		c->drop = old;
		return 0;
	}
	c->get = c->new;
	return frame_get_type(pte_mfn(old), FT_WRITABLE);
}

/* Decides, and takes what the new entry needs. */
static int l1_change_prepare(struct l1_change *c, pte_t old, const struct owner *table_owner,
			     const struct owner *page_owner)
{
	pte_t diff;

	if (!(c->new &PTE_P)) {
		c->drop = old;
		return old & PTE_P && old & PTE_GRANT ? -EPERM : 0;
	}
	if (old & PTE_P) {
		diff = old ^ l1e_adjust(c->new);
		if (!(diff & ~(L1_IGNORED | PTE_RW)) &&
		    (!(diff & PTE_RW) ||
		     (!(old & PTE_GRANT) && page_owner == table_owner &&
		      frame_valid(pte_mfn(old)) &&
		      READ_ONCE(frame_of(pte_mfn(old))->owner) == page_owner->id))) {
			c->new = l1e_adjust(c->new);
			return diff & PTE_RW ? l1_change_rw(c, old) : 0;
		}
		if (old & PTE_GRANT) {
			return -EPERM;
		}
	}
	c->drop = old;
	if (l1e_get(&c->new, table_owner, page_owner)) {
		return -EINVAL;
	}
	c->get = c->new;
	return 0;
}

/*
 * Before the table is unlocked: a typed reference without a general one of its own must go while
 * the entry, which has the general one, cannot.
 */
static void l1_change_put_type(struct l1_change *c)
{
	if (c->type_only && c->drop) {
		frame_put_type(pte_mfn(c->drop));
		c->drop = 0;
	}
}

static int l1_update(pte_t *p, struct l1_change *c, const struct owner *table_owner,
		     const struct owner *page_owner, bool preserve_ad)
{
	int rc = l1_change_prepare(c, READ_ONCE(*p), table_owner, page_owner);

	if (!rc) {
		entry_exchange(p, c->new, preserve_ad && c->new &PTE_P);
		l1_change_put_type(c);
	}
	return rc;
}

static int upper_update(pte_t *p, pte_t val, enum frame_kind kind, const struct owner *o,
			bool preserve_ad, pte_t *drop)
{
	int rc = val & PTE_P ? upper_get(&val, kind, o) : 0;

	if (!rc) {
		*drop = entry_exchange(p, val, preserve_ad && val & PTE_P);
	}
	return rc;
}

/* Whole references are dropped after the table is unlocked: the last one may tear down much. */
int pte_update(mfn_t table, unsigned int slot, pte_t val, const struct owner *table_owner,
	       struct owner *page_owner, bool preserve_ad, mfn_t *rest)
{
	enum frame_kind kind = table_lock(table, table_owner);
	struct l1_change c = {.new = val};
	pte_t *p;
	int rc = -EINVAL;

	*rest = INVALID_MFN;
	if (kind == FT_NONE) {
		return -EINVAL;
	}
	p = (pte_t *)mfn_to_virt(table) + slot;
	if (kind == FT_L1) {
		rc = l1_update(p, &c, table_owner, page_owner, preserve_ad);
	} else if (page_owner == table_owner && !slot_is_hv(kind, slot)) {
		rc = upper_update(p, val, kind, table_owner, preserve_ad, &c.drop);
	}
	table_unlock(table);
	if (rc) {
		return rc;
	}
	if (kind == FT_L1) {
		l1e_put(c.drop);
	} else if (c.drop & PTE_P && frame_put_and_type_preemptible(pte_mfn(c.drop))) {
		*rest = pte_mfn(c.drop);
	}
	return 0;
}

/* The entry, its table locked; NULL if it is in no validated L1 table of o. */
static pte_t *l1_lock(mfn_t table, unsigned int slot, const struct owner *o)
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

int pte_cmpxchg(mfn_t table, unsigned int slot, pte_t old, pte_t val, struct owner *owner)
{
	struct l1_change c = {.new = val};
	pte_t *p = l1_lock(table, slot, owner);
	int rc;

	if (!p) {
		return -EINVAL;
	}
	rc = READ_ONCE(*p) == old ? l1_change_prepare(&c, old, owner, owner) : -EBUSY;
	if (!rc && !__atomic_compare_exchange_n(p, &old, c.new, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST)) {
		c.drop = c.get; /* the CPU set A or D */
		rc = -EBUSY;
	}
	if (!rc || rc == -EBUSY) {
		l1_change_put_type(&c);
	}
	table_unlock(table);
	if (!rc || rc == -EBUSY) {
		l1e_put(c.drop);
	}
	return rc;
}

int pte_grant_set(mfn_t table, unsigned int slot, pte_t val, const struct owner *owner)
{
	pte_t *p = l1_lock(table, slot, owner), old;

	if (!p) {
		return -EINVAL;
	}
	old = READ_ONCE(*p);
	if (old & PTE_P && old & PTE_GRANT) {
		table_unlock(table);
		return -EPERM;
	}
	old = entry_exchange(p, l1e_adjust(val | PTE_GRANT), false);
	table_unlock(table);
	l1e_put(old);
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
		entry_exchange(p, 0, false);
		rc = 0;
	}
	table_unlock(table);
	return rc;
}
