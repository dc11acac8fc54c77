/* SPDX-License-Identifier: MIT */
/*
 * The record of a network ring's answers: back ends that are killed at any step, also among the
 * answers of a batch, under a front end whose packets have several slots. Each request has exactly
 * one answer, and no successor takes an answer for a request.
 */
#include "unit.h"

static void step(void);
#define RECORD_STEP() step()
#include "../../pv-drivers/backend/net_record.c"

enum { PAGE = 4096, PACKETS = 60000, PIECES = 3, PIECE_BYTES = 100 };

static unsigned char tx_page[PAGE] __attribute__((aligned(PAGE)));
static unsigned char rx_page[PAGE] __attribute__((aligned(PAGE)));
static struct net_record_ring kept;
static struct net_multicast multicast;
static struct ring front;
static jmp_buf death;
static int steps_left; /* until the kill; -1: none comes */
static uint32_t sent, answered, killed, written;

static void step(void)
{
	if (steps_left > 0 && --steps_left == 0) {
		steps_left = -1;
		longjmp(death, 1);
	}
}

/* A kill in net_back_answer(): some of a batch's answers are in the ring, and none is shown. */
static void write_some(void)
{
	struct ring ring;

	ring_back_init(&ring, tx_page, PAGE, sizeof(netif_tx_request_t));
	if (kept.count && kept.first == ring.rsp) {
		for (uint32_t n = (uint32_t)random() % (kept.count + 1), i = 0; i < n; i++) {
			ring_back_answer(&ring, kept.answers[i], sizeof(kept.answers[i]));
			written++;
		}
	}
}

/* Packets whose size needs all of their pieces; an answer's id is the counter of its request. */
static void front_turn(void)
{
	netif_tx_response_t answer;

	while (ring_front_available(&front)) {
		assert_true(ring_front_available(&front) > 0);
		ring_front_take(&front, &answer, sizeof(answer));
		assert_int_equal(answer.id, (uint16_t)answered++);
		assert_int_equal(answer.status, NETIF_RSP_OKAY);
	}
	for (uint32_t n = random() % 8; n && sent < PACKETS * PIECES; n--) {
		for (uint32_t i = 0; i < PIECES && ring_front_free(&front); i++) {
			netif_tx_request_t request = {
				.gref = 1000 + i,
				.id = (uint16_t)sent,
				.flags = i < PIECES - 1 ? NETTXF_more_data : 0,
				.size = i ? PIECE_BYTES : PIECES * PIECE_BYTES};

			if (!i && ring_front_free(&front) < PIECES) {
				break;
			}
			ring_front_put(&front, &request, sizeof(request));
			sent++;
		}
	}
	ring_front_push(&front);
}

static void back_turn(struct net_back *b)
{
	static struct net_batch batch;
	uint64_t allowance = random() % 4 ? UINT64_MAX : 1000;

	assert_int_equal(net_back_take(b, &batch, &allowance), 0);
	for (uint32_t i = 0; i < batch.slot_count; i++) {
		assert_int_equal(batch.slots[i].bytes, PIECE_BYTES);
		assert_int_equal(batch.slots[i].ref, 1000 + i % PIECES);
	}
	assert_int_equal(batch.entry_count * PIECES, batch.slot_count);
	step();
	(void)net_record_answer(&kept, &b->tx, &batch);
	step();
}

/* Sometimes far away, so that a successor comes to the end of a long batch. */
static int next_kill(int most_steps)
{
	return 1 + (int)(random() % (random() % 4 ? most_steps : 1000));
}

static void run(int most_steps)
{
	static struct net_back b;

	memset(tx_page, 0, sizeof(tx_page));
	sent = answered = killed = written = 0;
	steps_left = -1;
	ring_front_init(&front, tx_page, PAGE, sizeof(netif_tx_request_t));
	net_back_init(&b, tx_page, rx_page, &multicast);
	net_record_begin(&kept);
	if (setjmp(death)) {
		killed++;
		write_some();
		steps_left = next_kill(most_steps);
		net_back_init(&b, tx_page, rx_page, &multicast);
		net_record_resume(&kept, &b.tx);
	}
	steps_left = steps_left < 0 ? next_kill(most_steps) : steps_left;
	while (answered < PACKETS * PIECES) {
		front_turn();
		back_turn(&b);
	}
}

static void test_killed_at_any_step(void **state)
{
	(void)state;
	run(8);
	assert_true(killed > 300 && written > 1000);
	run(300);
	assert_true(killed > 5);
}

/* A record that cannot be of this ring is of no consequence, whoever wrote it. */
static void test_another_ring(void **state)
{
	struct net_back b;

	(void)state;
	steps_left = -1;
	memset(tx_page, 0, sizeof(tx_page));
	net_back_init(&b, tx_page, rx_page, &multicast);
	kept.first = 0;
	kept.count = b.tx.slot_count + 1;
	net_record_resume(&kept, &b.tx);
	assert_int_equal(b.tx.rsp, 0);
	kept.first = 5;
	kept.count = 1;
	net_record_resume(&kept, &b.tx);
	assert_int_equal(b.tx.rsp, 0);
	assert_int_equal(kept.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_at_any_step),
		cmocka_unit_test(test_another_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
