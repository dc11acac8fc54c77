/* SPDX-License-Identifier: MIT */
/* The answers of the reference kernel's small network stack: what is answered, and what is not. */
#include "unit.h"
#include "pv-drivers/kernel/net_echo.h"
#include "pv-drivers/kernel/net_ip.h"
#include "pv-drivers/net/offload.h"

#define OURS   2, 0, 0, 0, 0, 9
#define THEIRS 2, 0, 0, 0, 0, 1

static struct net_echo echo = {.mac = {OURS}, .address = {10, 0, 0, 2}};

static const uint8_t arp[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, THEIRS, 8,  6, 0, 1,
			      8,    0,    6,    4,    0,    1,    THEIRS, 10, 0, 0, 1,
			      0,    0,    0,    0,    0,    0,    10,     0,  0, 2};
static const uint8_t ping[] = {OURS, THEIRS, 8, 0,  0x45, 0, 0,   31,  0,   0, 0x40, 0, 64,
			       1,    0,      0, 10, 0,    0, 1,   10,  0,   0, 2,    8, 0,
			       0,    0,      0, 7,  0,    1, 'a', 'b', 'c', 0, 0 /* padding */};
static const uint8_t udp[] = {OURS, THEIRS, 8, 0, 0x45, 0,  0, 32, 0,   0,   0,   0,
			      64,   17,     0, 0, 10,   0,  0, 1,  10,  0,   0,   2,
			      0x12, 0x34,   0, 7, 0,    12, 0, 0,  'd', 'a', 't', 'a'};
static uint8_t packet[128];

static void checksum(uint8_t *at, size_t start, size_t end)
{
	memset(at, 0, 2);
	(void)net_csum_fill(packet, end, start, (size_t)(at - packet));
}

/* A packet with all of its checksums. */
static void make(const uint8_t *bytes, size_t count)
{
	struct net_headers h;

	memcpy(packet, bytes, count);
	if (packet[13] == 6) {
		return;
	}
	checksum(packet + 24, 14, 34);
	if (packet[23] == 1) {
		checksum(packet + 36, 34, 14 + 31);
	} else {
		assert_int_equal(net_headers_parse(packet, count, &h), 0);
		net_csum_blank(packet, count, &h);
		(void)net_csum_fill(packet, count, h.transport, h.checksum);
	}
}

static void test_arp(void **state)
{
	(void)state;
	make(arp, sizeof(arp));
	assert_int_equal(net_echo_answer(&echo, packet, 60), 42);
	assert_memory_equal(packet, ((uint8_t[]){THEIRS, OURS, 8,  6, 0, 1, 8,      0,  6, 4, 0,
						 2,      OURS, 10, 0, 0, 2, THEIRS, 10, 0, 0, 1}),
			    42);
	make(arp, sizeof(arp));
	packet[41] = 3; /* another's address */
	assert_int_equal(net_echo_answer(&echo, packet, 60), 0);
	make(arp, sizeof(arp));
	packet[21] = 2; /* an answer */
	assert_int_equal(net_echo_answer(&echo, packet, 60), 0);
	make(arp, sizeof(arp));
	packet[6] = 0xff; /* from a group */
	assert_int_equal(net_echo_answer(&echo, packet, 60), 0);
}

/* The answer is as long as the datagram, without what pads it to the shortest frame. */
static void test_ping(void **state)
{
	(void)state;
	make(ping, sizeof(ping));
	assert_int_equal(net_echo_answer(&echo, packet, sizeof(ping)), 45);
	assert_memory_equal(packet, ((uint8_t[]){THEIRS, OURS}), 12);
	assert_memory_equal(packet + 26, ((uint8_t[]){10, 0, 0, 2, 10, 0, 0, 1, 0, 0}), 10);
	assert_int_equal(net_sum(packet + 14, 20, 0), 0xffff);
	assert_int_equal(net_sum(packet + 34, 11, 0), 0xffff);
	assert_memory_equal(packet + 38, ping + 38, 7);
}

static void test_datagram(void **state)
{
	struct net_headers h;

	(void)state;
	make(udp, sizeof(udp));
	assert_int_equal(net_echo_answer(&echo, packet, sizeof(udp)), sizeof(udp));
	assert_memory_equal(packet + 34, ((uint8_t[]){0, 7, 0x12, 0x34}), 4);
	assert_int_equal(net_headers_parse(packet, sizeof(udp), &h), 0);
	assert_int_equal(
		net_sum(packet + 34, sizeof(udp) - 34, net_pseudo_sum(packet, sizeof(udp), &h)),
		0xffff);
	make(udp, sizeof(udp));
	packet[37] = 8; /* another port */
	assert_int_equal(net_echo_answer(&echo, packet, sizeof(udp)), 0);
	make(udp, sizeof(udp));
	packet[39] = 13; /* longer than its packet */
	assert_int_equal(net_echo_answer(&echo, packet, sizeof(udp)), 0);
}

/* Cut off anywhere, or with any one bit wrong, nothing outside of it is touched. */
static void test_wrong(void **state)
{
	static const struct {
		const uint8_t *bytes;
		size_t count;
	} kinds[] = {{arp, sizeof(arp)}, {ping, 45}, {udp, sizeof(udp)}};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		for (size_t bytes = 0; bytes < kinds[k].count; bytes++) {
			uint8_t *cut = malloc(bytes + !bytes);

			make(kinds[k].bytes, kinds[k].count);
			memcpy(cut, packet, bytes);
			assert_int_equal(net_echo_answer(&echo, cut, (uint32_t)bytes), 0);
			free(cut);
		}
		for (size_t bit = 0; bit < kinds[k].count * 8; bit++) {
			uint8_t *whole = malloc(kinds[k].count);

			make(kinds[k].bytes, kinds[k].count);
			memcpy(whole, packet, kinds[k].count);
			whole[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_true(net_echo_answer(&echo, whole, (uint32_t)kinds[k].count) <=
				    kinds[k].count);
			free(whole);
		}
	}
}

static void test_address(void **state)
{
	static const char *const wrong[] = {"",          "1.2.3",   "1.2.3.256", "1.2..4",
					    "1.2.3.4.5", "a.2.3.4", "1.2.3.4x",  "1.2.3.1234"};
	uint8_t address[4];

	(void)state;
	assert_true(net_address_read("192.168.100.20", address));
	assert_memory_equal(address, ((uint8_t[]){192, 168, 100, 20}), 4);
	assert_true(net_address_read("0.0.0.0 test=echo", address));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(net_address_read(wrong[i], address));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arp),      cmocka_unit_test(test_ping),
		cmocka_unit_test(test_datagram), cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
