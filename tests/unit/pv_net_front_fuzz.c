/* SPDX-License-Identifier: MIT */
/*
 * A back end that writes into the rings what the fuzzer likes, against the front end: whatever it
 * does, what is received fits, the front end goes on or gives the device up, and gives all back.
 */
#include "fuzz.h"
#include "pv_net_peer.h"

static unsigned char got[NET_PACKET_MAX];

/* Responses filled from the input, and the counter moved on, mostly by as many. */
static void scribble(struct ring *r, const uint8_t **data, const uint8_t *end)
{
	uint8_t how = *data < end ? *(*data)++ : 0;
	uint32_t count = how & 15;

	for (uint32_t i = 0; i < count; i++) {
		size_t bytes = (size_t)(end - *data);

		bytes = bytes < r->slot_bytes ? bytes : r->slot_bytes;
		memcpy(ring_slot(r, r->shared->rsp_prod + i), *data, bytes);
		*data += bytes;
	}
	r->shared->rsp_prod += how & 128 ? how & 127 : count;
}

static void turn(const uint8_t **data, const uint8_t *end)
{
	struct net_packet p = {.bytes = 60};
	struct net_queue *q = &front.queues[0];

	for (int i = 0; i < 12 && !net_send(&front, 0, &p, got); i++) {
		p.bytes += 900;
	}
	net_push(&front, 0);
	if (front.is_ready) {
		scribble(&q->tx, data, end);
		scribble(&q->rx, data, end);
	}
	for (int i = 0; i < 40 && net_receive(&front, 0, &p, got, 9000) == 1; i++) {
		FUZZ_CHECK(p.bytes >= NET_PACKET_MIN && p.bytes <= 9000);
		FUZZ_CHECK(!p.gso_type == !p.gso_bytes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const uint8_t *end = data + bytes;

	peer_setup(NULL);
	peer_connect(&(struct net_options){.queues = 1, .tx_buffers = 16, .rx_buffers = 8});
	while (data < end && front.is_ready) {
		turn(&data, end);
	}
	if (front.is_ready) {
		FUZZ_CHECK(front.queues[0].tx_free <= 16);
		FUZZ_CHECK(front.queues[0].rx.req - front.queues[0].rx.rsp == 8);
	}
	fake_run();
	peer_teardown(NULL);
	return 0;
}
