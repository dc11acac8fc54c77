/* SPDX-License-Identifier: MIT */
/*
 * Block requests as the fuzzer likes them: a disk, a request, and a table of segments for those
 * that ask for one. What the decoder calls ready lies inside the disk, and inside the guest's
 * pages.
 */
#include <string.h>
#include "fuzz.h"
#include "block/back.h"

struct input {
	struct blkif_request raw;
	uint16_t sectors;
	uint8_t flags;
	struct blkif_request_segment table[BLOCK_SEGMENTS_MAX];
};

static void check_ready(const struct block_disk *disk, const struct block_request *r)
{
	uint64_t sum = 0;
	uint32_t i;

	FUZZ_CHECK(r->bytes <= disk->bytes && r->offset <= disk->bytes - r->bytes);
	FUZZ_CHECK(r->bytes % disk->sector_bytes == 0 && r->offset % disk->sector_bytes == 0);
	FUZZ_CHECK(r->op == BLOCK_READ || r->op == BLOCK_FLUSH || r->bytes == 0 ||
		   !disk->is_read_only);
	FUZZ_CHECK(r->op != BLOCK_DISCARD || disk->can_discard);
	FUZZ_CHECK(r->segment_count <= BLOCK_SEGMENTS_MAX);
	for (i = 0; i < r->segment_count; i++) {
		FUZZ_CHECK(r->segments[i].bytes > 0 && r->segments[i].offset % 512 == 0);
		FUZZ_CHECK(r->segments[i].offset + r->segments[i].bytes <= BLOCK_PAGE_BYTES);
		sum += r->segments[i].bytes;
	}
	FUZZ_CHECK(r->op == BLOCK_DISCARD || sum == r->bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct block_request r;
	struct input in;
	struct block_disk disk;
	enum block_verdict verdict;

	memset(&in, 0, sizeof(in));
	memcpy(&in, data, size < sizeof(in) ? size : sizeof(in));
	disk.sector_bytes = in.flags & 1 ? 4096 : 512;
	disk.is_read_only = in.flags & 2;
	disk.can_discard = in.flags & 4;
	disk.bytes = (uint64_t)in.sectors * disk.sector_bytes;
	memset(&r, 0xee, sizeof(r));
	verdict = block_decode(&disk, &in.raw, &r);
	if (verdict == BLOCK_INDIRECT) {
		FUZZ_CHECK(r.segment_count && r.segment_count <= BLOCK_SEGMENTS_MAX);
		verdict = block_decode_segments(&disk, in.table, &r);
		FUZZ_CHECK(verdict != BLOCK_INDIRECT);
	}
	if (verdict == BLOCK_READY) {
		check_ready(&disk, &r);
	}
	FUZZ_CHECK(verdict != BLOCK_REFUSED || r.status < 0);
	FUZZ_CHECK(verdict != BLOCK_ABUSE || r.text);
	return 0;
}
