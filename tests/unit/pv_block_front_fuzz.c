/* SPDX-License-Identifier: MIT */
/*
 * A back end that writes into the ring what the fuzzer likes, against the block front end: whatever
 * it does, each request that was taken is over once, and all is given back.
 */
#include "fuzz.h"
#include <errno.h>

#include <xen/io/blkif.h>

#include "pv-drivers/block/front.h"
#include "pv_platform.h"

#define PATH "device/vbd/51712"
#define BACK "/local/domain/3/backend/vbd/5/51712"

enum { JOBS = 24, PIECES = 13, SLOTS = 32 };

static struct block_front front;
static uint8_t asked[SLOTS];
static struct job {
	struct block_request request;
	struct block_segment segments[PIECES];
	bool is_busy;
} jobs[JOBS];

static void changed(struct block_front *f)
{
	(void)f;
}

static void job_submit(struct job *j, unsigned int mix)
{
	j->request.op = (enum block_op)(mix % 5);
	j->request.sector = mix % 64;
	j->request.sector_count = 8;
	j->request.segment_count = 1 + mix % PIECES;
	j->is_busy = !block_submit(&front, 0, &j->request);
}

/* Every third one submits anew at once. */
static void done(struct block_request *r, int status)
{
	struct job *j = r->arg;

	FUZZ_CHECK(j->is_busy);
	FUZZ_CHECK(status == 0 || status == -EIO || status == -EOPNOTSUPP);
	j->is_busy = false;
	if ((j - jobs) % 3 == 0 && front.is_ready) {
		job_submit(j, (unsigned int)r->sector + 1);
	}
}

static void back(enum xenbus_state state)
{
	fake_store_set(BACK "/state", "%d", state);
	fake_run();
}

static void start(bool is_persistent)
{
	static const char *const offers[] = {"flush-cache", "barrier", "discard"};
	const struct block_options options = {.queues = 1};

	fake_store_set(PATH "/backend", BACK);
	fake_store_set(PATH "/backend-id", "%d", FAKE_BACK_ID);
	fake_store_set(BACK "/sectors", "4096");
	fake_store_set(BACK "/feature-max-indirect-segments", "16");
	fake_store_set(BACK "/feature-persistent", "%d", is_persistent);
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), BACK "/feature-%s", offers[i]);
		fake_store_set(path, "1");
	}
	for (struct job *j = jobs; j < jobs + JOBS; j++) {
		*j = (struct job){.request = {.segments = j->segments, .done = done, .arg = j}};
		for (unsigned int i = 0; i < PIECES; i++) {
			j->segments[i].page = platform_pages(1);
			j->segments[i].bytes = 512;
		}
	}
	FUZZ_CHECK(!block_start(&front, PATH, &options, changed));
	back(XenbusStateInitWait);
	back(XenbusStateConnected);
	FUZZ_CHECK(front.is_ready);
}

static uint8_t byte(const uint8_t **data, const uint8_t *end)
{
	return *data < end ? *(*data)++ : 0;
}

/* What was asked under each id. */
static void requests_take(struct ring *peer)
{
	struct blkif_request r;

	peer->rsp = peer->shared->rsp_prod;
	while (ring_back_available(peer) > 0) {
		ring_back_take(peer, &r, sizeof(r));
		asked[r.id % SLOTS] = r.operation;
	}
}

/* Some answers, most of them to what may have been asked, and the counter moved on. */
static void scribble(struct ring *r, const uint8_t **data, const uint8_t *end)
{
	uint8_t how = byte(data, end), count = how & 15;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t which = byte(data, end), status = byte(data, end);
		struct blkif_response answer = {
			.id = which & 127,
			.operation = which & 128 ? status >> 4 : asked[which % SLOTS],
			.status = (int16_t)(status % 4 - 2),
		};

		memcpy(ring_slot(r, r->shared->rsp_prod + i), &answer, sizeof(answer));
	}
	r->shared->rsp_prod += how & 128 ? byte(data, end) : count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const uint8_t *end = data + bytes;
	struct ring peer;

	fake_reset();
	start(byte(&data, end) & 1);
	ring_back_init(&peer, front.queues[0].shared.pages, PLATFORM_PAGE_BYTES,
		       sizeof(struct blkif_request));
	while (data < end && front.is_ready) {
		for (struct job *j = jobs; j < jobs + JOBS; j++) {
			if (!j->is_busy) {
				job_submit(j, byte(&data, end));
			}
		}
		block_push(&front, 0);
		requests_take(&peer);
		scribble(&front.queues[0].ring, &data, end);
		fake_port_event(front.queues[0].port);
	}
	block_stop(&front);
	back(XenbusStateClosed);
	for (struct job *j = jobs; j < jobs + JOBS; j++) {
		FUZZ_CHECK(!j->is_busy);
		for (unsigned int i = 0; i < PIECES; i++) {
			platform_pages_free(j->segments[i].page, 1);
		}
	}
	fake_reset();
	return 0;
}
