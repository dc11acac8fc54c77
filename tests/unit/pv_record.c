/* SPDX-License-Identifier: MIT */
/*
 * The record of requests in flight: back ends that are killed at any step, again and again, under a
 * front end that counts its answers. Each request has exactly one.
 */
#include "unit.h"

static void step(void);
#define RECORD_STEP() step()
#include "../../pv-drivers/backend/record.c"

enum { PAGE = 4096, REQUESTS = 60000, HELD_MAX = 32 };

static unsigned char page[PAGE] __attribute__((aligned(PAGE)));
static struct record_queue kept;
static jmp_buf death;
static int steps_left; /* until the kill; -1: none comes */
static uint8_t answers[REQUESTS];
static struct ring front;
static uint32_t sent, done_count, killed;

static void step(void)
{
	if (steps_left > 0 && --steps_left == 0) {
		steps_left = -1;
		longjmp(death, 1);
	}
}

static void front_turn(void)
{
	struct blkif_request request = {.operation = BLKIF_OP_READ};
	struct blkif_response answer;
	uint32_t n;

	while (ring_front_available(&front)) {
		assert_true(ring_front_available(&front) > 0);
		ring_front_take(&front, &answer, sizeof(answer));
		assert_true(answer.id < sent);
		assert_int_equal(answers[answer.id]++, 0);
		done_count++;
	}
	for (n = random() % 33; n && sent < REQUESTS && ring_front_free(&front); n--) {
		request.id = sent++;
		ring_front_put(&front, &request, sizeof(request));
	}
	ring_front_push(&front);
}

struct back {
	struct ring ring;
	struct recorder recorder;
	struct {
		uint16_t slot;
		uint64_t id;
	} held[HELD_MAX];
	uint32_t held_count;
};

/* Takes some, and answers some in any order. */
static void back_turn(struct back *b)
{
	struct blkif_request raw;
	struct blkif_response answer = {0};
	uint32_t n, pick;

	assert_true(record_available(&b->recorder, &b->ring) >= 0);
	for (n = random() % 20; n && record_available(&b->recorder, &b->ring); n--) {
		b->held[b->held_count].slot = record_take(&b->recorder, &b->ring, &raw);
		b->held[b->held_count++].id = raw.id;
	}
	for (n = random() % 20; n && b->held_count; n--) {
		pick = random() % b->held_count;
		answer.id = b->held[pick].id;
		/* What it was is forgotten first: a kill may come before it is answered. */
		uint16_t slot = b->held[pick].slot;
		b->held[pick] = b->held[--b->held_count];
		record_answer(&b->recorder, &b->ring, slot, &answer);
	}
}

static void successor(struct back *b)
{
	b->held_count = 0;
	ring_back_init(&b->ring, page, PAGE, sizeof(struct blkif_request));
	assert_true(record_resume(&b->recorder, &kept, &b->ring));
}

static void run(uint32_t start, int most_steps)
{
	static struct back b;

	memset(page, 0, sizeof(page));
	memset(answers, 0, sizeof(answers));
	memset(&kept, 0xff, sizeof(kept));
	sent = done_count = killed = 0;
	steps_left = -1;
	ring_front_init(&front, page, PAGE, sizeof(struct blkif_request));
	front.req = front.rsp = front.shared->req_prod = front.shared->rsp_prod = start;
	front.shared->req_event = front.shared->rsp_event = start + 1;
	ring_back_init(&b.ring, page, PAGE, sizeof(struct blkif_request));
	record_begin(&b.recorder, &kept, &b.ring);
	b.held_count = 0;
	if (setjmp(death)) {
		killed++;
		/* The successor itself may be killed while it takes over. */
		steps_left = 1 + random() % most_steps;
		successor(&b);
	}
	steps_left = steps_left < 0 ? 1 + random() % most_steps : steps_left;
	while (done_count < REQUESTS) {
		front_turn();
		back_turn(&b);
	}
}

static void test_killed_at_any_step(void **state)
{
	(void)state;
	run(0, 10);
	assert_true(killed > 1000);
	run(UINT32_MAX - 30000, 60);
	assert_true(killed > 1000);
	run(7, 3000);
	assert_true(killed > 20);
}

/* Of a ring of another size, or of none, there is nothing to take up. */
static void test_another_ring(void **state)
{
	static struct recorder r;
	struct ring ring;

	(void)state;
	steps_left = -1;
	memset(&kept, 0, sizeof(kept));
	memset(page, 0, sizeof(page));
	ring_back_init(&ring, page, PAGE, sizeof(struct blkif_request));
	assert_false(record_resume(&r, &kept, &ring));
	record_begin(&r, &kept, &ring);
	assert_true(record_resume(&r, &kept, &ring));
	ring.slot_count = 64;
	assert_false(record_resume(&r, &kept, &ring));
	ring.slot_count = 32;
	kept.taken = kept.answered + 33;
	assert_false(record_resume(&r, &kept, &ring));
}

/* The guest writes any counter of answers before the successor comes. */
static void test_guest_lies_about_answers(void **state)
{
	static struct recorder r;
	struct blkif_request raw;
	struct ring ring;
	int i;

	(void)state;
	steps_left = -1;
	for (i = 0; i < 2000; i++) {
		memset(page, 0, sizeof(page));
		ring_back_init(&ring, page, PAGE, sizeof(struct blkif_request));
		record_begin(&r, &kept, &ring);
		ring.shared->req_prod = 5;
		while (record_available(&r, &ring)) {
			record_take(&r, &ring, &raw);
		}
		ring.shared->rsp_prod = (uint32_t)random() % 8 - 4;
		ring_back_init(&ring, page, PAGE, sizeof(struct blkif_request));
		assert_true(record_resume(&r, &kept, &ring));
		assert_int_equal(record_available(&r, &ring), 5);
		assert_int_equal(ring.rsp, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_at_any_step),
		cmocka_unit_test(test_another_ring),
		cmocka_unit_test(test_guest_lies_about_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
