/* SPDX-License-Identifier: MIT */
/*
 * What a block back end makes of requests: sane ones byte for byte, and each kind of senseless one.
 * pv_block_fuzz.c sends what nobody thought of.
 */
#include "unit.h"
#include "block/back.h"

enum { SECTORS = 1000 * 8 };

static const struct block_disk disk = {SECTORS * 512, 512, false, true};
static struct block_request r;

static struct blkif_request raw_of(uint8_t operation, uint8_t count, uint64_t sector)
{
	struct blkif_request raw = {
		.operation = operation, .nr_segments = count, .id = 77, .sector_number = sector};
	uint32_t i;

	for (i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++) {
		raw.seg[i] = (struct blkif_request_segment){100 + i, 0, 7};
	}
	return raw;
}

static enum block_verdict decode(const struct block_disk *d, struct blkif_request raw)
{
	memset(&r, 0xee, sizeof(r));
	return block_decode(d, &raw, &r);
}

static void test_reads_and_writes(void **state)
{
	struct blkif_request raw = raw_of(BLKIF_OP_WRITE, 3, 16);
	struct blkif_response answer;

	(void)state;
	raw.seg[1].first_sect = 2;
	raw.seg[1].last_sect = 2;
	assert_int_equal(decode(&disk, raw), BLOCK_READY);
	assert_int_equal(r.op, BLOCK_WRITE);
	assert_int_equal(r.offset, 16 * 512);
	assert_int_equal(r.bytes, 4096 + 512 + 4096);
	assert_int_equal(r.segment_count, 3);
	assert_int_equal(r.segments[1].gref, 101);
	assert_int_equal(r.segments[1].offset, 1024);
	assert_int_equal(r.segments[1].bytes, 512);
	answer = block_answer(&r, BLKIF_RSP_ERROR);
	assert_int_equal(answer.id, 77);
	assert_int_equal(answer.operation, BLKIF_OP_WRITE);
	assert_int_equal(answer.status, BLKIF_RSP_ERROR);
	assert_int_equal(decode(&disk, raw_of(BLKIF_OP_READ, 11, SECTORS - 88)), BLOCK_READY);
	assert_int_equal(r.op, BLOCK_READ);
}

static void test_flush_and_barrier(void **state)
{
	(void)state;
	assert_int_equal(decode(&disk, raw_of(BLKIF_OP_FLUSH_DISKCACHE, 0, UINT64_MAX)),
			 BLOCK_READY);
	assert_true(r.op == BLOCK_FLUSH && r.bytes == 0 && r.offset == 0);
	assert_int_equal(decode(&disk, raw_of(BLKIF_OP_FLUSH_DISKCACHE, 1, 8)), BLOCK_READY);
	assert_true(r.op == BLOCK_BARRIER && r.bytes == 4096);
	assert_int_equal(decode(&disk, raw_of(BLKIF_OP_WRITE_BARRIER, 0, 0)), BLOCK_READY);
	assert_true(r.op == BLOCK_BARRIER && r.bytes == 0);
	assert_int_equal(decode(&disk, raw_of(BLKIF_OP_WRITE_BARRIER, 2, 8)), BLOCK_READY);
	assert_true(r.op == BLOCK_BARRIER && r.bytes == 8192 && r.offset == 4096);
}

static void test_the_disk_ends(void **state)
{
	static const uint8_t operations[] = {BLKIF_OP_READ, BLKIF_OP_WRITE, BLKIF_OP_WRITE_BARRIER};
	static const uint64_t beyond[] = {SECTORS - 7,      SECTORS,        UINT64_MAX,
					  UINT64_MAX - 7,   1ull << 55,     (1ull << 55) - 8,
					  UINT64_MAX / 512, INT64_MAX / 512};
	unsigned int i, k;

	(void)state;
	for (i = 0; i < sizeof(operations); i++) {
		assert_int_equal(decode(&disk, raw_of(operations[i], 1, SECTORS - 8)), BLOCK_READY);
		for (k = 0; k < sizeof(beyond) / sizeof(beyond[0]); k++) {
			assert_int_equal(decode(&disk, raw_of(operations[i], 1, beyond[k])),
					 BLOCK_REFUSED);
			assert_int_equal(r.status, BLKIF_RSP_ERROR);
		}
	}
}

static void test_read_only(void **state)
{
	struct block_disk d = disk;

	(void)state;
	d.is_read_only = true;
	assert_int_equal(decode(&d, raw_of(BLKIF_OP_READ, 1, 0)), BLOCK_READY);
	assert_int_equal(decode(&d, raw_of(BLKIF_OP_WRITE, 1, 0)), BLOCK_REFUSED);
	assert_int_equal(decode(&d, raw_of(BLKIF_OP_WRITE_BARRIER, 1, 0)), BLOCK_REFUSED);
	assert_int_equal(decode(&d, raw_of(BLKIF_OP_DISCARD, 0, 0)), BLOCK_REFUSED);
	assert_int_equal(decode(&d, raw_of(BLKIF_OP_FLUSH_DISKCACHE, 0, 0)), BLOCK_READY);
}

static void test_senseless_segments(void **state)
{
	struct blkif_request raw;
	unsigned int first, last, count;

	(void)state;
	for (first = 0; first < 256; first++) {
		for (last = 0; last < 256; last++) {
			bool is_sane = first <= last && last <= 7;

			raw = raw_of(BLKIF_OP_READ, 2, 0);
			raw.seg[1].first_sect = first;
			raw.seg[1].last_sect = last;
			assert_int_equal(decode(&disk, raw), is_sane ? BLOCK_READY : BLOCK_ABUSE);
			assert_true(is_sane || r.text);
		}
	}
	for (count = 0; count < 256; count++) {
		assert_int_equal(decode(&disk, raw_of(BLKIF_OP_WRITE, count, 0)),
				 count && count <= 11 ? BLOCK_READY : BLOCK_ABUSE);
	}
}

static void test_large_sectors(void **state)
{
	struct block_disk d = disk;
	struct blkif_request raw = raw_of(BLKIF_OP_READ, 2, 8);

	(void)state;
	d.sector_bytes = 4096;
	assert_int_equal(decode(&d, raw), BLOCK_READY);
	assert_int_equal(decode(&d, raw_of(BLKIF_OP_READ, 2, 9)), BLOCK_REFUSED);
	raw.seg[1].last_sect = 6;
	assert_int_equal(decode(&d, raw), BLOCK_REFUSED);
}

static void test_discard(void **state)
{
	struct block_disk d = disk;
	struct blkif_request raw = {0};
	struct blkif_request_discard discard = {BLKIF_OP_DISCARD, 1, 0, 5, 8, SECTORS - 8};

	(void)state;
	memcpy(&raw, &discard, sizeof(discard));
	assert_int_equal(decode(&disk, raw), BLOCK_READY);
	assert_true(r.op == BLOCK_DISCARD && r.id == 5 && r.offset == 4096);
	assert_int_equal(r.bytes, (SECTORS - 8) * 512);
	discard.nr_sectors = UINT64_MAX - 7;
	memcpy(&raw, &discard, sizeof(discard));
	assert_int_equal(decode(&disk, raw), BLOCK_REFUSED);
	d.can_discard = false;
	assert_int_equal(decode(&d, raw), BLOCK_REFUSED);
	assert_int_equal(r.status, BLKIF_RSP_EOPNOTSUPP);
}

static void test_indirect(void **state)
{
	struct blkif_request_segment table[BLOCK_SEGMENTS_MAX];
	struct blkif_request_indirect indirect = {
		BLKIF_OP_INDIRECT, BLKIF_OP_WRITE, 0, 9, 8, 0, {42}};
	struct blkif_request raw = {0};
	unsigned int count, i;

	(void)state;
	for (i = 0; i < BLOCK_SEGMENTS_MAX; i++) {
		table[i] = (struct blkif_request_segment){i, 0, 7};
	}
	for (count = 0; count < 1000; count++) {
		indirect.nr_segments = count;
		memcpy(&raw, &indirect, sizeof(indirect));
		assert_int_equal(decode(&disk, raw), count && count <= BLOCK_SEGMENTS_MAX
							     ? BLOCK_INDIRECT
							     : BLOCK_ABUSE);
		if (count && count <= BLOCK_SEGMENTS_MAX) {
			assert_true(r.table_gref == 42 && r.segment_count == count && r.id == 9);
			assert_int_equal(block_decode_segments(&disk, table, &r), BLOCK_READY);
			assert_int_equal(r.bytes, count * 4096);
			/* Linux's driver wants the operation itself in the answer. */
			assert_int_equal(block_answer(&r, 0).operation, BLKIF_OP_WRITE);
		}
	}
	indirect.nr_segments = 2;
	memcpy(&raw, &indirect, sizeof(indirect));
	decode(&disk, raw);
	table[1].last_sect = 8;
	assert_int_equal(block_decode_segments(&disk, table, &r), BLOCK_ABUSE);
	for (i = 2; i < 256; i++) {
		indirect.indirect_op = i;
		memcpy(&raw, &indirect, sizeof(indirect));
		assert_int_equal(decode(&disk, raw), BLOCK_ABUSE);
	}
}

static void test_unknown_operations(void **state)
{
	unsigned int operation;

	(void)state;
	for (operation = 7; operation < 256; operation++) {
		assert_int_equal(decode(&disk, raw_of(operation, 1, 0)), BLOCK_REFUSED);
		assert_int_equal(r.status, BLKIF_RSP_EOPNOTSUPP);
	}
	assert_int_equal(decode(&disk, raw_of(BLKIF_OP_RESERVED_1, 1, 0)), BLOCK_REFUSED);
}

static void test_empty_drive(void **state)
{
	struct block_disk d = {0, 512, true, false};

	(void)state;
	assert_int_equal(decode(&d, raw_of(BLKIF_OP_READ, 1, 0)), BLOCK_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_and_writes),
		cmocka_unit_test(test_flush_and_barrier),
		cmocka_unit_test(test_the_disk_ends),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_senseless_segments),
		cmocka_unit_test(test_large_sectors),
		cmocka_unit_test(test_discard),
		cmocka_unit_test(test_indirect),
		cmocka_unit_test(test_unknown_operations),
		cmocka_unit_test(test_empty_drive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
