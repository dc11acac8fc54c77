/* SPDX-License-Identifier: MIT */
/*
 * The frame allocator: a binary buddy system with its links in the frame table.
 *
 * Frames are kept in zones by the highest bit of their number, so that "below 2^bits" is a choice
 * of zones; blocks never cross a zone's border. The first frame of a free block has the type
 * FREE_BLOCK | order, a value no frame in use can have. Each free frame that may hold old data
 * carries FRAME_DIRTY; FREE_DIRTY in a block's type says that some frame of it might.
 *
 * Invariant: a free block's buddy of the same order is not free (it would have been merged).
 * alloc_lock guards lists, block heads and the free count; frames handed out are the caller's.
 */
#include "arch/clear.h"
#include "arch/tlb.h"
#include "lib/lib.h"
#include "lib/spinlock.h"
#include "mm/alloc.h"
#include "mm/frame.h"

#define ZONES      40u
#define FREE_BLOCK 0xffffff00u
#define FREE_DIRTY 0x80u
#define FREE_ORDER 0x1fu

#define SCRUB_PAGES    16u   /* cleared at once under the lock: a few microseconds */
#define SCRUB_LOOKS    4096u /* frames looked at in one go */
#define SCRUB_FLUSH_NS 1000000

static spinlock_t alloc_lock = SPINLOCK_INIT;
static u32 heads[ZONES][ALLOC_MAX_ORDER + 1]; /* circular lists, 0 = empty */
static u32 orders[ZONES];                     /* bit n: heads[zone][n] is not empty */
static u64 free_count, dirty_count;           /* dirty_count: atomic */
static bool boot_clearing;

void alloc_boot_clearing(bool on)
{
	boot_clearing = on;
}

static unsigned int zone_of(u64 m)
{
	return bit_last(m);
}

static void list_insert(u64 m, unsigned int order, bool at_tail)
{
	u32 *head = &heads[zone_of(m)][order];
	struct frame *f = &frame_table[m];

	if (!*head) {
		f->next = f->prev = (u32)m;
		*head = (u32)m;
		orders[zone_of(m)] |= 1u << order;
		return;
	}
	f->next = *head;
	f->prev = frame_table[*head].prev;
	frame_table[f->prev].next = (u32)m;
	frame_table[*head].prev = (u32)m;
	if (!at_tail) {
		*head = (u32)m;
	}
}

static void list_remove(u64 m, unsigned int order)
{
	u32 *head = &heads[zone_of(m)][order];
	struct frame *f = &frame_table[m];

	if (f->next == m) {
		*head = 0;
		orders[zone_of(m)] &= ~(1u << order);
	} else {
		frame_table[f->prev].next = f->next;
		frame_table[f->next].prev = f->prev;
		if (*head == m) {
			*head = f->next;
		}
	}
	f->next = f->prev = 0;
}

/* Clean blocks are taken first and dirty ones scrubbed first: they stand at opposite ends. */
static void block_insert(u64 m, unsigned int order, u32 dirty)
{
	frame_table[m].type = FREE_BLOCK | dirty | order;
	frame_table[m].done = 0;
	list_insert(m, order, dirty);
}

static u32 block_remove(u64 m, unsigned int order)
{
	u32 dirty = frame_table[m].type & FREE_DIRTY;

	list_remove(m, order);
	frame_table[m].type = 0;
	frame_table[m].done = 0;
	return dirty;
}

static bool block_is_free(u64 m, unsigned int order)
{
	return m && frame_valid(_mfn(m)) &&
	       (READ_ONCE(frame_table[m].type) & ~FREE_DIRTY) == (FREE_BLOCK | order);
}

static void block_free(u64 m, unsigned int order, u32 dirty)
{
	free_count += 1ull << order;
	for (; order < ALLOC_MAX_ORDER; order++) {
		u64 buddy = m ^ (1ull << order);

		if (!block_is_free(buddy, order)) {
			break;
		}
		dirty |= block_remove(buddy, order);
		m &= ~(1ull << order);
	}
	block_insert(m, order, dirty);
}

/* Takes a block out of the lists, highest zone first; 0 if there is none. */
static u64 block_take(unsigned int order, unsigned int zones, bool want_dirty)
{
	for (unsigned int z = zones; z-- > 0;) {
		u32 have = orders[z] >> order;
		unsigned int o;
		u64 m;
		u32 dirty;

		if (!have) {
			continue;
		}
		o = order + bit_first(have);
		m = want_dirty ? frame_table[heads[z][o]].prev : heads[z][o];
		dirty = block_remove(m, o);
		while (o-- > order) {
			block_insert(m + (1ull << o), o, dirty);
		}
		free_count -= 1ull << order;
		return m;
	}
	return 0;
}

/* When the last of the frames from m up to `end` was let go. */
static u32 frames_stamp(u64 m, u64 end)
{
	u32 newest = frame_table[m].stamp;

	for (u64 i = m + 1; i < end; i++) {
		if ((s32)(frame_table[i].stamp - newest) > 0) {
			newest = frame_table[i].stamp;
		}
	}
	return newest;
}

static cpumask_t all_cpus(void)
{
	cpumask_t all = {{0}};

	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		all.bits[cpu / 64] |= BIT(cpu % 64);
	}
	return all;
}

/* A block that is about to be used: nobody writes to it any more, and its contents are harmless. */
static void block_prepare(u64 m, unsigned int order, unsigned int flags)
{
	u64 end = m + (1ull << order), cleaned = 0;
	const cpumask_t all = all_cpus();

	tlb_flush_stamp(&all, frames_stamp(m, end));
	for (u64 i = m; i < end; i++) {
		if (frame_table[i].count & FRAME_DIRTY) {
			cleaned++;
			frame_table[i].count = 0;
			if (flags & ALLOC_DIRTY) {
				continue;
			}
			if (boot_clearing) {
				page_clear_boot(mfn_to_virt(_mfn(i)));
			} else {
				page_clear(mfn_to_virt(_mfn(i)));
			}
		}
	}
	__atomic_fetch_sub(&dirty_count, cleaned, __ATOMIC_RELAXED);
}

mfn_t alloc_frames(unsigned int order, unsigned int bits, unsigned int flags)
{
	unsigned int zones = ZONES;
	u64 m;

	if (order > ALLOC_MAX_ORDER) {
		return INVALID_MFN;
	}
	if (bits && bits < PAGE_SHIFT + ZONES) {
		zones = bits > PAGE_SHIFT ? bits - PAGE_SHIFT : 0;
	}
	spin_lock(&alloc_lock);
	m = block_take(order, zones, flags & ALLOC_DIRTY);
	spin_unlock(&alloc_lock);
	if (!m) {
		return INVALID_MFN;
	}
	block_prepare(m, order, flags);
	return _mfn(m);
}

void free_frames(mfn_t m, unsigned int order)
{
	ASSERT(m.n && !(m.n & ((1ull << order) - 1)) && order <= ALLOC_MAX_ORDER);
	for (u64 i = m.n; i < m.n + (1ull << order); i++) {
		struct frame *f = &frame_table[i];

		BUG_ON(f->count ||
		       (f->type & FREE_BLOCK) == FREE_BLOCK); /* freed twice, or in use */
		f->count = FRAME_DIRTY;
		f->type = 0;
		f->owner = FRAME_OWNER_NONE;
	}
	__atomic_fetch_add(&dirty_count, 1ull << order, __ATOMIC_RELAXED);
	HOLD_LOCK(&alloc_lock);
	block_free(m.n, order, FREE_DIRTY);
}

void alloc_add_range(mfn_t start, mfn_t end, bool clean)
{
	u64 m = start.n ? start.n : 1; /* frame 0 is never given away: 0 ends lists */

	if (m >= end.n) {
		return;
	}
	for (u64 i = m; i < end.n; i++) {
		frame_table[i] =
			(struct frame){.count = clean ? 0 : FRAME_DIRTY, .owner = FRAME_OWNER_NONE};
	}
	HOLD_LOCK(&alloc_lock);
	if (!clean) {
		__atomic_fetch_add(&dirty_count, end.n - m, __ATOMIC_RELAXED);
	}
	while (m < end.n) {
		unsigned int order = MIN(bit_first(m), bit_last(end.n - m));

		order = MIN(order, ALLOC_MAX_ORDER);
		block_free(m, order, clean ? 0 : FREE_DIRTY);
		m += 1ull << order;
	}
}

u64 alloc_free_pages(void)
{
	return READ_ONCE(free_count);
}

u64 alloc_dirty_pages(void)
{
	return READ_ONCE(dirty_count);
}

/* The last block of some list that may hold dirty frames; 0 if none. */
static u64 block_find_dirty(void)
{
	for (unsigned int z = ZONES; z-- > 0;) {
		for (u32 have = orders[z]; have; have &= have - 1) {
			u64 m = frame_table[heads[z][bit_first(have)]].prev;

			if (frame_table[m].type & FREE_DIRTY) {
				return m;
			}
		}
	}
	return 0;
}

/*
 * Who could still write to the frames would do so behind our back: they must have left all TLBs.
 * While a domain goes, each of its frames would have all CPUs interrupted; those that wait a little
 * go by one flush.
 */
static bool scrub_allowed(u64 m, u64 end, u64 now)
{
	static u64 flushed;
	const cpumask_t all = all_cpus();
	u32 stamp = frames_stamp(m, end);

	if (tlb_is_stale(&all, stamp)) {
		if ((s64)(now - flushed) < SCRUB_FLUSH_NS) { /* another CPU's may be later */
			return false;
		}
		flushed = now;
		tlb_flush_stamp(&all, stamp);
	}
	return true;
}

static u64 frames_scrub(u64 m, u64 end)
{
	u64 cleaned = 0;

	for (; m < end; m++) {
		if (frame_table[m].count & FRAME_DIRTY) {
			page_clear(mfn_to_virt(_mfn(m)));
			frame_table[m].count = 0;
			cleaned++;
		}
	}
	__atomic_fetch_sub(&dirty_count, cleaned, __ATOMIC_RELAXED);
	return cleaned;
}

static bool any_dirty(u64 m, u64 end)
{
	while (m < end && !(frame_table[m].count & FRAME_DIRTY)) {
		m++;
	}
	return m < end;
}

/* Clears some frames of a free block; `done` of its head counts units already looked at. */
static void block_scrub(u64 m, u64 now)
{
	struct frame *head = &frame_table[m];
	unsigned int order = head->type & FREE_ORDER;
	u64 i = (u64)head->done * SCRUB_PAGES, pages = 1ull << order;
	u64 end = MIN(pages, i + SCRUB_LOOKS), stop, cleaned = 0;

	for (; i < end && !cleaned; i = stop) {
		stop = MIN(pages, i + SCRUB_PAGES);
		if (!any_dirty(m + i, m + stop)) {
			continue;
		}
		if (!scrub_allowed(m + i, m + stop, now)) {
			break;
		}
		cleaned = frames_scrub(m + i, m + stop);
	}
	if (i == pages) {
		list_remove(m, order);
		block_insert(m, order, 0);
	} else {
		head->done = (u16)(i / SCRUB_PAGES);
	}
}

bool alloc_scrub_some(u64 now)
{
	u64 m;

	if (!READ_ONCE(dirty_count)) {
		return false;
	}
	if (!spin_trylock(&alloc_lock)) {
		return false; /* another CPU scrubs, or allocations go first */
	}
	m = block_find_dirty();
	if (m) {
		block_scrub(m, now);
	}
	spin_unlock(&alloc_lock);
	return m != 0;
}
