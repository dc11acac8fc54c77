/* SPDX-License-Identifier: MIT */
/*
 * A machine for the frame types: a few frames of memory, two owners, and a recount of every
 * reference that tables hold, to be compared with the counts in the frame table. Included by one
 * source of each test. What the test itself holds it says in held[].
 */
#pragma once

#include "unit.h"
#include "arch/hv_map.h"
#include "arch/tlb.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mm/pagetype.h"

#ifndef FAKE_FRAMES
#define FAKE_FRAMES 16u
#endif
#define FAKE_IO    (SECTION_FRAMES + 100) /* a frame number that is no RAM */
#define FAKE_SLOT0 _mfn(777)              /* what hv_l4_slots point to */

static struct frame table_of_frames[FAKE_FRAMES];
static u8 memory[FAKE_FRAMES][PAGE_SIZE] __aligned(4096);
static u64 m2p[FAKE_FRAMES];
static const u8 one_section = 1;
const u8 *frame_sections = &one_section;
u64 frame_end = FAKE_FRAMES;
struct frame *frame_table = table_of_frames;
u64 *m2p_rw = m2p;
pte_t hv_l4_slots[HV_SLOTS];
struct cpu_features cpu_features = {.maddr_bits = 46};
struct owner owner_io = {.id = 0x7ff1}, owner_xen = {.id = 0x7ff2};
static struct owner owner_a = {.id = 1, .limit = 1000}, owner_b = {.id = 2, .limit = 1000};

static u32 tlb_clock = 1, tlb_flushed; /* flushed: clock value up to which TLBs are clean */
static unsigned int flush_count, last_count;

/* How many times preempt_needed() says no before it says yes (and then starts again). */
static int preempt_after = -1, preempt_left = -1;

struct held {
	u32 general, typed;
};
static struct held held[FAKE_FRAMES]; /* references that the test has */

void *host_frame(mfn_t m)
{
	assert(m.n < FAKE_FRAMES);
	return memory[m.n];
}

struct owner *owner_find(u16 id)
{
	return id == 1 ? &owner_a : id == 2 ? &owner_b : id == 0x7ff2 ? &owner_xen : NULL;
}

void free_frames(mfn_t m, unsigned int order)
{
	struct frame *f = frame_of(m);

	assert(order == 0 && READ_ONCE(f->count) == 0 && f->owner != FRAME_OWNER_NONE);
	__atomic_store_n(&f->type, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&f->owner, FRAME_OWNER_NONE, __ATOMIC_RELEASE); /* others' from here on */
}

void heap_free(void *p, size_t bytes)
{
	assert(bytes != PAGE_SIZE || (p >= (void *)memory && p < (void *)(memory + FAKE_FRAMES)));
}

static void last_freed(struct owner *o)
{
	assert(o->dying && !o->pages);
	last_count++;
}

u32 tlb_stamp(void)
{
	return __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);
}

void tlb_flush_stamp(const cpumask_t *mask, u32 stamp)
{
	assert(mask == &owner_a.dirty || mask == &owner_b.dirty || mask == &owner_xen.dirty);
	if ((s32)(__atomic_load_n(&tlb_flushed, __ATOMIC_SEQ_CST) - stamp) <= 0) {
		__atomic_fetch_add(&flush_count, 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&tlb_flushed, __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST),
				 __ATOMIC_SEQ_CST);
	}
}

/* No CPU shows a copy of a table here. */
void views_follow(const cpumask_t *mask)
{
	assert(mask == &owner_a.dirty || mask == &owner_b.dirty);
}

#ifndef FAKE_OWN_PREEMPT
bool preempt_needed(void)
{
	if (preempt_after < 0) {
		return false;
	}
	if (preempt_left-- > 0) {
		return false;
	}
	preempt_left = preempt_after;
	return true;
}
#endif

static void __unused fake_preempt(int after)
{
	preempt_after = preempt_left = after;
}

static pte_t *fake_table(unsigned int m)
{
	return (pte_t *)memory[m];
}

/* Gives frame m to o as the allocator would. */
static void fake_alloc(unsigned int m, struct owner *o)
{
	struct frame *f = &frame_table[m];

	assert(!(READ_ONCE(f->count) & (FRAME_ALLOCATED | FRAME_COUNT)));
	/* As the hypervisor: nothing but `count` opens it, and others may look at any time. */
	__atomic_store_n(&f->type, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&f->owner, o->id, __ATOMIC_RELAXED);
	f->done = 0;
	f->next = f->prev = 0;
	memset(memory[m], 0, PAGE_SIZE);
	spin_lock(&o->lock);
	f->next = o->head;
	if (o->head) {
		frame_table[o->head].prev = m;
	}
	o->head = m;
	o->pages++;
	spin_unlock(&o->lock);
	__atomic_store_n(&f->count, FRAME_ALLOCATED, __ATOMIC_RELEASE);
}

/* A fresh machine: frames 1 .. a belong to owner A, the rest to B; frame 0 to nobody. */
static void fake_reset(unsigned int a)
{
	memset(table_of_frames, 0, sizeof(table_of_frames));
	memset(memory, 0, sizeof(memory));
	memset(held, 0, sizeof(held));
	memset(&owner_a, 0, sizeof(owner_a));
	memset(&owner_b, 0, sizeof(owner_b));
	owner_a.id = 1;
	owner_b.id = 2;
	owner_a.free_last = owner_b.free_last = last_freed;
	flush_count = last_count = 0;
	preempt_after = -1;
	frame_table[0].owner = FRAME_OWNER_NONE;
	for (unsigned int i = 0; i < HV_SLOTS; i++) {
		hv_l4_slots[i] = pte_make(FAKE_SLOT0, PTE_P | PTE_RW) + ((u64)i << PAGE_SHIFT);
	}
	for (unsigned int m = 1; m < FAKE_FRAMES; m++) {
		fake_alloc(m, m <= a ? &owner_a : &owner_b);
	}
}

static void count_entry(struct held *want, pte_t e, enum frame_kind kind)
{
	u64 m = pte_mfn(e).n;

	if (!(e & PTE_P) || m >= FAKE_FRAMES || (kind == FT_L1 && e & PTE_GRANT)) {
		return;
	}
	want[m].general++;
	if (kind > FT_L1) {
		want[m].typed++;
		assert(FT_KIND(frame_table[m].type) == kind - 1);
		assert(frame_table[m].type & (FT_VALIDATED | FT_PARTIAL));
	} else if (e & PTE_RW) {
		want[m].typed++;
		assert(FT_KIND(frame_table[m].type) == FT_WRITABLE);
	}
}

/* Counts everything that tables, pins, partial states and the test hold: must be what the frames
 * say. */
static void __unused fake_recount(void)
{
	struct held want[FAKE_FRAMES];

	memcpy(want, held, sizeof(want));
	for (unsigned int m = 1; m < FAKE_FRAMES; m++) {
		u32 t = frame_table[m].type;
		enum frame_kind kind = FT_KIND(t);
		unsigned int entries = 0;

		assert(!(t & FT_LOCKED));
		assert(!(t & FT_VALIDATED && t & FT_PARTIAL));
		assert(kind == FT_NONE || kind == FT_WRITABLE || kind == FT_SHARED ||
		       !(t & FT_COUNT) == !(t & FT_VALIDATED) || t & FT_PARTIAL);
		want[m].general += !!(t & FT_PINNED) + !!(t & FT_PARTIAL);
		want[m].typed += !!(t & FT_PINNED);
		if (kind >= FT_L1 && kind <= FT_L4 && t & (FT_VALIDATED | FT_PARTIAL)) {
			entries = t & FT_PARTIAL ? frame_table[m].done & 0x7fffu : PT_ENTRIES;
		} else {
			assert(frame_table[m].done == 0);
		}
		for (unsigned int i = 0; i < entries; i++) {
			if (kind == FT_L4 && i - HV_SLOT < HV_SLOTS) {
				assert(t & FT_PARTIAL || i == HV_SLOT ||
				       fake_table(m)[i] == hv_l4_slots[i - HV_SLOT]);
				continue;
			}
			count_entry(want, fake_table(m)[i], kind);
		}
	}
	for (unsigned int m = 1; m < FAKE_FRAMES; m++) {
		if ((frame_table[m].count & FRAME_COUNT) != want[m].general ||
		    (frame_table[m].type & FT_COUNT) != want[m].typed) {
			print_error("frame %u: count %x type %08x, wanted %u general %u typed\n", m,
				    frame_table[m].count, frame_table[m].type, want[m].general,
				    want[m].typed);
			abort();
		}
		assert(!(frame_table[m].count & FRAME_ALLOCATED) ||
		       frame_table[m].owner != FRAME_OWNER_NONE);
	}
}

#define PTE_USER (PTE_P | PTE_US)
static pte_t __unused entry(u64 m, u64 flags)
{
	return pte_make(_mfn(m), PTE_USER | flags);
}
