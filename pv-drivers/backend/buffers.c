/* SPDX-License-Identifier: MIT */
/* First fit in a bitmap: low pages are used again and again, high ones only under load. */
#include <errno.h>
#include <sys/mman.h>

#include "backend/buffers.h"
#include "backend/loop.h"

enum { PAGE_BYTES = 4096 };

int buffers_init(struct buffers *b, bool is_fixed)
{
	void *at = mmap(NULL, (size_t)BUFFERS_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	*b = (struct buffers){.pages = at};
	if (at == MAP_FAILED) {
		return -errno;
	}
	b->is_fixed = is_fixed && !loop_fix(at, (size_t)BUFFERS_FIXED * PAGE_BYTES);
	return 0;
}

bool buffers_is_fixed(const struct buffers *b, const void *room, size_t bytes)
{
	size_t from = (size_t)((const unsigned char *)room - b->pages);

	return b->is_fixed && from + bytes <= (size_t)BUFFERS_FIXED * PAGE_BYTES;
}

static bool is_used(const struct buffers *b, uint32_t page)
{
	return b->used[page / 64] >> page % 64 & 1;
}

static void flip(struct buffers *b, uint32_t first, uint32_t count)
{
	for (; count; count--, first++) {
		b->used[first / 64] ^= 1ull << first % 64;
	}
}

static uint32_t pages_of(size_t bytes)
{
	return (uint32_t)((bytes + PAGE_BYTES - 1) / PAGE_BYTES);
}

void *buffers_get(struct buffers *b, size_t bytes)
{
	uint32_t page, run = 0, count = pages_of(bytes);

	for (page = 0; page < BUFFERS_PAGES && run < count; page++) {
		if (page % 64 == 0 && b->used[page / 64] == UINT64_MAX) {
			page += 63;
			run = 0;
		} else {
			run = is_used(b, page) ? 0 : run + 1;
		}
	}
	if (run < count || !count) {
		return NULL;
	}
	flip(b, page - count, count);
	return b->pages + (size_t)(page - count) * PAGE_BYTES;
}

void buffers_put(struct buffers *b, void *room, size_t bytes)
{
	if (room) {
		flip(b, (uint32_t)(((unsigned char *)room - b->pages) / PAGE_BYTES),
		     pages_of(bytes));
	}
}
