/* SPDX-License-Identifier: MIT */
/*
 * Checks block requests; see back.h. What a front end may get wrong without malice (beyond the end
 * of a disk that shrank, a write to a read-only disk, an operation that we do not know) is refused
 * with an error; what breaks the protocol is abuse. No lock.
 */
#include <stddef.h>
#include <string.h>

#include "back.h"

_Static_assert(sizeof(struct blkif_request) == 112, "a slot of the 64-bit ring");
_Static_assert(offsetof(struct blkif_request, seg) == 24, "segments of the 64-bit layout");
_Static_assert(sizeof(struct blkif_request_indirect) == 64, "fits into a slot");
_Static_assert(offsetof(struct blkif_request_indirect, indirect_grefs) == 28, "64-bit layout");
_Static_assert(sizeof(struct blkif_response) == 16, "a response of the 64-bit layout");
_Static_assert(sizeof(struct blkif_request_segment) == 8, "512 in a page");
_Static_assert(BLOCK_SEGMENTS_MAX * sizeof(struct blkif_request_segment) <= BLOCK_PAGE_BYTES,
	       "an indirect request names one page");

#define PAGE_SECTORS (BLOCK_PAGE_BYTES / BLOCK_SECTOR_BYTES)

static enum block_verdict refused(struct block_request *r, int16_t status)
{
	r->status = status;
	return BLOCK_REFUSED;
}

static enum block_verdict abuse(struct block_request *r, const char *text)
{
	r->text = text;
	return BLOCK_ABUSE;
}

/* Sets where it lies; false: not on the disk. No product or sum here can overflow. */
static bool place(const struct block_disk *disk, uint64_t count, struct block_request *r)
{
	uint64_t sectors = disk->bytes / BLOCK_SECTOR_BYTES;

	if (r->sector > sectors || count > sectors - r->sector) {
		return false;
	}
	r->offset = r->sector * BLOCK_SECTOR_BYTES;
	r->bytes = count * BLOCK_SECTOR_BYTES;
	return r->offset % disk->sector_bytes == 0 && r->bytes % disk->sector_bytes == 0;
}

/* Takes the segments over; the sum of their sectors, or 0 if one of them makes no sense. */
static uint32_t take_segments(const struct blkif_request_segment *from, struct block_request *r)
{
	uint32_t i, count, sum = 0;

	for (i = 0; i < r->segment_count; i++) {
		if (from[i].first_sect > from[i].last_sect || from[i].last_sect >= PAGE_SECTORS) {
			return 0;
		}
		count = from[i].last_sect - from[i].first_sect + 1u;
		r->segments[i] = (struct block_segment){
			.gref = from[i].gref,
			.offset = (uint16_t)(from[i].first_sect * BLOCK_SECTOR_BYTES),
			.bytes = (uint16_t)(count * BLOCK_SECTOR_BYTES),
		};
		sum += count;
	}
	return sum;
}

static enum block_verdict decode_data(const struct block_disk *disk,
				      const struct blkif_request_segment *table,
				      struct block_request *r)
{
	uint32_t sum = take_segments(table, r);

	if (!sum) {
		return abuse(r, "a segment lies outside of its page");
	}
	if (!place(disk, sum, r) || (r->op != BLOCK_READ && disk->is_read_only)) {
		return refused(r, BLKIF_RSP_ERROR);
	}
	return BLOCK_READY;
}

static enum block_verdict decode_direct(const struct block_disk *disk,
					const struct blkif_request *raw, struct block_request *r)
{
	bool may_be_empty = r->op == BLOCK_FLUSH || r->op == BLOCK_BARRIER;

	r->sector = raw->sector_number;
	r->segment_count = raw->nr_segments;
	if (r->segment_count > BLKIF_MAX_SEGMENTS_PER_REQUEST) {
		return abuse(r, "a request has more segments than fit into it");
	}
	if (!r->segment_count) {
		return may_be_empty ? BLOCK_READY : abuse(r, "a request has no segments");
	}
	if (r->op == BLOCK_FLUSH) {
		r->op = BLOCK_BARRIER; /* Linux's back end, too, takes it for a write behind a flush
					*/
	}
	return decode_data(disk, raw->seg, r);
}

static enum block_verdict decode_indirect(const struct blkif_request *raw, struct block_request *r)
{
	struct blkif_request_indirect indirect;

	memcpy(&indirect, raw, sizeof(indirect));
	r->id = indirect.id;
	r->segment_count = indirect.nr_segments;
	if (indirect.indirect_op != BLKIF_OP_READ && indirect.indirect_op != BLKIF_OP_WRITE) {
		return abuse(r, "an indirect request neither reads nor writes");
	}
	if (!r->segment_count || r->segment_count > BLOCK_SEGMENTS_MAX) {
		return abuse(r, "an indirect request has no segments, or too many");
	}
	r->guest_op = indirect.indirect_op; /* Linux wants this in the answer, not INDIRECT */
	r->op = indirect.indirect_op == BLKIF_OP_READ ? BLOCK_READ : BLOCK_WRITE;
	r->sector = indirect.sector_number;
	r->table_gref = indirect.indirect_grefs[0];
	return BLOCK_INDIRECT;
}

/* Secure erasure is not announced; without that, its flag has no meaning. */
static enum block_verdict decode_discard(const struct block_disk *disk,
					 const struct blkif_request *raw, struct block_request *r)
{
	struct blkif_request_discard discard;

	memcpy(&discard, raw, sizeof(discard));
	r->id = discard.id;
	r->op = BLOCK_DISCARD;
	r->sector = discard.sector_number;
	if (!disk->can_discard) {
		return refused(r, BLKIF_RSP_EOPNOTSUPP);
	}
	if (!place(disk, discard.nr_sectors, r) || disk->is_read_only) {
		return refused(r, BLKIF_RSP_ERROR);
	}
	return BLOCK_READY;
}

enum block_verdict block_decode(const struct block_disk *disk, const struct blkif_request *raw,
				struct block_request *r)
{
	r->id = raw->id;
	r->guest_op = raw->operation;
	r->status = BLKIF_RSP_OKAY;
	r->offset = r->bytes = 0;
	r->segment_count = 0;
	r->text = NULL;
	switch (raw->operation) {
	case BLKIF_OP_READ:
		r->op = BLOCK_READ;
		return decode_direct(disk, raw, r);
	case BLKIF_OP_WRITE:
		r->op = BLOCK_WRITE;
		return decode_direct(disk, raw, r);
	case BLKIF_OP_WRITE_BARRIER:
		r->op = BLOCK_BARRIER;
		return decode_direct(disk, raw, r);
	case BLKIF_OP_FLUSH_DISKCACHE:
		r->op = BLOCK_FLUSH;
		return decode_direct(disk, raw, r);
	case BLKIF_OP_DISCARD:
		return decode_discard(disk, raw, r);
	case BLKIF_OP_INDIRECT:
		return decode_indirect(raw, r);
	default:
		return refused(r, BLKIF_RSP_EOPNOTSUPP);
	}
}

enum block_verdict block_decode_segments(const struct block_disk *disk,
					 const struct blkif_request_segment *table,
					 struct block_request *r)
{
	return decode_data(disk, table, r);
}

struct blkif_response block_answer(const struct block_request *r, int16_t status)
{
	/* Padding would show the guest what lay here before. */
	struct blkif_response answer;

	memset(&answer, 0, sizeof(answer));
	answer.id = r->id;
	answer.operation = r->guest_op;
	answer.status = status;
	return answer;
}
