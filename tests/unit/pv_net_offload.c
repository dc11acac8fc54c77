/* SPDX-License-Identifier: MIT */
/*
 * Headers and checksums: packets of every kind that can leave something to be done, each cut off at
 * every length, lest anything is read behind the end; and the bucket that limits the rate.
 */
#include "unit.h"
#include "pv-drivers/net/offload.h"
#include "pv-drivers/net/rate.h"

struct packet {
	const char *name;
	size_t bytes, ip, transport, checksum, payload; /* transport: 0: it is not understood */
	uint8_t data[128];
};

#define MACS   2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2
#define TAG    0x81, 0, 0, 5
#define V4     8, 0
#define V6     0x86, 0xdd
#define ADDRV4 192, 168, 0, 1, 192, 168, 0, 2
#define ADDRV6                                                                                    \
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
		0, 0, 0, 2
#define UDP 0, 7, 0, 9, 0, 12, 0, 0, 'd', 'a', 't', 'a'
#define TCP 0, 7, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0x60, 0x18, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 'd'

static const struct packet packets[] = {
	{"udp4",
	 46,
	 14,
	 34,
	 40,
	 42,
	 {MACS, V4, 0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 17, 0, 0, ADDRV4, UDP}},
	{"tcp4",
	 59,
	 14,
	 34,
	 50,
	 58,
	 {MACS, V4, 0x45, 0, 0, 45, 0, 0, 0, 0, 64, 6, 0, 0, ADDRV4, TCP}},
	{"options", 50, 14, 38, 44, 46, {MACS, V4, 0x46, 0, 0,      36, 0, 0, 0, 0,
					 64,   17, 0,    0, ADDRV4, 1,  1, 1, 0, UDP}},
	{"two tags",
	 54,
	 22,
	 42,
	 48,
	 50,
	 {MACS, TAG, TAG, V4, 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, ADDRV4, UDP}},
	{"udp6", 66, 14, 54, 60, 62, {MACS, V6, 0x60, 0, 0, 0, 0, 12, 17, 64, ADDRV6, UDP}},
	{"tcp6", 79, 14, 54, 70, 78, {MACS, V6, 0x60, 0, 0, 0, 0, 25, 6, 64, ADDRV6, TCP}},
	{"hops6", 74, 14, 62, 68, 70, {MACS,   V6, 0x60, 0, 0, 0, 0, 20, 0, 64,
				       ADDRV6, 17, 0,    1, 4, 0, 0, 0,  0, UDP}},
	{"fragment",
	 46,
	 0,
	 0,
	 0,
	 0,
	 {MACS, V4, 0x45, 0, 0, 32, 0, 0, 0x20, 0, 64, 17, 0, 0, ADDRV4, UDP}},
	{"icmp", 46, 0, 0, 0, 0, {MACS, V4, 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 1, 0, 0, ADDRV4, UDP}},
	{"arp", 46, 0, 0, 0, 0, {MACS, 8, 6, 0x45}},
	{"not 4",
	 46,
	 0,
	 0,
	 0,
	 0,
	 {MACS, V4, 0x55, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, ADDRV4, UDP}},
	{"short header",
	 46,
	 0,
	 0,
	 0,
	 0,
	 {MACS, V4, 0x44, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, ADDRV4, UDP}},
	{"fragment6", 74, 0, 0, 0, 0, {MACS,   V6, 0x60, 0, 0, 0, 0, 20, 44, 64,
				       ADDRV6, 17, 0,    1, 4, 0, 0, 0,  0,  UDP}},
};

static void test_parse(void **state)
{
	struct net_headers h;

	(void)state;
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		const struct packet *p = &packets[i];
		int result = net_headers_parse(p->data, p->bytes, &h);

		if (result != (p->transport ? 0 : -EINVAL)) {
			fail_msg("%s", p->name);
		}
		if (p->transport) {
			assert_int_equal(h.ip, p->ip);
			assert_int_equal(h.transport, p->transport);
			assert_int_equal(h.checksum, p->checksum);
			assert_int_equal(h.payload, p->payload);
		}
	}
}

/* Each packet at each length below that of its headers, in memory of just that length. */
static void test_parse_cut_off(void **state)
{
	struct net_headers h;

	(void)state;
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		for (size_t bytes = 0; bytes < packets[i].payload; bytes++) {
			uint8_t *cut = malloc(bytes ? bytes : 1);

			memcpy(cut, packets[i].data, bytes);
			assert_int_equal(net_headers_parse(cut, bytes, &h), -EINVAL);
			free(cut);
		}
	}
}

/* Chains of headers in IPv6 end, even where each one points to a next. */
static void test_parse_endless(void **state)
{
	uint8_t data[512] = {MACS, V6, 0x60, 0, 0, 0, 0, 20, 0, 64, ADDRV6};
	struct net_headers h;

	(void)state;
	assert_int_equal(net_headers_parse(data, sizeof(data), &h), -EINVAL);
	data[54 + 1] = 255;
	data[54] = 17;
	assert_int_equal(net_headers_parse(data, sizeof(data), &h), -EINVAL);
}

/* A checksum that was left blank and filled in verifies: the sum over all is all ones. */
static void test_checksum(void **state)
{
	(void)state;
	for (size_t i = 0; packets[i].transport; i++) {
		uint8_t data[128];
		struct net_headers h;
		size_t bytes = packets[i].bytes;

		memcpy(data, packets[i].data, bytes);
		assert_int_equal(net_headers_parse(data, bytes, &h), 0);
		net_csum_blank(data, bytes, &h);
		assert_int_equal(net_csum_fill(data, bytes, h.transport, h.checksum), 0);
		assert_int_equal(net_sum(data + h.transport, bytes - h.transport,
					 net_pseudo_sum(data, bytes, &h)),
				 0xffff);
	}
}

/* RFC 1071's example, an odd byte at the end, and a packet whose sum comes to 0. */
static void test_sum(void **state)
{
	static const uint8_t example[] = {0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7};
	uint8_t zero[] = {0xff, 0xff, 0, 0};

	(void)state;
	assert_int_equal(net_sum(example, 8, 0), 0xddf2);
	assert_int_equal(net_sum(example, 3, 0), 0xf201);
	assert_int_equal(net_csum_fill(zero, 4, 0, 2), 0);
	assert_int_equal(zero[2] << 8 | zero[3], 0xffff);
	assert_int_equal(net_csum_fill(zero, 4, 5, 6), -EINVAL);
	assert_int_equal(net_csum_fill(zero, 4, 2, 1), -EINVAL);
	assert_int_equal(net_csum_fill(zero, 4, 0, 3), -EINVAL);
}

/* However often it is filled, what comes in within 100 s is the rate times 100 s. */
static uint64_t bytes_in_100_s(uint64_t rate, uint64_t step_ns)
{
	struct net_rate r;
	uint64_t sent = 0;

	net_rate_init(&r, rate, 5);
	sent += r.allowance;
	r.allowance = 0;
	for (uint64_t now = 0; now <= 100 * NET_RATE_SECOND_NS; now += step_ns) {
		net_rate_fill(&r, 5 + now);
		sent += r.allowance;
		r.allowance = 0;
	}
	return sent - r.burst;
}

static void test_rate(void **state)
{
	struct net_rate r;

	(void)state;
	assert_in_range(bytes_in_100_s(1000, 70000), 99999, 100000);
	assert_in_range(bytes_in_100_s(12500000, 100000), 1249999998, 1250000000);
	assert_in_range(bytes_in_100_s(50000, 1300000000), 4900000, 5000000);
	net_rate_init(&r, 1000000, 0);
	net_rate_fill(&r, 3600 * NET_RATE_SECOND_NS);
	assert_int_equal(r.allowance, r.burst);
	r.allowance = 500;
	assert_int_equal(net_rate_wait_ns(&r, 500), 0);
	assert_int_equal(net_rate_wait_ns(&r, 1500), 1000001);
	net_rate_init(&r, 0, 0);
	net_rate_fill(&r, 1);
	assert_int_equal(r.allowance, UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),         cmocka_unit_test(test_parse_cut_off),
		cmocka_unit_test(test_parse_endless), cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_sum),           cmocka_unit_test(test_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
