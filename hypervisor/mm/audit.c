/* SPDX-License-Identifier: MIT */
/*
 * The recount of references (see mm/audit.h). All vcpus stand still, so nothing here takes a lock,
 * and a frame that is locked is a fault. The tally of a window is filled by whoever holds
 * references and by all tables of the machine; then each of its frames must agree.
 *
 * Invariant: the frame table is only read. What it says is a table decides which entries count: a
 * wrong type shows where its references are missing.
 */
#include "arch/hv_map.h"
#include "mm/alloc.h"
#include "mm/audit.h"
#include "refs.h"

#define WINDOW     8192u
#define DONE_COUNT 0x7fffu

struct tally {
	u32 general, typed;
	s32 maps[2]; /* that handles of grants claim, less those found in tables; writable: 1 */
	u32 kinds;   /* a bit each that it is held as */
};

struct audit audit;

static struct tally *tally, elsewhere;

bool audit_begin(void)
{
	audit = (struct audit){0};
	tally = heap_alloc(WINDOW * sizeof(*tally));
	return tally;
}

void audit_end(void)
{
	heap_free(tally, WINDOW * sizeof(*tally));
}

static struct tally *tally_of(mfn_t m)
{
	return m.n - audit.first < WINDOW ? &tally[m.n - audit.first] : &elsewhere;
}

static void hold_typed(struct tally *t, enum frame_kind kind)
{
	t->typed++;
	t->kinds |= 1u << kind;
}

void audit_hold(mfn_t m, enum frame_kind kind)
{
	struct tally *t = tally_of(m);

	if (!frame_valid(m)) {
		audit_fault("frame %lx is held, and is no RAM\n", mfn_x(m));
	}
	t->general++;
	if (kind != FT_NONE) {
		hold_typed(t, kind);
	}
}

void audit_shared(const void *page)
{
	if (page) {
		hold_typed(tally_of(virt_to_mfn(page)), FT_WRITABLE);
	}
}

void audit_granted(mfn_t m, bool writable)
{
	tally_of(m)->maps[writable]++;
}

void audit_owner(const struct owner *o)
{
	const u32 lists[] = {o->head, o->kept};
	u64 left = o->pages;

	for (unsigned int i = 0; i < ARRAY_SIZE(lists); i++) {
		for (u32 m = lists[i]; m; m = frame_table[m].next) {
			if (!left-- || frame_table[m].owner != o->id ||
			    frame_table[m].count & FRAME_XENHEAP) {
				audit_fault("frame %x is on a list of owner %u\n", m, o->id);
				return;
			}
		}
	}
	if (left) {
		audit_fault("of the pages of owner %u, %lu are on no list\n", o->id, left);
	}
	audit.unlisted -= (s64)(o->pages + o->xenheap_pages);
}

/* What a present entry holds; false: no such entry may be there. */
static bool entry_count(pte_t e, enum frame_kind kind, const struct owner *o)
{
	const bool writable = e & PTE_RW;
	mfn_t m = pte_mfn(e);

	if ((e & (PTE_US | PTE_G)) != PTE_US) {
		return false;
	}
	if (kind > FT_L1) {
		audit_hold(m, kind - 1);
		return !(e & PTE_PSE) && frame_owned_by(m, o->id);
	}
	if (e & PTE_GRANT) {
		tally_of(m)->maps[writable]--;
		return frame_valid(m);
	}
	if (frame_valid(m)) {
		audit_hold(m, writable ? FT_WRITABLE : FT_NONE);
	}
	return o->io_cap || frame_owned_by(m, o->id);
}

static void table_walk(mfn_t m, const struct frame *f)
{
	const enum frame_kind kind = FT_KIND(f->type);
	const struct owner *o = owner_find(f->owner);
	const pte_t *t = mfn_to_virt(m);
	unsigned int end = f->type & FT_PARTIAL ? f->done & DONE_COUNT : PT_ENTRIES;

	for (unsigned int i = 0; i < end && o; i++) {
		bool right = true;

		if (kind == FT_L4 && i - HV_SLOT < HV_SLOTS) {
			right = f->type & FT_PARTIAL || t[i] == hv_l4_slots[i - HV_SLOT] ||
				(i == HV_SLOT && !t[i]); /* the M2P may be hidden */
		} else if (t[i] & PTE_P) {
			right = entry_count(t[i], kind, o);
		}
		if (!right && tally_of(m) != &elsewhere) {
			audit_fault("frame %lx of %u: entry %u is %lx\n", mfn_x(m), o->id, i, t[i]);
		}
	}
}

static bool in_use(const struct frame *f)
{
	return f->owner != FRAME_OWNER_NONE || f->count & FRAME_HELD;
}

/* What the type word itself holds, and the contents that it promises. */
static void frame_walk(mfn_t m)
{
	const struct frame *f = frame_of(m);

	if (f->type & FT_PINNED) {
		audit_hold(m, FT_KIND(f->type));
	}
	if (f->type & FT_PARTIAL) {
		audit_hold(m, FT_NONE);
	}
	if (FT_KIND(f->type) - FT_L1 <= FT_L4 - FT_L1 && f->type & (FT_VALIDATED | FT_PARTIAL)) {
		table_walk(m, f);
	}
}

/* Flags that cannot stand together, whatever the counts. */
static bool flags_odd(const struct frame *f)
{
	const enum frame_kind kind = FT_KIND(f->type);
	const u32 validated = f->type & FT_VALIDATED, partial = f->type & FT_PARTIAL;

	if (f->type & FT_LOCKED || (validated && partial) || (f->done && !partial) ||
	    f->count & ~(FRAME_HELD | FRAME_XENHEAP) || !(f->count & FRAME_HELD)) {
		return true;
	}
	if (kind - FT_L1 <= FT_DESC - FT_L1) {
		return !partial && !validated != !(f->type & FT_COUNT);
	}
	if (partial || f->type & FT_PINNED || kind != FT_WRITABLE) {
		return f->type != 0;
	}
	/* The hypervisor's own pages are born validated. */
	return f->count & FRAME_ALLOCATED && !validated != !(f->count & FRAME_XENHEAP);
}

static bool frame_right(const struct frame *f, const struct tally *t)
{
	if (!in_use(f)) { /* the type is the allocator's */
		return !t->general && !t->typed;
	}
	audit.frames++;
	audit.unlisted++;
	audit.references += t->general + t->typed;
	return !flags_odd(f) && owner_find(f->owner) && (f->count & FRAME_COUNT) == t->general &&
	       (f->type & FT_COUNT) == t->typed && t->maps[0] >= 0 && t->maps[1] >= 0 &&
	       (!t->kinds || t->kinds == 1u << FT_KIND(f->type));
}

void audit_window(void)
{
	for (u64 m = 0; m < frame_end; m++) {
		if (frame_valid(_mfn(m)) && in_use(frame_of(_mfn(m)))) {
			frame_walk(_mfn(m));
		}
	}
	for (u64 i = 0; i < WINDOW; i++) {
		const struct frame *f = frame_of(_mfn(audit.first + i));
		const struct tally *t = &tally[i];

		if (frame_valid(_mfn(audit.first + i)) && !frame_right(f, t)) {
			audit_fault(
				"frame %lx of %u: count %x, type %x, done %x; found %u general, %u typed, kinds %x, maps of grants %d %d too few\n",
				audit.first + i, f->owner, f->count, f->type, f->done, t->general,
				t->typed, t->kinds, t->maps[0], t->maps[1]);
		}
	}
	memset(tally, 0, WINDOW * sizeof(*tally));
	audit.first += WINDOW;
}
