/* SPDX-License-Identifier: MIT */
/*
 * Copies between a guest's pages and the buffers that the disk reads and writes: by the CPU where
 * the guest's pages stay mapped, else by the hypervisor, those of many jobs in one call; see
 * block.h.
 */
#include <string.h>

#include "backend/block.h"

/* Copies that are handed to the kernel at once: eight of the largest requests. */
enum { COPIES_MAX = 8 * BLOCK_SEGMENTS_MAX };

/* What a job wants copied. */
struct copy {
	const struct block_segment *segments;
	uint32_t count;
	unsigned char *own;
	bool to_guest;
};

static struct jobs waiting;
static xengnttab_grant_copy_segment_t copies[COPIES_MAX];

/* table: room for the one segment that lists the others. */
static struct copy copy_of(struct job *j, struct block_segment *table)
{
	const struct block_request *r = &j->request;

	if (j->stage != JOB_TABLE) {
		return (struct copy){r->segments, r->segment_count, j->buffer,
				     j->stage == JOB_COPY_OUT};
	}
	*table = (struct block_segment){
		.gref = r->table_gref,
		.bytes = (uint16_t)(r->segment_count * sizeof(j->table[0])),
	};
	return (struct copy){table, 1, (unsigned char *)j->table, false};
}

/* Maps those pages of a copy that are not mapped yet. */
static bool map_missing(struct persistent *p, const struct copy *c)
{
	uint32_t grefs[BLOCK_SEGMENTS_MAX], i, k, count = 0;

	for (i = 0; i < c->count; i++) {
		if (persistent_find(p, c->segments[i].gref)) {
			continue;
		}
		for (k = 0; k < count && grefs[k] != c->segments[i].gref; k++) {
		}
		grefs[k] = c->segments[i].gref;
		count += k == count;
	}
	return !count || persistent_add(p, grefs, count);
}

/*
 * Whole sectors. Where copying is what a request costs, the CPU's own loop is the shortest code
 * and, for parts as long as these, as fast as any.
 */
static void sectors_copy(void *to, const void *from, size_t bytes)
{
	size_t words = bytes / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

static bool copy_by_mapping(struct persistent *p, const struct copy *c)
{
	unsigned char *own = c->own, *page;
	uint32_t i;

	if (!map_missing(p, c)) {
		return false;
	}
	for (i = 0; i < c->count; i++) {
		page = persistent_find(p, c->segments[i].gref) + c->segments[i].offset;
		sectors_copy(c->to_guest ? page : own, c->to_guest ? own : page,
			     c->segments[i].bytes);
		own += c->segments[i].bytes;
	}
	return true;
}

void job_data_copy(struct job *j)
{
	struct block_segment table;
	struct block *b = j->queue->block;
	struct copy c = copy_of(j, &table);

	if (b->is_persistent && copy_by_mapping(&b->persistent, &c)) {
		job_copied(j, true);
	} else {
		jobs_append(&waiting, j);
	}
}

/* Adds the copies of one job; returns how many. */
static uint32_t copies_add(struct job *j, xengnttab_grant_copy_segment_t *at)
{
	struct block_segment table;
	struct copy c = copy_of(j, &table);
	uint32_t i;

	for (i = 0; i < c.count; i++) {
		grant_copy_set(&at[i], c.to_guest, c.segments[i].gref, c.segments[i].offset, c.own,
			       c.segments[i].bytes);
		c.own += c.segments[i].bytes;
	}
	return c.count;
}

static uint32_t copies_of(const struct job *j)
{
	return j->stage == JOB_TABLE ? 1 : j->request.segment_count;
}

static bool copies_good(const xengnttab_grant_copy_segment_t *at, uint32_t count)
{
	uint32_t i = 0;

	while (i < count && at[i].status == GNTST_okay) {
		i++;
	}
	return i == count;
}

/* As many of the jobs as there is room for, together. */
static void copy_some(void)
{
	struct jobs round = {NULL, NULL};
	struct job *j;
	uint32_t count = 0, at = 0, own;
	bool is_good;

	while (waiting.first && count + copies_of(waiting.first) <= COPIES_MAX) {
		j = jobs_take(&waiting);
		count += copies_add(j, &copies[count]);
		jobs_append(&round, j);
	}
	is_good = grants_copy(copies, count) == 0;
	while ((j = jobs_take(&round))) {
		own = copies_of(j);
		at += own;
		job_copied(j, is_good && copies_good(&copies[at - own], own));
	}
}

void jobs_copy(void)
{
	while (waiting.first) {
		copy_some();
	}
}
