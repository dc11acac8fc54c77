/* SPDX-License-Identifier: MIT */
/*
 * Measures of a disk: in order by 1 MiB, at random by 4 KiB, one request at a time or many. Data
 * lies in pages that stay granted.
 */
#include <errno.h>

#include "../block/front.h"
#include "speed.h"

enum { PAGES = 256, IN_ORDER = 64, AT_RANDOM = 2000, DEPTH = 32 };
enum { PAGE_SECTORS = 4096 / BLOCK_SECTOR_BYTES };
#define PATIENCE_NS (60 * 1000000000ul)

static struct block_front disk;
static struct block_segment pages[PAGES];

/* What is being measured: so many requests of so many pages each, `depth` at a time. */
static struct {
	struct block_request requests[DEPTH];
	enum block_op op;
	u32 pages, depth, count;
	u32 started, ended;
	bool is_random;
	u32 chance; /* of the generator: the same places on every run */
} run;

static u64 sector_next(void)
{
	u64 places = disk.info.sectors / PAGE_SECTORS;

	if (!run.is_random) {
		return (u64)run.started * run.pages * PAGE_SECTORS;
	}
	run.chance = run.chance * 1664525u + 1013904223u;
	return (run.chance >> 8) % places * PAGE_SECTORS;
}

static void request_start(struct block_request *r)
{
	if (run.started == run.count) {
		return;
	}
	r->op = run.op;
	r->sector = sector_next();
	if (block_submit(&disk, 0, r)) {
		CHECK(!"a request is taken");
		return;
	}
	run.started++;
}

/* The next one starts where this one ended; who waits shows it to the back end. */
static void request_done(struct block_request *r, int status)
{
	CHECK_EQ(status, 0);
	run.ended++;
	request_start(r);
}

static void measure(const char *name, u64 operations)
{
	u64 start = system_time(), give_up = start + PATIENCE_NS;

	run.started = run.ended = 0;
	run.chance = 1;
	for (u32 i = 0; i < run.depth; i++) {
		run.requests[i] = (struct block_request){.segments = &pages[i * run.pages],
							 .segment_count = run.pages,
							 .done = request_done};
		request_start(&run.requests[i]);
	}
	while (run.ended < run.count && !fail_count && system_time() < give_up) {
		block_push(&disk, 0);
		thread_wait(give_up);
	}
	CHECK_EQ(run.ended, run.count);
	speed_say(name, start, operations);
}

static void in_order(const char *name, enum block_op op)
{
	run.op = op;
	run.is_random = false;
	run.pages = disk.info.segments < PAGES ? disk.info.segments : PAGES;
	run.depth = PAGES / run.pages;
	run.count = IN_ORDER * PAGES / run.pages;
	measure(name, IN_ORDER);
}

static void at_random(const char *name, u32 depth)
{
	run.op = BLOCK_READ;
	run.is_random = true;
	run.pages = 1;
	run.depth = depth;
	run.count = AT_RANDOM;
	measure(name, AT_RANDOM);
}

static void disk_changed(struct block_front *f)
{
	thread_wake();
}

static bool disk_is_usable(const char *path)
{
	const struct block_options options = {.queues = 1};
	u64 end = system_time() + PATIENCE_NS;

	CHECK_EQ(block_start(&disk, path, &options, disk_changed), 0);
	while (!disk.is_ready && system_time() < end) {
		thread_wait(end);
	}
	return disk.is_ready && disk.info.sectors >= (u64)IN_ORDER * PAGES * PAGE_SECTORS;
}

void speed_disk(const char *path)
{
	claim("the disk is measured");
	CHECK(disk_is_usable(path));
	for (u32 i = 0; i < PAGES && !fail_count; i++) {
		CHECK_EQ(block_buffer_get(&disk, &pages[i]), 0);
		pages[i].bytes = PAGE_SIZE;
	}
	if (fail_count) {
		return;
	}
	in_order("disk-read", BLOCK_READ);
	in_order("disk-write", BLOCK_WRITE);
	at_random("disk-random", 1);
	at_random("disk-deep", DEPTH);
}
