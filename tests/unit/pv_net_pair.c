/* SPDX-License-Identifier: MIT */
/*
 * Front end against back end, in memory: random packets on several queues in both directions, of
 * every size, with and without what is left to be done on them. Each arrives once, whole and in
 * order; now and then the back end dies and another one takes over.
 */
#include "pv_net_peer.h"
#include "pv-drivers/net/back.h"

enum { QUEUES = 2, PACKETS = 4000 };

static struct net_back backs[QUEUES];
static struct net_multicast multicast;
static struct net_batch batch;
static unsigned char data[NET_PACKET_MAX], got[NET_PACKET_MAX];

/* What the two ends of a direction of a queue are at. */
static struct flow {
	uint32_t sent, received;
} to_back[QUEUES], to_front[QUEUES];

static uint32_t pick(uint32_t n)
{
	return (uint32_t)random() % n;
}

/* The packet of that number in that flow; its bytes tell who it is, to the last one. */
static struct net_packet make(uint32_t flow, uint32_t number, unsigned char *bytes)
{
	static const uint32_t sizes[] = {14, 60, 1514, 4095, 4096, 4097, 9014, 20000, 65535};
	uint32_t x = flow * 7919 + number * 104729;
	struct net_packet p = {.bytes = sizes[x % 9]};

	if (p.bytes > 1514 && x % 5 < 3) {
		p.gso_type = (uint8_t)(1 + x % 2);
		p.gso_bytes = (uint16_t)(1000 + x % 400);
	}
	p.is_csum_blank = p.gso_type || x % 3 == 0;
	p.is_validated = p.is_csum_blank || x % 7 == 0;
	for (uint32_t i = 0; i < p.bytes; i++) {
		bytes[i] = (unsigned char)(x + i * 31 + i / 253);
	}
	return p;
}

static void expect_packet(uint32_t flow, uint32_t number, const struct net_packet *p)
{
	struct net_packet want = make(flow, number, data);

	assert_int_equal(p->bytes, want.bytes);
	assert_int_equal(p->gso_type, want.gso_type);
	assert_int_equal(p->gso_bytes, want.gso_bytes);
	assert_int_equal(p->is_csum_blank, want.is_csum_blank);
	assert_int_equal(p->is_validated, want.is_validated);
	assert_memory_equal(got, data, want.bytes);
}

/* Copies the pieces of a packet between the guest's pages and a buffer. */
static void copy(const struct net_entry *e, unsigned char *bytes, bool to_guest)
{
	for (uint32_t i = 0; i < e->slot_count; i++) {
		const struct net_slot *s = &batch.slots[e->slot_first + i];
		unsigned char *page;

		if (!s->bytes) {
			continue;
		}
		page = fake_grant_page(s->ref, to_guest);
		assert_non_null(page);
		if (to_guest) {
			memcpy(page + s->offset, bytes, s->bytes);
		} else {
			memcpy(bytes, page + s->offset, s->bytes);
		}
		bytes += s->bytes;
	}
}

static void attach(uint32_t queue)
{
	char tx[64], rx[64];

	snprintf(tx, sizeof(tx), PATH "/queue-%u/tx-ring-ref", queue);
	snprintf(rx, sizeof(rx), PATH "/queue-%u/rx-ring-ref", queue);
	net_back_init(&backs[queue], peer_ring(tx), peer_ring(rx), &multicast);
}

static void front_send(uint32_t q)
{
	struct net_packet p = make(q, to_back[q].sent, data);
	int rc = net_send(&front, q, &p, data);

	assert_true(rc == 0 || rc == -EAGAIN);
	to_back[q].sent += !rc;
	if (rc || pick(3) == 0) {
		net_push(&front, q);
	}
}

static void back_take(uint32_t q)
{
	uint64_t allowance = pick(4) ? UINT64_MAX : 100000;

	assert_int_equal(net_back_take(&backs[q], &batch, &allowance), 0);
	if (pick(50) == 0) {
		attach(q); /* as if it had died here: the packets are there again */
		return;
	}
	for (uint32_t i = 0; i < batch.entry_count; i++) {
		copy(&batch.entries[i], got, false);
		expect_packet(q, to_back[q].received++, &batch.entries[i].packet);
	}
	net_back_answer(&backs[q].tx, &batch);
	net_back_is_idle(&backs[q]);
}

static void back_send(uint32_t q)
{
	uint32_t was_sent = to_front[q].sent;
	int rc;

	batch.slot_count = batch.entry_count = 0;
	for (int i = pick(5); i >= 0; i--) {
		struct net_packet p = make(QUEUES + q, to_front[q].sent, data);

		rc = net_back_place(&backs[q], &batch, &p);
		if (rc) {
			assert_int_equal(rc, -EAGAIN);
			break;
		}
		copy(&batch.entries[batch.entry_count - 1], data, true);
		to_front[q].sent++;
	}
	if (pick(50) == 0) {
		to_front[q].sent = was_sent;
		attach(q);
		return;
	}
	net_back_answer(&backs[q].rx, &batch);
}

static void front_receive(uint32_t q)
{
	struct net_packet p;

	while (net_receive(&front, q, &p, got, sizeof(got)) == 1) {
		expect_packet(QUEUES + q, to_front[q].received++, &p);
	}
	assert_true(front.is_ready);
}

static void test_both_ways(void **state)
{
	static void (*const steps[])(uint32_t) = {front_send, back_take, back_send, front_receive};

	(void)state;
	srandom(4711);
	peer_connect(&(struct net_options){
		.queues = QUEUES, .tx_buffers = 64, .rx_buffers = 32, .has_gso = true});
	attach(0);
	attach(1);
	for (int i = 0; i < PACKETS; i++) {
		steps[pick(4)](pick(QUEUES));
	}
	for (uint32_t q = 0; q < QUEUES; q++) {
		net_push(&front, q);
		while (to_back[q].received != to_back[q].sent) {
			back_take(q);
		}
		front_receive(q);
		assert_int_equal(to_front[q].received, to_front[q].sent);
		assert_true(to_back[q].sent > PACKETS / 20 && to_front[q].sent > PACKETS / 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_both_ways, peer_setup, peer_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
