/* SPDX-License-Identifier: MIT */
/* Grants that stay mapped; see persistent.h. */
#include <stdlib.h>

#include "backend/persistent.h"
#include "backend/xen.h"

enum { PLACES = 2 * PERSISTENT_MAX, PAGE_BYTES = 4096 };

struct persistent_chunk {
	struct persistent_chunk *next;
	unsigned char *pages;
	uint32_t count;
};

/* References are dense small numbers: they spread by themselves. */
static uint32_t place_of(const struct persistent *p, uint32_t gref)
{
	uint32_t at = gref % PLACES;

	while (p->places[at].page && p->places[at].gref != gref) {
		at = (at + 1) % PLACES;
	}
	return at;
}

unsigned char *persistent_find(const struct persistent *p, uint32_t gref)
{
	return p->places[place_of(p, gref)].page;
}

bool persistent_add(struct persistent *p, const uint32_t *grefs, uint32_t count)
{
	struct persistent_chunk *chunk;
	uint32_t i, at;

	if (count > PERSISTENT_MAX - p->count) {
		return false;
	}
	chunk = malloc(sizeof(*chunk));
	if (!chunk) {
		return false;
	}
	*chunk = (struct persistent_chunk){p->chunks, grants_map(grefs, count), count};
	if (!chunk->pages) {
		free(chunk);
		return false;
	}
	p->chunks = chunk;
	p->count += count;
	for (i = 0; i < count; i++) {
		at = place_of(p, grefs[i]);
		p->places[at].gref = grefs[i];
		p->places[at].page = chunk->pages + (size_t)i * PAGE_BYTES;
	}
	return true;
}

void persistent_end(struct persistent *p)
{
	struct persistent_chunk *chunk;

	while ((chunk = p->chunks)) {
		p->chunks = chunk->next;
		grants_unmap(chunk->pages, chunk->count);
		free(chunk);
	}
	*p = (struct persistent){0};
}
