/* SPDX-License-Identifier: MIT */
/*
 * The frame allocator, the heap, owners and their pages, on fake memory. The allocator is compared
 * with a naive model: a map of who has which frame.
 */
#include "unit.h"
#include <sys/mman.h>
#include "arch/tlb.h"
#include "lib/lib.h"
#include "mm/alloc.h"
#include "mm/frame_init.h"
#include "mm/pagetype.h"

#define FRAMES     8192u /* 32 MiB */
#define HOLE_START 5000u
#define HOLE_END   5100u
#define GAP_START  3072u /* whole sections without frame table */
#define GAP_END    4096u

struct frame *frame_table;
unsigned int cpu_count = 2;
static u8 *memory;
static u32 flushed, clock_now;
static u64 watched; /* a frame; was it flushed before it was cleared? */
static bool flushed_first;
static u32 past; /* what all CPUs have flushed */
static unsigned int flushes;
static u64 now;

void *host_frame(mfn_t m)
{
	assert_true(m.n < FRAMES);
	return memory + m.n * PAGE_SIZE;
}

mfn_t host_mfn(const void *p)
{
	return _mfn((u64)((const u8 *)p - memory) / PAGE_SIZE);
}

void tlb_flush_stamp(const cpumask_t *mask, u32 stamp)
{
	assert_int_equal(mask->bits[0], 3);
	flushed = stamp;
	flushes++;
	if (watched && stamp == frame_table[watched].stamp) {
		flushed_first |= memory[watched * PAGE_SIZE] != 0;
	}
}

bool tlb_is_stale(const cpumask_t *mask, u32 stamp)
{
	assert_int_equal(mask->bits[0], 3);
	return (s32)(past - stamp) <= 0;
}

u32 tlb_stamp(void)
{
	return clock_now;
}

/* --- The model --- */

static bool taken[FRAMES], present[FRAMES];
static u64 model_free;

static bool model_has(unsigned int order, u64 limit)
{
	u64 n = 1ull << order;

	for (u64 m = n; m + n <= limit; m += n) {
		bool free = true;

		for (u64 i = m; i < m + n && free; i++) {
			free = present[i] && !taken[i];
		}
		if (free) {
			return true;
		}
	}
	return false;
}

static void add_range(u64 start, u64 end)
{
	alloc_add_range(_mfn(start), _mfn(end), false);
	for (u64 m = start ? start : 1; m < end; m++) {
		present[m] = true;
		model_free++;
	}
}

static bool block_is_zero(mfn_t m, u64 pages)
{
	const u64 *p = host_frame(m);

	for (u64 i = 0; i < pages * PAGE_SIZE / 8; i++) {
		if (p[i]) {
			return false;
		}
	}
	return true;
}

struct block {
	mfn_t m;
	unsigned int order;
};

static struct block blocks[512];
static unsigned int block_count;

static void try_alloc(void)
{
	unsigned int order = (unsigned int)rand() % 8,
		     bits = rand() % 2 ? 0 : 20 + (unsigned int)rand() % 7;
	u64 limit = bits ? MIN(1ull << (bits - 12), (u64)FRAMES) : FRAMES;
	unsigned int flags = rand() % 4 ? ALLOC_ZERO : ALLOC_DIRTY;
	bool expected = model_has(order, limit);
	mfn_t m;

	if (block_count == ARRAY_SIZE(blocks)) {
		return;
	}
	m = alloc_frames(order, bits, flags);
	assert_int_equal(expected, !mfn_eq(m, INVALID_MFN));
	if (!expected) {
		return;
	}
	assert_int_equal(m.n % (1u << order), 0);
	assert_true(m.n + (1u << order) <= limit);
	if (flags & ALLOC_ZERO) {
		assert_true(block_is_zero(m, 1u << order));
	}
	for (u64 i = 0; i < 1u << order; i++) {
		assert_true(present[m.n + i] && !taken[m.n + i]);
		taken[m.n + i] = true;
	}
	memset(host_frame(m), 0xa5, PAGE_SIZE << order);
	model_free -= 1ull << order;
	blocks[block_count++] = (struct block){m, order};
}

static void try_free(void)
{
	unsigned int i;
	struct block b;

	if (!block_count) {
		return;
	}
	i = (unsigned int)rand() % block_count;
	b = blocks[i];
	blocks[i] = blocks[--block_count];
	/* In one piece or frame by frame. */
	for (u64 k = 0; k < 1u << b.order; k++) {
		taken[b.m.n + k] = false;
		if (i & 1) {
			free_frames(mfn_add(b.m, k), 0);
		}
	}
	if (!(i & 1)) {
		free_frames(b.m, b.order);
	}
	model_free += 1ull << b.order;
}

/* Each time a millisecond later: it is allowed to flush. */
static bool scrub(void)
{
	return alloc_scrub_some(now += 1000000);
}

static void test_random(void **state)
{
	(void)state;
	srand(1);
	for (unsigned int i = 0; i < 20000; i++) {
		switch (rand() % 8) {
		case 0 ... 3:
			try_alloc();
			break;
		case 4 ... 6:
			try_free();
			break;
		default:
			scrub();
			break;
		}
		assert_int_equal(alloc_free_pages(), model_free);
		assert_true(alloc_dirty_pages() <= model_free);
	}
	while (block_count) {
		try_free();
	}
	assert_int_equal(alloc_free_pages(), model_free);
	/* Everything has merged again: the largest aligned blocks can be had. */
	assert_true(model_has(11, FRAMES));
	assert_false(mfn_eq(alloc_frames(11, 0, ALLOC_DIRTY), INVALID_MFN));
	free_frames(_mfn(2048 * 3), 11);
}

static void test_scrub(void **state)
{
	unsigned int rounds = 0;

	(void)state;
	memset(host_frame(_mfn(6144)), 0x5a, PAGE_SIZE * 2048);
	while (scrub()) {
		assert_true(++rounds < 4 * FRAMES);
	}
	assert_int_equal(alloc_dirty_pages(), 0);
	assert_true(block_is_zero(_mfn(6144), 2048));
	assert_false(scrub());
}

/* A CPU that still has a page writable would fill it again after it was cleared. */
static void test_scrub_flushes(void **state)
{
	mfn_t m = alloc_frames(0, 0, 0);

	(void)state;
	memset(host_frame(m), 0x5a, PAGE_SIZE);
	frame_of(m)->stamp = 4321;
	free_frames(m, 0);
	watched = m.n;
	flushed_first = false;
	while (scrub()) {
	}
	watched = 0;
	assert_true(flushed_first);
	assert_true(block_is_zero(m, 1));
}

/* A domain that goes does not have all CPUs interrupted for each of its frames. */
static void test_scrub_waits_with_the_next_flush(void **state)
{
	mfn_t m = alloc_frames(0, 0, 0);

	(void)state;
	assert_false(mfn_eq(m, INVALID_MFN));
	while (scrub()) {
	}
	for (past = 5000; past < 5010; past += 2) {
		memset(host_frame(m), 0x5a, PAGE_SIZE);
		frame_of(m)->stamp = past;
		free_frames(m, 0);
		scrub();
		assert_true(block_is_zero(m, 1));
		m = alloc_frames(0, 0, ALLOC_DIRTY);
		frame_of(m)->stamp = past;
		memset(host_frame(m), 0x5a, PAGE_SIZE);
		free_frames(m, 0);
		flushes = 0;
		assert_true(alloc_scrub_some(now + 999999));
		assert_int_equal(flushes, 0);
		assert_false(block_is_zero(m, 1));
		/* Unless they did by themselves. */
		past++;
		assert_true(alloc_scrub_some(now + 999999));
		assert_int_equal(flushes, 0);
		assert_true(block_is_zero(m, 1));
		m = alloc_frames(0, 0, 0);
	}
	past = 0;
	free_frames(m, 0);
}

/* Reuse flushes by the newest stamp in the block, across the wrap of the clock. */
static void test_flush(void **state)
{
	mfn_t m = alloc_frames(2, 0, 0);

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		frame_of(mfn_add(m, i))->stamp = 0xfffffffeu + i;
	}
	free_frames(m, 2);
	flushed = 12345;
	/* The block was merged away: take all there is until it comes back. */
	for (;;) {
		mfn_t x = alloc_frames(2, 0, 0);

		assert_false(mfn_eq(x, INVALID_MFN));
		if (mfn_eq(x, m)) {
			break;
		}
		blocks[block_count++] = (struct block){x, 2};
		assert_true(block_count < ARRAY_SIZE(blocks));
	}
	assert_int_equal(flushed, 1);
	free_frames(m, 2);
	while (block_count) {
		block_count--;
		free_frames(blocks[block_count].m, 2);
	}
}

static void test_heap(void **state)
{
	static const size_t sizes[] = {1,    16,   17,   64,   100,  192,  500,
				       1000, 1300, 2048, 2049, 4096, 20000};
	struct {
		u8 *p;
		size_t bytes;
		u8 tag;
	} object[300] = {{0}};
	u64 free_before = alloc_free_pages();

	(void)state;
	assert_int_equal(heap_bytes_used(), 0);
	srand(2);
	for (unsigned int round = 0; round < 30000; round++) {
		unsigned int i = (unsigned int)rand() % ARRAY_SIZE(object);

		if (object[i].p) {
			for (size_t k = 0; k < object[i].bytes; k++) {
				assert_int_equal(object[i].p[k], object[i].tag);
			}
			heap_free(object[i].p, object[i].bytes);
			object[i].p = NULL;
			continue;
		}
		object[i].bytes = sizes[(unsigned int)rand() % ARRAY_SIZE(sizes)];
		object[i].p = heap_alloc(object[i].bytes);
		assert_non_null(object[i].p);
		assert_int_equal((uintptr_t)object[i].p % 16, 0);
		if (object[i].bytes > 2048) {
			assert_int_equal((uintptr_t)object[i].p % PAGE_SIZE, 0);
		}
		for (size_t k = 0; k < object[i].bytes; k++) {
			assert_int_equal(object[i].p[k], 0);
		}
		object[i].tag = (u8)(1 + rand() % 255);
		memset(object[i].p, object[i].tag, object[i].bytes);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(object); i++) {
		heap_free(object[i].p, object[i].bytes);
	}
	assert_int_equal(heap_bytes_used(), 0);
	assert_int_equal(alloc_free_pages(), free_before);
	assert_null(heap_alloc(64ul << 20)); /* more than there is */
}

static void test_owner_table(void **state)
{
	struct owner a = {.id = 5}, b = {.id = 0x7fe0};

	(void)state;
	assert_null(owner_find(5));
	assert_int_equal(owner_set(5, &a), 0);
	assert_int_equal(owner_set(0x7fe0, &b), 0);
	assert_ptr_equal(owner_find(5), &a);
	assert_ptr_equal(owner_find(0x7fe0), &b);
	assert_null(owner_find(6));
	assert_ptr_equal(owner_find(0x7ff1), &owner_io);
	assert_ptr_equal(owner_find(0x7ff2), &owner_xen);
	assert_null(owner_find(0x7ff0));
	assert_null(owner_find(0x7fff));
	assert_null(owner_find(0xffff));
	assert_int_equal(owner_set(5, NULL), 0);
	assert_null(owner_find(5));
	owner_set(0x7fe0, NULL);
}

static void test_owned(void **state)
{
	struct owner o = {.id = 7, .limit = 10};
	u64 free_before = alloc_free_pages();
	unsigned int n = 0;
	mfn_t m, m2;

	(void)state;
	assert_int_equal(frame_alloc_owned(&o, 3, 0, &m), 0);
	assert_int_equal(o.pages, 8);
	assert_int_equal(frame_alloc_owned(&o, 2, 0, &m2), -E2BIG);
	assert_int_equal(frame_alloc_owned(&o, 1, 64, &m2), 0);
	assert_int_equal(frame_alloc_owned(&o, 0, 0, &m2), -E2BIG);
	for (u32 f = o.head; f; f = frame_table[f].next) {
		assert_int_equal(frame_table[f].owner, 7);
		assert_int_equal(frame_table[f].count, FRAME_ALLOCATED);
		assert_int_equal(frame_table[f].type, 0);
		n++;
	}
	assert_int_equal(n, 10);
	assert_int_equal(alloc_free_pages(), free_before - 10);
	o.limit = 100;
	assert_int_equal(frame_alloc_owned(&o, 0, 13, &m2), 0); /* below 8 KiB: frame 1 */
	assert_int_equal(m2.n, 1);
	assert_int_equal(frame_alloc_owned(&o, 0, 13, &m2), -ENOMEM);
	o.dying = true;
	assert_int_equal(frame_alloc_owned(&o, 0, 0, &m2), -EINVAL);
}

static void test_adopt(void **state)
{
	struct owner o = {.id = 8, .limit = 1000};

	(void)state;
	assert_int_equal(frame_adopt(&o, _mfn(4096), 2), 0); /* a module's, see setup() */
	assert_int_equal(frame_adopt(&o, _mfn(4096), 1), -EBUSY);
	assert_int_equal(frame_adopt(&o, _mfn(HOLE_START), 1), -EBUSY);
	assert_int_equal(frame_adopt(&o, _mfn(GAP_START), 1), -EBUSY);
	assert_int_equal(frame_adopt(&o, _mfn(FRAMES), 1), -EBUSY);
	assert_int_equal(o.pages, 2);
}

static void test_share(void **state)
{
	struct owner o = {.id = 9, .limit = 10};
	void *page = heap_alloc_page();
	struct frame *f = frame_of(host_mfn(page));

	(void)state;
	owner_set(9, &o);
	frame_share(page, &o);
	assert_int_equal(o.xenheap_pages, 1);
	assert_true(frame_is_xenheap(f));
	assert_int_equal(FT_KIND(f->type), FT_WRITABLE);
	clock_now = 77;
	assert_true(frame_unshare(page));
	assert_int_equal(f->stamp, 77);
	assert_int_equal(f->count, 0);
	assert_int_equal(o.xenheap_pages, 0);

	frame_share(page, &o);
	f->count++; /* a guest maps it */
	assert_false(frame_unshare(page));
	assert_int_equal(f->count, FRAME_XENHEAP | 1);
	assert_int_equal(f->type & FT_COUNT, 0);
	f->count = f->type = 0;
	f->owner = FRAME_OWNER_NONE;
	heap_free_page(page);
	owner_set(9, NULL);
}

static void test_valid(void **state)
{
	(void)state;
	assert_true(frame_valid(_mfn(1)));
	assert_true(frame_valid(_mfn(HOLE_START - 1)));
	assert_false(frame_valid(_mfn(HOLE_START)));
	assert_false(frame_valid(_mfn(HOLE_END - 1)));
	assert_true(frame_valid(_mfn(HOLE_END)));
	assert_false(frame_valid(_mfn(GAP_START)));
	assert_false(frame_valid(_mfn(GAP_END - 1)));
	assert_false(frame_valid(_mfn(FRAMES)));
	assert_false(frame_valid(INVALID_MFN));
}

static int setup(void **state)
{
	static u8 map[FRAMES / SECTION_FRAMES];

	(void)state;
	memory = mmap(NULL, FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	memset(memory, 0xcc, FRAMES * PAGE_SIZE); /* what the last user of the machine left */
	frame_table = calloc(FRAMES, sizeof(*frame_table));
	for (u64 s = 0; s < FRAMES / SECTION_FRAMES; s++) {
		if (s * SECTION_FRAMES < GAP_START || s * SECTION_FRAMES >= GAP_END) {
			map[s] = 1;
		}
	}
	/* Nothing may read the frame table where it is not backed. */
	memset(&frame_table[GAP_START], 0xff, (GAP_END - GAP_START) * sizeof(*frame_table));
	frame_table_set(map, FRAMES);
	frame_init_range(_mfn(HOLE_START), _mfn(HOLE_END), FRAME_OWNER_IO);
	frame_init_range(_mfn(GAP_END), _mfn(GAP_END + 2), FRAME_OWNER_NONE);
	add_range(0, GAP_START);
	add_range(GAP_END + 2, HOLE_START);
	add_range(HOLE_END, FRAMES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	munmap(memory, FRAMES * PAGE_SIZE);
	free(frame_table);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_scrub),
		cmocka_unit_test(test_scrub_flushes),
		cmocka_unit_test(test_scrub_waits_with_the_next_flush),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_owner_table),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_owned),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
