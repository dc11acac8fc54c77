/* SPDX-License-Identifier: MIT */
/*
 * test=block: fills the first part of each disk with a pattern, flushes, and reads it back. Words
 * of the command line: mib=N a disk, depth=N requests at a time, segments=N pages a request,
 * queues=N, order=N (pages of a ring: 1 << N), persistent=0.
 *
 * Every other request uses pages of its own, the others such that stay granted, so that data goes
 * all ways that the front end has.
 */
#include "kernel.h"
#include <errno.h>

#include "../block/front.h"

enum {
	DISKS = 8,
	NAMES_BYTES = 256,
	JOBS = 32,
	WORDS = 4096 / 8,
	PAGE_SECTORS = 4096 / BLOCK_SECTOR_BYTES
};
#define PATIENCE_NS (30 * 1000000000ul)

/* One request at a time, of up to so many pages. */
struct job {
	struct block_request request;
	struct block_segment segments[BLOCK_SEGMENTS];
	enum { IDLE, BUSY, DONE } state;
	int status;
};

static struct block_front fronts[DISKS];
static struct job *jobs; /* too large for the image's zeroed part: pages */
static u32 disk_count, job_count, segment_count;

static void front_changed(struct block_front *f)
{
	thread_wake();
}

static void job_done(struct block_request *r, int status)
{
	struct job *j = r->arg;

	j->status = status;
	j->state = DONE;
}

/* What stands on a disk: different for each word of each disk. */
static u64 pattern(const struct block_front *f, u64 sector, u32 word)
{
	u64 x = (sector * (BLOCK_SECTOR_BYTES / 8) + word + 1) * 0x9e3779b97f4a7c15ul + f->handle;

	return x ^ x >> 29;
}

static void page_fill(const struct block_front *f, u64 sector, u64 *page)
{
	for (u32 i = 0; i < WORDS; i++) {
		page[i] = pattern(f, sector, i);
	}
}

static bool page_is_right(const struct block_front *f, u64 sector, const u64 *page, u64 *sum)
{
	u64 wrong = 0;

	for (u32 i = 0; i < WORDS; i++) {
		wrong |= page[i] ^ pattern(f, sector, i);
		*sum += page[i];
	}
	return !wrong;
}

/* --- Disks --- */

static void disks_start(void)
{
	struct block_options options = {
		.queues = (u32)argument("queues", 1),
		.ring_order = (u32)argument("order", 0),
		.no_persistent = !argument("persistent", 1),
	};
	static char names[NAMES_BYTES];
	int bytes = store_list("device/vbd", names, sizeof(names));

	for (int i = 0; i < bytes && disk_count < DISKS; i += (int)strlen(names + i) + 1) {
		char path[PLATFORM_VALUE_BYTES] = "device/vbd/";

		if (strlen(path) + strlen(names + i) < sizeof(path)) {
			memcpy(path + strlen(path), names + i, strlen(names + i) + 1);
			CHECK_EQ(block_start(&fronts[disk_count++], path, &options, front_changed),
				 0);
		}
	}
}

static bool disk_wait(struct block_front *f)
{
	u64 end = system_time() + PATIENCE_NS;

	while (!f->is_ready && system_time() < end) {
		thread_wait(end);
	}
	return f->is_ready;
}

static void disk_show(const struct block_front *f)
{
	const struct block_info *i = &f->info;

	print("disk %u: %lu sectors of %u bytes, %u queues, %u entries a ring, %u segments%s%s%s%s%s\n",
	      f->handle, i->sectors, i->sector_bytes, f->queue_count, f->queues[0].ring.slot_count,
	      i->segments, f->is_persistent ? ", persistent" : "",
	      i->is_read_only ? ", read-only" : "", i->has_flush ? ", flush" : "",
	      i->has_barrier ? ", barrier" : "", i->has_discard ? ", discard" : "");
}

/* --- Jobs --- */

static u32 jobs_pages(void)
{
	return (u32)((job_count * sizeof(struct job) + PAGE_SIZE - 1) / PAGE_SIZE);
}

static bool job_prepare(const struct block_front *f, u32 index)
{
	struct job *j = &jobs[index];

	j->request.segments = j->segments;
	j->request.done = job_done;
	j->request.arg = j;
	for (u32 i = 0; i < segment_count; i++) {
		struct block_segment *s = &j->segments[i];

		if (index % 2) {
			s->page = platform_pages(1);
		} else {
			block_buffer_get(f, s);
		}
		if (!s->page) {
			return false;
		}
		s->bytes = PAGE_SIZE;
	}
	return true;
}

static void job_free(struct job *j)
{
	for (u32 i = 0; i < segment_count; i++) {
		struct block_segment *s = &j->segments[i];

		if (s->ref) {
			block_buffer_put(s);
		} else if (s->page) {
			platform_pages_free(s->page, 1);
		}
	}
	memset(j, 0, sizeof(*j));
}

/* As many pages as there are left, and their data. */
static int job_submit(struct block_front *f, struct job *j, enum block_op op, u64 sector, u64 end)
{
	u64 pages = (end - sector) / PAGE_SECTORS;
	int rc;

	j->request.op = op;
	j->request.sector = sector;
	j->request.segment_count = pages < segment_count ? (u32)pages : segment_count;
	for (u32 i = 0; i < j->request.segment_count; i++) {
		u64 *page = (u64 *)j->segments[i].page;

		if (op == BLOCK_READ) {
			memset(page, 0, PAGE_SIZE);
		} else {
			page_fill(f, sector + i * PAGE_SECTORS, page);
		}
	}
	rc = block_submit(f, (u32)(j - jobs) % f->queue_count, &j->request);
	j->state = rc ? IDLE : BUSY;
	return rc;
}

/* Takes a result in; the sum of all that was read is the same for the same data. */
static void job_finish(const struct block_front *f, struct job *j, u64 *sum)
{
	CHECK_EQ(j->status, 0);
	for (u32 i = 0;
	     j->request.op == BLOCK_READ && !f->info.is_read_only && i < j->request.segment_count;
	     i++) {
		CHECK(page_is_right(f, j->request.sector + i * PAGE_SECTORS,
				    (u64 *)j->segments[i].page, sum));
	}
	j->state = IDLE;
}

/* One round over all jobs; true while there is something to do. */
static bool jobs_turn(struct block_front *f, enum block_op op, u64 *sector, u64 end, u64 *sum)
{
	bool is_any = false;

	for (u32 i = 0; i < job_count; i++) {
		struct job *j = &jobs[i];

		if (j->state == DONE) {
			job_finish(f, j, sum);
		}
		if (j->state == IDLE && *sector < end) {
			int rc = job_submit(f, j, op, *sector, end);

			if (rc && rc != -EAGAIN) {
				CHECK_EQ(rc, 0);
				*sector = end;
			}
			*sector += rc ? 0 : j->request.segment_count * PAGE_SECTORS;
		}
		is_any |= j->state != IDLE;
	}
	for (u32 i = 0; i < f->queue_count; i++) {
		block_push(f, i);
	}
	return is_any || *sector < end;
}

/* Writes or reads everything before `end`; returns the sum of what was read. */
static u64 disk_run(struct block_front *f, enum block_op op, u64 end)
{
	u64 start = system_time(), give_up = start + PATIENCE_NS, sector = 0, sum = 0;

	while (jobs_turn(f, op, &sector, end, &sum) && system_time() < give_up) {
		thread_wait(give_up);
	}
	CHECK(system_time() < give_up);
	print("disk %u: %lu KiB %s in %lu us\n", f->handle, end / 2,
	      op == BLOCK_READ ? "read" : "written", (system_time() - start) / 1000);
	return sum;
}

/* One request without pages, or with those of the first job. */
static int disk_ask(struct block_front *f, enum block_op op, u64 sector, u64 count)
{
	struct job *j = &jobs[0];
	int rc;

	j->request.op = op;
	j->request.sector = sector;
	j->request.sector_count = count;
	j->request.segment_count = op == BLOCK_FLUSH || op == BLOCK_DISCARD ? 0 : 1;
	rc = block_submit(f, 0, &j->request);
	if (rc) {
		return rc;
	}
	j->state = BUSY;
	block_push(f, 0);
	while (j->state == BUSY) {
		thread_wait(FOREVER);
	}
	j->state = IDLE;
	return j->status;
}

/* --- Claims --- */

static void disk_refuses(struct block_front *f)
{
	claim("what lies outside of the disk is refused");
	CHECK_EQ(disk_ask(f, BLOCK_READ, f->info.sectors, 0), -EINVAL);
	CHECK_EQ(disk_ask(f, BLOCK_READ, f->info.sectors - PAGE_SECTORS, 0), 0);
	CHECK_EQ(disk_ask(f, BLOCK_READ, f->info.sectors - PAGE_SECTORS / 2, 0), -EINVAL);
	CHECK_EQ(disk_ask(f, BLOCK_READ, ~0ul, 0), -EINVAL);
	if (f->info.is_read_only) {
		claim("a read-only disk is not written");
		CHECK_EQ(disk_ask(f, BLOCK_WRITE, 0, 0), -EROFS);
	}
}

static void disk_orders(struct block_front *f)
{
	claim("flush, barrier and discard do what was offered");
	CHECK_EQ(disk_ask(f, BLOCK_FLUSH, 0, 0), f->info.has_flush ? 0 : -EOPNOTSUPP);
	if (f->info.has_barrier) {
		page_fill(f, 0, (u64 *)jobs[0].segments[0].page);
		CHECK_EQ(disk_ask(f, BLOCK_BARRIER, 0, 0), 0);
	}
	if (f->info.has_discard && f->info.discard_granularity) {
		u64 unit = f->info.discard_granularity / BLOCK_SECTOR_BYTES;
		u64 start = f->info.sectors / unit / 2 * unit;

		CHECK_EQ(disk_ask(f, BLOCK_DISCARD, start, unit), 0);
	}
}

static void disk_test(struct block_front *f)
{
	u64 end = argument("mib", 4) << 11, most = f->info.sectors / PAGE_SECTORS * PAGE_SECTORS;

	end = end < most ? end : most;
	segment_count = segment_count < f->info.segments ? segment_count : f->info.segments;
	claim("there is memory for the jobs");
	for (u32 i = 0; i < job_count; i++) {
		CHECK(job_prepare(f, i));
	}
	if (!f->info.is_read_only) {
		claim("all of it is written");
		disk_run(f, BLOCK_WRITE, end);
		disk_orders(f);
	}
	claim("what is read is what was written");
	print("disk %u: sum %lx\n", f->handle, disk_run(f, BLOCK_READ, end));
	disk_refuses(f);
	for (u32 i = 0; i < job_count; i++) {
		job_free(&jobs[i]);
	}
}

void program_block(void)
{
	claim("there are disks, and they connect");
	job_count = (u32)argument("depth", 8) % (JOBS + 1);
	segment_count = (u32)argument("segments", 11) % (BLOCK_SEGMENTS + 1);
	jobs = platform_pages(jobs_pages());
	disks_start();
	CHECK(disk_count && jobs);
	for (u32 i = 0; i < disk_count && jobs; i++) {
		CHECK(disk_wait(&fronts[i]));
		disk_show(&fronts[i]);
	}
	for (u32 i = 0; i < disk_count && jobs; i++) {
		if (fronts[i].is_ready) {
			disk_test(&fronts[i]);
		}
	}
	for (u32 i = 0; i < disk_count; i++) {
		block_stop(&fronts[i]);
	}
	for (u32 i = 0; i < disk_count; i++) {
		while (!fronts[i].device.is_closed) {
			thread_wait(FOREVER);
		}
	}
	claims_end();
}
