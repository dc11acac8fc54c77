/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's heap. Objects up to 2 KiB come from slabs of one page, one size each; larger
 * ones are whole pages. Bookkeeping of a slab lies in the page's struct frame, so that objects
 * keep their alignment (sizes that are multiples of 64 are aligned to 64):
 *   type       offset of the first free object, SLAB_FULL if none (never a FREE_BLOCK value)
 *   done       objects in use
 *   next/prev  the list of slabs of this size with room
 * A free object begins with the offset of the next one.
 *
 * Invariant: every slab on a list has a free object and one in use; empty slabs are freed at once.
 * Each size has its lock; alloc_lock is taken inside of none.
 */
#include "lib/lib.h"
#include "lib/spinlock.h"
#include "mm/alloc.h"
#include "owned.h"

#define SLAB_FULL 0xffffu

static struct size_class {
	u16 bytes;
	spinlock_t lock;
	u32 partial; /* first slab with room, 0 = none */
} classes[] = {{.bytes = 16},  {.bytes = 32},   {.bytes = 64},   {.bytes = 128},
	       {.bytes = 192}, {.bytes = 256},  {.bytes = 384},  {.bytes = 512},
	       {.bytes = 768}, {.bytes = 1024}, {.bytes = 1344}, {.bytes = 2048}};

static u64 pages_used; /* atomic */

static struct size_class *class_of(size_t bytes)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(classes); i++) {
		if (bytes <= classes[i].bytes) {
			return &classes[i];
		}
	}
	return NULL;
}

static void *pages_alloc(size_t pages)
{
	unsigned int order = order_of_pages(pages);
	mfn_t m = alloc_frames(order, 0, ALLOC_ZERO);

	if (mfn_eq(m, INVALID_MFN)) {
		return NULL;
	}
	for (u64 i = pages; i < 1ull << order; i++) {
		free_frames(mfn_add(m, i), 0);
	}
	__atomic_fetch_add(&pages_used, pages, __ATOMIC_RELAXED);
	return mfn_to_virt(m);
}

static void pages_free(void *p, size_t pages)
{
	mfn_t m = virt_to_mfn(p);

	for (size_t i = 0; i < pages; i++) {
		free_frames(mfn_add(m, i), 0);
	}
	__atomic_fetch_sub(&pages_used, pages, __ATOMIC_RELAXED);
}

/* A slab with all objects free, on no list; its mfn or 0. */
static u64 slab_create(const struct size_class *c)
{
	char *page = pages_alloc(1);
	u64 m;

	if (!page) {
		return 0;
	}
	for (unsigned int at = 0; at + c->bytes <= PAGE_SIZE; at += c->bytes) {
		bool last = at + 2u * c->bytes > PAGE_SIZE;

		*(u16 *)(page + at) = last ? SLAB_FULL : (u16)(at + c->bytes);
	}
	m = virt_to_mfn(page).n;
	frame_table[m].type = 0;
	frame_table[m].done = 0;
	return m;
}

static void *slab_take(struct size_class *c, u64 m)
{
	struct frame *f = &frame_table[m];
	char *object = (char *)mfn_to_virt(_mfn(m)) + f->type;

	f->type = *(u16 *)object;
	f->done++;
	if (f->type == SLAB_FULL) {
		frame_list_del(&c->partial, m);
	}
	return object;
}

static void *object_alloc(struct size_class *c)
{
	void *object;

	spin_lock(&c->lock);
	if (!c->partial) {
		u64 m;

		spin_unlock(&c->lock);
		m = slab_create(c);
		if (!m) {
			return NULL;
		}
		spin_lock(&c->lock);
		frame_list_add(&c->partial, m);
	}
	object = slab_take(c, c->partial);
	spin_unlock(&c->lock);
	memset(object, 0, c->bytes);
	return object;
}

static void object_free(struct size_class *c, void *p)
{
	u64 m = virt_to_mfn(p).n;
	struct frame *f = &frame_table[m];
	unsigned long offset = (unsigned long)p & (PAGE_SIZE - 1);
	bool empty;

	ASSERT(offset % c->bytes == 0);
	spin_lock(&c->lock);
	BUG_ON(f->done == 0); /* freed twice, or with another size */
	if (f->type == SLAB_FULL) {
		frame_list_add(&c->partial, m);
	}
	*(u16 *)p = (u16)f->type;
	f->type = (u32)offset;
	f->done--;
	empty = f->done == 0;
	if (empty) {
		frame_list_del(&c->partial, m);
		f->type = 0;
	}
	spin_unlock(&c->lock);
	if (empty) {
		pages_free(mfn_to_virt(_mfn(m)), 1);
	}
}

void *heap_alloc(size_t bytes)
{
	struct size_class *c = class_of(bytes);

	return c ? object_alloc(c) : pages_alloc(pages_of(bytes));
}

void heap_free(void *p, size_t bytes)
{
	struct size_class *c = class_of(bytes);

	if (!p) {
		return;
	}
	if (c) {
		object_free(c, p);
	} else {
		pages_free(p, pages_of(bytes));
	}
}

u64 heap_bytes_used(void)
{
	return READ_ONCE(pages_used) * PAGE_SIZE;
}
