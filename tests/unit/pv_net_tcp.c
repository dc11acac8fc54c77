/* SPDX-License-Identifier: MIT */
/*
 * The reference kernel's TCP: two ends of it talk through a link that may lose packets, and wrong
 * segments change nothing.
 */
#include "unit.h"
#include "pv-drivers/kernel/net_tcp.h"
#include "pv-drivers/net/offload.h"

enum { ROOM = 65535, CALLER_PORT = 4000, PORT = 7000, HEADS = NET_IP_PAYLOAD + 20 };

static const struct net_end ends[2] = {{{2, 0, 0, 0, 0, 1}, {10, 0, 0, 1}},
				       {{2, 0, 0, 0, 0, 2}, {10, 0, 0, 2}}};
static struct net_tcp caller, called;
static uint8_t packet[ROOM];
static uint32_t seed, lost, largest;

static uint32_t chance(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static void start(uint32_t number)
{
	net_tcp_call(&caller, &ends[0], &ends[1], CALLER_PORT, PORT, number);
	net_tcp_listen(&called, &ends[1], PORT, ~number);
}

/* All that one end sends arrives at the other, but one in so many; how many there were. */
static uint32_t carry(struct net_tcp *from, struct net_tcp *to, uint32_t one_in)
{
	struct net_tcp_segment s;
	uint32_t count = 0;

	while ((s = net_tcp_make(from, packet, ROOM - HEADS)).packet_bytes) {
		uint8_t *whole = malloc(s.packet_bytes); /* so that a read behind it is seen */

		memcpy(whole, packet, s.packet_bytes);
		net_tcp_sent(from, &s);
		largest = s.packet_bytes > largest ? s.packet_bytes : largest;
		if (one_in && !chance(one_in)) {
			lost++;
		} else {
			assert_true(net_tcp_take(to, whole, s.packet_bytes));
		}
		free(whole);
		count++;
	}
	return count;
}

static void connect_both(uint32_t one_in)
{
	for (uint32_t i = 0; i < 100 && called.state != NET_TCP_OPEN; i++) {
		carry(&caller, &called, one_in);
		carry(&called, &caller, one_in);
		net_tcp_again(&caller);
		net_tcp_again(&called);
	}
	carry(&caller, &called, 0);
}

/* Until so many bytes arrived. */
static void talk(uint32_t one_in, uint64_t until)
{
	for (uint32_t i = 0; i < 100000 && called.arrived < until; i++) {
		uint32_t count = carry(&caller, &called, one_in);

		if (!(count + carry(&called, &caller, one_in))) {
			net_tcp_again(&caller);
			net_tcp_again(&called);
		}
	}
}

static void test_open(void **state)
{
	(void)state;
	for (uint32_t number = 0; number < 3; number++) {
		start(number * 0x7fffffffu);
		assert_int_equal(carry(&caller, &called, 0), 1);
		assert_int_equal(called.state, NET_TCP_OPENING);
		assert_memory_equal(&called.peer, &ends[0], sizeof(ends[0]));
		assert_int_equal(called.peer_port, CALLER_PORT);
		assert_int_equal(carry(&called, &caller, 0), 1);
		assert_int_equal(caller.state, NET_TCP_OPEN);
		assert_int_equal(carry(&caller, &called, 0), 1);
		assert_int_equal(called.state, NET_TCP_OPEN);
		assert_int_equal(carry(&caller, &called, 0) + carry(&called, &caller, 0), 0);
	}
}

static void test_stream(void **state)
{
	const uint64_t bytes = 5000000;

	(void)state;
	start(0xffff0000u); /* numbers run over */
	largest = 0;
	connect_both(0);
	memset(packet, 's', sizeof(packet)); /* a SYN's options lie where payload is now */
	caller.limit += bytes;
	talk(0, bytes);
	assert_int_equal(called.arrived, bytes);
	assert_int_equal(called.first_arrived, 's');
	assert_int_equal(caller.acked, caller.limit);
	assert_in_range(largest, 60000, ROOM);
	called.limit++; /* and a byte back */
	carry(&called, &caller, 0);
	assert_int_equal(caller.arrived, 1);
}

/* What is lost is sent again, whatever it was. */
static void test_loss(void **state)
{
	(void)state;
	lost = 0;
	for (seed = 1; seed < 200; seed++) {
		const uint64_t bytes = 300000;
		uint32_t first = seed;

		start(seed);
		connect_both(3);
		caller.limit += bytes;
		talk(3, bytes);
		assert_int_equal(called.arrived, bytes);
		seed = first;
	}
	assert_in_range(lost, 199, UINT32_MAX);
}

static void test_window(void **state)
{
	(void)state;
	start(1);
	connect_both(0);
	caller.limit += 1000000;
	caller.window = 100000;
	while (carry(&caller, &called, 0)) {
	}
	assert_in_range(caller.sent - caller.acked, 1, 100000);
	caller.window = 0;
	assert_int_equal(net_tcp_make(&caller, packet, ROOM - HEADS).packet_bytes, 0);
}

static void test_reset(void **state)
{
	uint32_t bytes;

	(void)state;
	start(1);
	connect_both(0);
	bytes = net_tcp_reset(&caller, packet);
	assert_true(net_tcp_take(&called, packet, bytes));
	assert_int_equal(called.state, NET_TCP_OVER);
	assert_int_equal(net_tcp_make(&called, packet, 100).packet_bytes, 0);
	assert_int_equal(net_tcp_make(&caller, packet, 100).packet_bytes, 0);
}

/* Packets of others, cut ones, and bytes of chance: whatever is taken lies inside. */
static void test_wrong(void **state)
{
	struct net_tcp_segment s;

	(void)state;
	start(1);
	s = net_tcp_make(&caller, packet, 100);
	packet[NET_IP_PAYLOAD + 3]++; /* another port */
	assert_false(net_tcp_take(&called, packet, s.packet_bytes));
	for (seed = 1; seed < 20000; seed++) {
		uint32_t first = seed, bytes = NET_IP_PAYLOAD + chance(60), i = chance(40);
		uint8_t *whole = malloc(bytes);

		start(1);
		if (seed % 2) {
			connect_both(0);
		}
		/* A good header of IP, so that what is behind it is looked at. */
		net_ip_make(packet, &ends[0], &ends[1], NET_PROTOCOL_TCP, bytes - NET_IP_PAYLOAD);
		memcpy(whole, packet, bytes);
		while (i < bytes - NET_IP_PAYLOAD) {
			whole[NET_IP_PAYLOAD + i++] = (uint8_t)chance(256);
		}
		net_tcp_take(&called, whole, bytes);
		assert_true((int32_t)(called.sent - called.acked) >= 0);
		assert_true((int32_t)(called.limit - called.sent) >= 0);
		free(whole);
		seed = first;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),  cmocka_unit_test(test_stream),
		cmocka_unit_test(test_loss),  cmocka_unit_test(test_window),
		cmocka_unit_test(test_reset), cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
