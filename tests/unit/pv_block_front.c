/* SPDX-License-Identifier: MIT */
/*
 * The block front end against a back end that the test plays: it does what it is asked on a disk in
 * memory, offers much or little, and in the second half answers as none should.
 */
#include "unit.h"

#include <xen/io/blkif.h>

#include "pv-drivers/block/front.h"
#include "pv_platform.h"

#define PATH "device/vbd/51712"
#define BACK "/local/domain/3/backend/vbd/5/51712"

enum { SECTORS = 256, JOBS = 40, PIECES = 32 };

static struct block_front front;
static unsigned char disk[SECTORS * BLOCK_SECTOR_BYTES];
static struct ring rings[BLOCK_QUEUES];
static unsigned int changes;

static struct job {
	struct block_request request;
	struct block_segment segments[PIECES];
	int status;
	unsigned int done;
} jobs[JOBS];

static void changed(struct block_front *f)
{
	assert_ptr_equal(f, &front);
	changes++;
}

static void done(struct block_request *r, int status)
{
	struct job *j = r->arg;

	j->status = status;
	j->done++;
}

/* --- The back end --- */

static void back(enum xenbus_state state)
{
	fake_store_set(BACK "/state", "%d", state);
	fake_run();
}

static enum xenbus_state front_state(void)
{
	return (enum xenbus_state)fake_store_number(PATH "/state");
}

static evtchn_port_t port_of(unsigned int queue)
{
	char path[64];

	snprintf(path, sizeof(path),
		 front.queue_count > 1 ? PATH "/queue-%u/event-channel" : PATH "/event-channel",
		 queue);
	return (evtchn_port_t)fake_store_number(path);
}

/* The pages are in a row in this process, so the first one's address is the ring's. */
static void ring_attach(unsigned int queue, unsigned int pages)
{
	char path[64];

	if (front.queue_count > 1) {
		snprintf(path, sizeof(path), PATH "/queue-%u/ring-ref%s", queue,
			 pages > 1 ? "0" : "");
	} else {
		snprintf(path, sizeof(path), PATH "/ring-ref%s", pages > 1 ? "0" : "");
	}
	ring_back_init(&rings[queue], fake_grant_page(fake_store_number(path), true),
		       pages * PLATFORM_PAGE_BYTES, sizeof(struct blkif_request));
}

/* Moves the data of one request. */
static void segments_move(uint8_t operation, uint64_t sector,
			  const struct blkif_request_segment *seg, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		size_t bytes = (seg[i].last_sect - seg[i].first_sect + 1u) * BLOCK_SECTOR_BYTES;
		unsigned char *page = fake_grant_page(seg[i].gref, operation == BLKIF_OP_READ);
		unsigned char *at = disk + sector * BLOCK_SECTOR_BYTES;

		assert_non_null(page);
		page += seg[i].first_sect * BLOCK_SECTOR_BYTES;
		assert_true(sector * BLOCK_SECTOR_BYTES + bytes <= sizeof(disk));
		if (operation == BLKIF_OP_READ) {
			memcpy(page, at, bytes);
		} else {
			memcpy(at, page, bytes);
		}
		sector += bytes / BLOCK_SECTOR_BYTES;
	}
}

static void answer(unsigned int queue, uint64_t id, uint8_t operation, int16_t status)
{
	struct blkif_response r = {id, operation, status};

	ring_back_answer(&rings[queue], &r, sizeof(r));
	ring_back_push(&rings[queue]);
}

/* Takes the next request; its data is moved if it has any. */
static struct blkif_request serve(unsigned int queue)
{
	struct blkif_request r;
	struct blkif_request_indirect indirect;

	assert_true(ring_back_available(&rings[queue]) > 0);
	ring_back_take(&rings[queue], &r, sizeof(r));
	assert_int_equal(r.handle == 51712 || r.operation == BLKIF_OP_INDIRECT, 1);
	if (r.operation == BLKIF_OP_INDIRECT) {
		memcpy(&indirect, &r, sizeof(indirect));
		assert_int_equal(indirect.handle, 51712);
		segments_move(indirect.indirect_op, indirect.sector_number,
			      fake_grant_page(indirect.indirect_grefs[0], false),
			      indirect.nr_segments);
	} else if (r.operation <= BLKIF_OP_WRITE_BARRIER) {
		segments_move(r.operation, r.sector_number, r.seg, r.nr_segments);
	}
	return r;
}

/* Serves all that waits. */
static unsigned int serve_all(unsigned int queue)
{
	unsigned int count = 0;

	while (ring_back_available(&rings[queue]) > 0) {
		struct blkif_request r = serve(queue);

		answer(queue, r.id, r.operation, BLKIF_RSP_OKAY);
		count++;
	}
	assert_int_equal(ring_back_available(&rings[queue]), 0);
	fake_port_event(port_of(queue));
	return count;
}

/* --- The kernel --- */

static struct job *job_fill(unsigned int index, enum block_op op, uint64_t sector,
			    unsigned int pieces, unsigned int bytes, unsigned int offset)
{
	struct job *j = &jobs[index];

	j->request = (struct block_request){.op = op,
					    .sector = sector,
					    .segments = j->segments,
					    .segment_count = pieces,
					    .done = done,
					    .arg = j};
	j->done = 0;
	for (unsigned int i = 0; i < pieces; i++) {
		if (!j->segments[i].page) {
			j->segments[i].page = platform_pages(1);
		}
		j->segments[i].offset = (uint16_t)offset;
		j->segments[i].bytes = (uint16_t)bytes;
	}
	return j;
}

static int submit(unsigned int queue, struct job *j)
{
	int rc = block_submit(&front, queue, &j->request);

	block_push(&front, queue);
	return rc;
}

/* One request from beginning to end. */
static int ask(enum block_op op, uint64_t sector, unsigned int pieces, unsigned int bytes,
	       unsigned int offset)
{
	struct job *j = job_fill(0, op, sector, pieces, bytes, offset);
	int rc = submit(0, j);

	if (rc) {
		return rc;
	}
	assert_int_equal(serve_all(0), 1);
	assert_int_equal(j->done, 1);
	return j->status;
}

static void start(struct block_options options, unsigned int ring_pages, unsigned int queues)
{
	assert_int_equal(block_start(&front, PATH, &options, changed), 0);
	back(XenbusStateInitWait);
	assert_int_equal(front_state(), XenbusStateInitialised);
	assert_int_equal(front.queue_count, queues);
	for (unsigned int i = 0; i < queues; i++) {
		ring_attach(i, ring_pages);
	}
	assert_false(front.is_ready);
	back(XenbusStateConnected);
	assert_int_equal(front_state(), XenbusStateConnected);
	assert_true(front.is_ready);
}

static void start_simple(void)
{
	start((struct block_options){.queues = 1}, 1, 1);
}

static int setup(void **state)
{
	static const char *const offers[] = {"flush-cache", "barrier", "discard"};

	(void)state;
	fake_reset();
	changes = 0;
	memset(jobs, 0, sizeof(jobs));
	for (size_t i = 0; i < sizeof(disk); i++) {
		disk[i] = (unsigned char)(i * 31 >> 3);
	}
	fake_store_set(PATH "/backend", BACK);
	fake_store_set(PATH "/backend-id", "%d", FAKE_BACK_ID);
	fake_store_set(BACK "/sectors", "%d", SECTORS);
	fake_store_set(BACK "/sector-size", "512");
	fake_store_set(BACK "/feature-max-indirect-segments", "64");
	for (size_t i = 0; i < 3; i++) {
		char path[64];

		snprintf(path, sizeof(path), BACK "/feature-%s", offers[i]);
		fake_store_set(path, "1");
	}
	return 0;
}

static int setup_persistent(void **state)
{
	setup(state);
	fake_store_set(BACK "/feature-persistent", "1");
	return 0;
}

/* Whatever happened, everything is given back, and each request was answered once. */
static int teardown(void **state)
{
	(void)state;
	block_stop(&front);
	back(XenbusStateClosed);
	assert_true(front.device.is_closed);
	for (struct job *j = jobs; j < jobs + JOBS; j++) {
		assert_true(j->done <= 1);
		for (unsigned int i = 0; i < PIECES; i++) {
			if (j->segments[i].ref) {
				block_buffer_put(&j->segments[i]);
			} else if (j->segments[i].page) {
				platform_pages_free(j->segments[i].page, 1);
			}
		}
	}
	fake_reset();
	return 0;
}

/* --- Done right --- */

/* Data through each of the ways: pages lent, copied, and granted for good. */
static void test_data(void **state)
{
	struct job *j;

	(void)state;
	start_simple();
	for (unsigned int pieces = 1; pieces <= PIECES; pieces = pieces * 2 + 1) {
		j = job_fill(0, BLOCK_READ, 3, pieces, 1024, 512);
		memset(j->segments[0].page, 0, PLATFORM_PAGE_BYTES);
		assert_int_equal(ask(BLOCK_READ, 3, pieces, 1024, 512), 0);
		for (unsigned int i = 0; i < pieces; i++) {
			assert_memory_equal(j->segments[i].page + 512, disk + 3 * 512 + i * 1024,
					    1024);
		}
		assert_int_equal(j->segments[0].page[0], 0);
		memset(j->segments[pieces - 1].page, (int)pieces, PLATFORM_PAGE_BYTES);
		assert_int_equal(ask(BLOCK_WRITE, 9, pieces, 1024, 512), 0);
		assert_int_equal(disk[9 * 512 + pieces * 1024 - 1], pieces);
	}
	for (unsigned int i = 0; i < PIECES; i++) {
		assert_int_equal(block_buffer_get(&front, &jobs[1].segments[i]), 0);
	}
	j = job_fill(1, BLOCK_READ, 0, PIECES, 4096, 0);
	assert_int_equal(submit(0, j), 0);
	assert_int_equal(serve_all(0), 1);
	assert_memory_equal(j->segments[31].page, disk + 31 * 4096, 4096);
}

static void test_orders(void **state)
{
	struct job *j;

	(void)state;
	start_simple();
	assert_int_equal(ask(BLOCK_FLUSH, 0, 0, 0, 0), 0);
	assert_int_equal(ask(BLOCK_BARRIER, 0, 1, 512, 0), 0);
	j = job_fill(0, BLOCK_DISCARD, 16, 0, 0, 0);
	j->request.sector_count = 8;
	assert_int_equal(submit(0, j), 0);
	assert_int_equal(serve(0).operation, BLKIF_OP_DISCARD);
	answer(0, 0, BLKIF_OP_DISCARD, BLKIF_RSP_EOPNOTSUPP);
	fake_port_event(port_of(0));
	assert_int_equal(j->status, -EOPNOTSUPP);
	assert_int_equal(submit(0, j), -EOPNOTSUPP); /* asked once */
	assert_true(front.info.has_flush && front.info.has_barrier && front.is_ready);
}

static void test_limits(void **state)
{
	(void)state;
	fake_store_set(BACK "/sector-size", "4096");
	start_simple();
	assert_int_equal(ask(BLOCK_READ, SECTORS - 8, 1, 4096, 0), 0);
	assert_int_equal(ask(BLOCK_READ, SECTORS, 1, 4096, 0), -EINVAL);
	assert_int_equal(ask(BLOCK_READ, SECTORS - 8, 2, 4096, 0), -EINVAL);
	assert_int_equal(ask(BLOCK_READ, UINT64_MAX - 7, 2, 4096, 0), -EINVAL);
	assert_int_equal(ask(BLOCK_READ, 1, 1, 4096, 0), -EINVAL);
	assert_int_equal(ask(BLOCK_READ, 0, 1, 512, 0), -EINVAL);
	assert_int_equal(ask(BLOCK_READ, 0, 1, 4096, 512), -EINVAL);
	assert_int_equal(ask(BLOCK_READ, 0, 1, 100, 0), -EINVAL);
	assert_int_equal(ask(BLOCK_READ, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(submit(1, job_fill(0, BLOCK_READ, 0, 1, 4096, 0)), -ENODEV);
}

static void test_read_only(void **state)
{
	(void)state;
	fake_store_set(BACK "/info", "%d", VDISK_READONLY | VDISK_CDROM);
	start_simple();
	assert_true(front.info.is_cdrom);
	assert_int_equal(ask(BLOCK_WRITE, 0, 1, 512, 0), -EROFS);
	assert_int_equal(ask(BLOCK_READ, 0, 1, 512, 0), 0);
}

/* Several queues with rings of several pages, filled to the brim. */
static void test_queues(void **state)
{
	(void)state;
	fake_store_set(BACK "/max-ring-page-order", "1");
	fake_store_set(BACK "/multi-queue-max-queues", "3");
	start((struct block_options){.queues = 9, .ring_order = 4}, 2, 3);
	assert_int_equal(fake_store_number(PATH "/ring-page-order"), 1);
	assert_int_equal(fake_store_number(PATH "/multi-queue-num-queues"), 3);
	assert_int_equal(front.queues[2].ring.slot_count, 64);
	for (unsigned int i = 0; i < JOBS; i++) {
		assert_int_equal(submit(i % 3, job_fill(i, BLOCK_READ, i, 1, 512, 0)), 0);
	}
	assert_int_equal(serve_all(0) + serve_all(1) + serve_all(2), JOBS);
	for (unsigned int i = 0; i < JOBS; i++) {
		assert_memory_equal(jobs[i].segments[0].page, disk + i * 512, 512);
	}
}

/* The ring is full, the grants are used up: later, and nothing is lost. */
static void test_full(void **state)
{
	unsigned int i = 0;
	int rc;

	(void)state;
	start_simple();
	while (!(rc = submit(0, job_fill(i, BLOCK_READ, i, 1, 512, 0)))) {
		i++;
	}
	assert_int_equal(rc, -EAGAIN);
	assert_int_equal(i, 32);
	assert_int_equal(serve_all(0), 32);
	fake_grant_limit(fake_grant_count() + 3);
	assert_int_equal(submit(0, job_fill(0, BLOCK_READ, 0, 4, 512, 0)), -EAGAIN);
	fake_grant_limit(1000);
	assert_int_equal(ask(BLOCK_READ, 0, 4, 512, 0), 0);
}

/* The back end is woken when it sleeps, and only then. */
static void test_notifications(void **state)
{
	(void)state;
	start_simple();
	submit(0, job_fill(0, BLOCK_READ, 0, 1, 512, 0));
	assert_int_equal(fake_port_notified(port_of(0)), 1);
	submit(0, job_fill(1, BLOCK_READ, 0, 1, 512, 0));
	assert_int_equal(fake_port_notified(port_of(0)), 0);
	assert_int_equal(serve_all(0), 2);
	assert_true(ring_back_idle(&rings[0]));
	submit(0, job_fill(2, BLOCK_READ, 0, 1, 512, 0));
	assert_int_equal(fake_port_notified(port_of(0)), 1);
}

static void test_resize(void **state)
{
	(void)state;
	start_simple();
	fake_store_set(BACK "/sectors", "8");
	back(XenbusStateConnected);
	assert_int_equal(front.info.sectors, 8);
	assert_int_equal(ask(BLOCK_READ, 8, 1, 512, 0), -EINVAL);
	fake_store_set(BACK "/sectors", "much");
	back(XenbusStateConnected);
	assert_false(front.is_ready);
	assert_int_equal(front_state(), XenbusStateClosing);
}

/* The back end goes with a request in flight, and a page of it still mapped. */
static void test_back_end_goes(void **state)
{
	grant_ref_t held;
	struct job *j;

	(void)state;
	start_simple();
	submit(0, job_fill(0, BLOCK_READ, 0, 1, 512, 0));
	submit(0, j = job_fill(1, BLOCK_READ, 0, 1, 512, 0));
	held = j->segments[0].lent_ref;
	if (!front.is_persistent) {
		fake_grant_map(held, true);
	}
	back(XenbusStateClosing);
	assert_int_equal(front_state(), XenbusStateClosed);
	assert_int_equal(jobs[0].status, -EIO);
	assert_int_equal(jobs[0].done + jobs[1].done, 2);
	assert_int_equal(submit(0, job_fill(2, BLOCK_READ, 0, 1, 512, 0)), -ENODEV);
	if (fake_grant_count()) {
		assert_int_equal(j->status, -EBUSY);
		fake_grant_map(held, false);
		assert_int_equal(platform_grant_end(held), 0);
	}
}

static void test_odd_disks(void **state)
{
	static const char *const odd[][2] = {{"sector-size", "513"},
					     {"sector-size", "0"},
					     {"sector-size", "8192"},
					     {"sectors", ""},
					     {"sectors", "36028797018963968"}};
	char path[64], good[2][16] = {"512", "256"};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		snprintf(path, sizeof(path), BACK "/%s", odd[i][0]);
		fake_store_set(path, "%s", odd[i][1]);
		assert_int_equal(block_start(&front, PATH, &(struct block_options){0}, changed), 0);
		back(XenbusStateInitWait);
		back(XenbusStateConnected);
		assert_int_equal(front_state(), XenbusStateClosing);
		assert_false(front.is_ready);
		block_stop(&front);
		back(XenbusStateClosed);
		fake_store_set(path, "%s", good[i / 3]);
	}
	back(XenbusStateInitialising);
	start_simple();
}

/* --- Done wrong --- */

/* What the front end does with an answer that is none: it parts, and the request fails. */
static void refused(const char *why)
{
	fake_port_event(port_of(0));
	assert_false(front.is_ready);
	assert_int_equal(jobs[0].done, 0);
	fake_run();
	assert_non_null(strstr(fake_said(), why));
	assert_int_equal(front_state(), XenbusStateClosing);
	assert_int_equal(jobs[0].done, 1);
	assert_int_equal(jobs[0].status, -EIO);
}

static void asked_one(void)
{
	start_simple();
	assert_int_equal(submit(0, job_fill(0, BLOCK_WRITE, 0, 1, 512, 0)), 0);
	serve(0);
}

static void test_unknown_id(void **state)
{
	(void)state;
	asked_one();
	answer(0, 1, BLKIF_OP_WRITE, 0);
	refused("what nobody asked");
}

static void test_huge_id(void **state)
{
	(void)state;
	asked_one();
	answer(0, 1ull << 32, BLKIF_OP_WRITE, 0);
	refused("what nobody asked");
}

static void test_other_operation(void **state)
{
	(void)state;
	asked_one();
	answer(0, 0, BLKIF_OP_READ, 0);
	refused("another operation");
}

static void test_too_many_answers(void **state)
{
	(void)state;
	asked_one();
	rings[0].shared->rsp_prod = 2;
	refused("more answers than requests");
}

static void test_answer_before_request(void **state)
{
	(void)state;
	asked_one();
	rings[0].shared->rsp_prod = 0xffffffff;
	refused("more answers than requests");
}

static void test_double_answer(void **state)
{
	(void)state;
	start_simple();
	submit(0, job_fill(0, BLOCK_READ, 0, 1, 512, 0));
	submit(0, job_fill(1, BLOCK_READ, 0, 1, 512, 0));
	serve(0);
	serve(0);
	answer(0, 1, BLKIF_OP_READ, 0);
	answer(0, 1, BLKIF_OP_READ, 0);
	refused("what nobody asked");
	assert_int_equal(jobs[1].done, 1);
	assert_int_equal(jobs[1].status, 0);
}

static void test_odd_status(void **state)
{
	(void)state;
	asked_one();
	answer(0, 0, BLKIF_OP_WRITE, 77);
	fake_port_event(port_of(0));
	assert_int_equal(jobs[0].status, -EIO);
	assert_true(front.is_ready);
}

/* It answers and keeps the page: the page is not the kernel's any more, and the disk is given up.
 */
static void test_page_kept(void **state)
{
	grant_ref_t held;

	(void)state;
	asked_one();
	held = jobs[0].segments[0].lent_ref;
	fake_grant_map(held, true);
	answer(0, 0, BLKIF_OP_WRITE, 0);
	fake_port_event(port_of(0));
	assert_int_equal(jobs[0].status, -EBUSY);
	fake_run();
	assert_int_equal(front_state(), XenbusStateClosing);
	fake_grant_map(held, false);
	assert_int_equal(platform_grant_end(held), 0);
}

/* Answers of random bytes, 100000 times: each ends in a request that is over, or in the end. */
static void test_random(void **state)
{
	uint64_t x = 1;

	(void)state;
	for (unsigned int round = 0; round < 300; round++) {
		setup(state);
		start_simple();
		for (unsigned int i = 0; i < 20; i++) {
			submit(0, job_fill(i, (enum block_op)(i % 2), i, 1 + i % 12, 512, 0));
			serve(0);
		}
		for (unsigned int i = 0; i < 400 && front.is_ready; i++) {
			x = x * 6364136223846793005ull + 1442695040888963407ull;
			for (struct job *j = jobs; i % 8 == 0 && j < jobs + 20; j++) {
				if (j->done) {
					j->done = 0;
					submit(0, j);
				}
			}
			answer(0, x >> 33 & 31, (uint8_t)(x >> 40 & (round % 2 ? 1 : 7)),
			       (int16_t)(x >> 60));
			fake_port_event(port_of(0));
		}
		fake_run();
		if (round + 1 < 300) {
			teardown(state);
		}
	}
}

#define BOTH(test)                                              \
	cmocka_unit_test_setup_teardown(test, setup, teardown), \
		cmocka_unit_test_setup_teardown(test, setup_persistent, teardown)
#define ONE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_data),
		BOTH(test_orders),
		BOTH(test_limits),
		ONE(test_read_only),
		BOTH(test_queues),
		ONE(test_full),
		ONE(test_notifications),
		ONE(test_resize),
		BOTH(test_back_end_goes),
		ONE(test_odd_disks),
		BOTH(test_unknown_id),
		ONE(test_huge_id),
		ONE(test_other_operation),
		ONE(test_too_many_answers),
		ONE(test_answer_before_request),
		BOTH(test_double_answer),
		ONE(test_odd_status),
		ONE(test_page_kept),
		ONE(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
