/* SPDX-License-Identifier: MIT */
/*
 * Shared rings: both ends in lock step over counters that wrap around, a front end that asks for
 * every notification rule, and an other end that writes any counter whatever.
 */
#include "unit.h"
#include "common/ring.h"

enum { SLOT = 112, PAGE = 4096 };

static unsigned char page[PAGE] __attribute__((aligned(PAGE)));

/* Both ends of an empty ring whose counters stand at `at`. */
static void fresh(struct ring *front, struct ring *back, uint32_t at)
{
	memset(page, 0, sizeof(page));
	ring_front_init(front, page, PAGE, SLOT);
	front->req = front->rsp = at;
	front->shared->req_prod = front->shared->rsp_prod = at;
	front->shared->req_event = front->shared->rsp_event = at + 1;
	ring_back_init(back, page, PAGE, SLOT);
}

static void test_slots(void **state)
{
	(void)state;
	assert_int_equal(ring_slots(PAGE, SLOT), 32);
	assert_int_equal(ring_slots(16 * PAGE, SLOT), 512);
	assert_int_equal(ring_slots(PAGE, 12), 256);
	assert_int_equal(ring_slots(PAGE, 8), 256);
	assert_int_equal(ring_slots(PAGE, 4032), 1);
}

/* Requests and answers cross in every fill of the ring, over the wrap of the counters. */
static void test_what_is_put_is_taken(void **state)
{
	struct ring front, back;
	uint64_t sent = 0, seen = 0, answered = 0, heard = 0, value;
	uint32_t round, n;

	(void)state;
	fresh(&front, &back, UINT32_MAX - 2000);
	for (round = 0; round < 20000; round++) {
		for (n = random() % 33; n && ring_front_free(&front); n--) {
			ring_front_put(&front, &sent, sizeof(sent));
			sent++;
		}
		ring_front_push(&front);
		assert_int_equal(ring_back_available(&back), sent - seen);
		for (n = random() % 33; n && ring_back_available(&back); n--) {
			ring_back_take(&back, &value, sizeof(value));
			assert_int_equal(value, seen++);
		}
		for (n = random() % 33; n && answered < seen; n--) {
			value = ~answered++;
			ring_back_answer(&back, &value, sizeof(value));
		}
		ring_back_push(&back);
		assert_int_equal(ring_front_available(&front), answered - heard);
		for (n = random() % 33; n && ring_front_available(&front); n--) {
			ring_front_take(&front, &value, sizeof(value));
			assert_int_equal(value, ~heard++);
		}
	}
	assert_true(sent > 100000);
}

static void test_a_full_ring(void **state)
{
	struct ring front, back;
	uint64_t value = 7;
	uint32_t i;

	(void)state;
	fresh(&front, &back, UINT32_MAX - 15);
	for (i = 0; i < 32; i++) {
		assert_int_equal(ring_front_free(&front), 32 - i);
		ring_front_put(&front, &value, sizeof(value));
	}
	assert_int_equal(ring_front_free(&front), 0);
	assert_int_equal(ring_back_available(&back), 0);
	ring_front_push(&front);
	assert_int_equal(ring_back_available(&back), 32);
}

/* Notified exactly if the event that was asked for is among what is published. */
static void test_notification_rule(void **state)
{
	struct ring front, back;
	uint64_t value = 7;
	int32_t event, count, i;
	static const uint32_t starts[] = {0, 1000, UINT32_MAX - 3, UINT32_MAX};
	unsigned int s;

	(void)state;
	for (s = 0; s < 4; s++) {
		for (count = 0; count < 8; count++) {
			for (event = -8; event < 16; event++) {
				fresh(&front, &back, starts[s]);
				front.shared->req_event = starts[s] + (uint32_t)event;
				for (i = 0; i < count; i++) {
					ring_front_put(&front, &value, sizeof(value));
				}
				assert_int_equal(ring_front_push(&front),
						 event >= 1 && event <= count);
				back.shared->rsp_event = starts[s] + (uint32_t)event;
				for (i = 0; i < count; i++) {
					ring_back_take(&back, &value, sizeof(value));
					ring_back_answer(&back, &value, sizeof(value));
				}
				assert_int_equal(ring_back_push(&back),
						 event >= 1 && event <= count);
			}
		}
	}
}

static void test_nobody_sleeps_over_a_request(void **state)
{
	struct ring front, back;
	uint64_t value = 7;

	(void)state;
	fresh(&front, &back, UINT32_MAX);
	assert_true(ring_back_idle(&back));
	ring_front_put(&front, &value, sizeof(value));
	assert_true(ring_front_push(&front)); /* it slept: it is notified */
	assert_false(ring_back_idle(&back));  /* it looks again before it sleeps */
	ring_back_take(&back, &value, sizeof(value));
	assert_true(ring_front_idle(&front));
	ring_back_answer(&back, &value, sizeof(value));
	assert_true(ring_back_push(&back));
	assert_false(ring_front_idle(&front));
	ring_front_take(&front, &value, sizeof(value));
	assert_true(ring_front_idle(&front));
}

/* A front end may claim at most as many requests as there are slots without an answer. */
static void test_hostile_front_end(void **state)
{
	struct ring front, back;
	uint64_t value = 0;
	uint32_t taken, answered, i;
	int64_t claim;

	(void)state;
	for (taken = 0; taken <= 32; taken++) {
		for (answered = 0; answered <= taken; answered++) {
			fresh(&front, &back, UINT32_MAX - 10);
			back.shared->req_prod = back.req + taken;
			for (i = 0; i < taken; i++) {
				ring_back_take(&back, &value, sizeof(value));
			}
			for (i = 0; i < answered; i++) {
				ring_back_answer(&back, &value, sizeof(value));
			}
			for (claim = -70; claim <= 70; claim++) {
				bool is_sane = claim >= 0 && claim + (taken - answered) <= 32;

				back.shared->req_prod = back.req + (uint32_t)claim;
				assert_int_equal(ring_back_available(&back), is_sane ? claim : -1);
			}
		}
	}
	fresh(&front, &back, 5);
	for (i = 0; i < 100000; i++) {
		back.shared->req_prod = (uint32_t)random() * 3;
		assert_in_range(ring_back_available(&back) + 1, 0, 33);
	}
}

/* A back end that was restarted begins behind the last answer, wherever the guest says that is. */
static void test_hostile_answers_before_a_back_end(void **state)
{
	struct ring back;
	uint64_t value = 0;
	uint32_t i, n;

	(void)state;
	for (i = 0; i < 100000; i++) {
		memset(page, 0, sizeof(page));
		((struct ring_shared *)page)->rsp_prod = (uint32_t)random() * 3;
		((struct ring_shared *)page)->req_prod = (uint32_t)random() * 3;
		ring_back_init(&back, page, PAGE, SLOT);
		for (n = 0; ring_back_available(&back) > 0; n++) {
			assert_true(n < 32);
			ring_back_take(&back, &value, sizeof(value));
		}
	}
}

/* A back end may answer no more than was asked. */
static void test_hostile_back_end(void **state)
{
	struct ring front, back;
	uint64_t value = 7;
	uint32_t asked, i;
	int64_t claim;

	(void)state;
	for (asked = 0; asked <= 32; asked++) {
		fresh(&front, &back, UINT32_MAX - 10);
		for (i = 0; i < asked; i++) {
			ring_front_put(&front, &value, sizeof(value));
		}
		for (claim = -70; claim <= 70; claim++) {
			front.shared->rsp_prod = front.rsp + (uint32_t)claim;
			assert_int_equal(ring_front_available(&front),
					 claim >= 0 && claim <= asked ? claim : -1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_what_is_put_is_taken),
		cmocka_unit_test(test_a_full_ring),
		cmocka_unit_test(test_notification_rule),
		cmocka_unit_test(test_nobody_sleeps_over_a_request),
		cmocka_unit_test(test_hostile_front_end),
		cmocka_unit_test(test_hostile_answers_before_a_back_end),
		cmocka_unit_test(test_hostile_back_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
