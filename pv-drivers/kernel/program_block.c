/* SPDX-License-Identifier: MIT */
/*
 * test=block: fills the first part of each disk with a pattern, flushes, and reads it back. Words
 * of the command line: mib=N a disk, depth=N requests at a time, segments=N pages a request,
 * queues=N, order=N (pages of a ring: 1 << N), persistent=0; seconds=N: again and again for so
 * long, with other data each time; rounds=N: the front ends close and start again, and find what
 * they wrote before; wait=N: after that round it is the tools that take the disks away and give
 * them back.
 *
 * Every other request uses pages of its own, the others such that stay granted, so that data goes
 * all ways that the front end has.
 */
#include "kernel.h"
#include <errno.h>

#include "block_disks.h"

enum { JOBS = 32, WORDS = 4096 / 8, PAGE_SECTORS = 4096 / BLOCK_SECTOR_BYTES };
#define PATIENCE_NS (30 * 1000000000ul)

/* One request at a time, of up to so many pages. */
struct job {
	struct block_request request;
	struct block_segment segments[BLOCK_SEGMENTS];
	enum { IDLE, BUSY, DONE } state;
	int status;
};

static struct job *jobs; /* too large for the image's zeroed part: pages */
static u32 job_count, segment_count;
static u32 writings[BLOCK_DISKS]; /* of the same sectors, each with other data */

static void job_done(struct block_request *r, int status)
{
	struct job *j = r->arg;

	j->status = status;
	j->state = DONE;
}

/* What stands on a disk: different for each word of each disk, each time it is written. */
static u64 pattern(const struct block_front *f, u64 sector, u32 word)
{
	u64 x = (sector * (BLOCK_SECTOR_BYTES / 8) + word + 1) * 0x9e3779b97f4a7c15ul + f->handle +
		((u64)writings[f - block_disks] << 32);

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
	u64 give_up = system_time() + PATIENCE_NS, sector = 0, sum = 0;

	while (jobs_turn(f, op, &sector, end, &sum) && system_time() < give_up) {
		thread_wait(give_up);
	}
	CHECK(system_time() < give_up);
	return sum;
}

static void disk_run_timed(struct block_front *f, enum block_op op, u64 end)
{
	u64 start = system_time(), sum = disk_run(f, op, end);

	print("disk %u: %lu KiB %s in %lu us", f->handle, end / 2,
	      op == BLOCK_READ ? "read" : "written", (system_time() - start) / 1000);
	if (op == BLOCK_READ) {
		print(", sum %lx", sum);
	}
	print("\n");
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

static void disk_show_queues(const struct block_front *f)
{
	print("disk %u: requests by queue:", f->handle);
	for (u32 i = 0; i < f->queue_count; i++) {
		CHECK(f->queues[i].ring.req || job_count <= i);
		print(" %u", f->queues[i].ring.req);
	}
	print("\n");
}

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

static void disk_write_and_read(struct block_front *f, u64 end)
{
	if (!f->info.is_read_only) {
		claim("all of it is written");
		writings[f - block_disks]++;
		disk_run_timed(f, BLOCK_WRITE, end);
		disk_orders(f);
	}
	claim("what is read is what was written");
	disk_run_timed(f, BLOCK_READ, end);
}

/* The same sectors for a while, each time with other data. */
static void disk_load(struct block_front *f, u64 end)
{
	u64 until = system_time() + argument("seconds", 0) * 1000000000ul;
	u32 times = 0;

	claim("what is read is what was written, again and again");
	for (; system_time() < until && !f->info.is_read_only && !fail_count; times++) {
		writings[f - block_disks]++;
		disk_run(f, BLOCK_WRITE, end);
		disk_run(f, BLOCK_READ, end);
	}
	print("disk %u: %u times more\n", f->handle, times);
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
	if (writings[f - block_disks]) {
		claim("what was written before is there");
		disk_run(f, BLOCK_READ, end);
	}
	disk_write_and_read(f, end);
	if (writings[f - block_disks] == 1) {
		disk_load(f, end);
	}
	disk_refuses(f);
	disk_show_queues(f);
	for (u32 i = 0; i < job_count; i++) {
		job_free(&jobs[i]);
	}
}

static void disks_test(void)
{
	for (u32 i = 0; i < block_disk_count; i++) {
		CHECK(block_disk_wait(&block_disks[i]));
		block_disk_show(&block_disks[i]);
	}
	for (u32 i = 0; i < block_disk_count; i++) {
		if (block_disks[i].is_ready) {
			disk_test(&block_disks[i]);
		}
	}
}

void program_block(void)
{
	u32 rounds = (u32)argument("rounds", 1);

	claim("there are disks, and they connect");
	job_count = (u32)argument("depth", 8) % (JOBS + 1);
	segment_count = (u32)argument("segments", 11) % (BLOCK_SEGMENTS + 1);
	jobs = platform_pages(jobs_pages());
	block_disks_start();
	CHECK(block_disk_count && jobs);
	for (u32 round = 1; jobs && round <= rounds; round++) {
		disks_test();
		print("round %u of %u is over\n", round, rounds);
		block_disks_stop(round < rounds && round == argument("wait", 0));
		if (round < rounds) {
			claim("disks connect again");
			block_disks_restart();
		}
	}
	claims_end();
}
