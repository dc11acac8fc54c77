/* SPDX-License-Identifier: MIT */
/*
 * The network back end's engine against a scripted guest: packets of every shape are described as
 * the guest meant them; of wrong ones, those are answered with an error that are wrong in
 * themselves, and the ring is given up where Linux's back end gives it up.
 */
#include "unit.h"
#include "pv-drivers/net/back.h"

static _Alignas(4096) unsigned char tx_page[4096], rx_page[4096];
static struct ring tx, rx; /* the guest's side */
static struct net_back back;
static struct net_batch batch;
static struct net_multicast multicast;
static uint64_t allowance;

static int setup(void **state)
{
	(void)state;
	memset(tx_page, 0, sizeof(tx_page));
	memset(rx_page, 0, sizeof(rx_page));
	memset(&multicast, 0, sizeof(multicast));
	memset(&batch, 0, sizeof(batch));
	ring_front_init(&tx, tx_page, sizeof(tx_page), sizeof(netif_tx_request_t));
	ring_front_init(&rx, rx_page, sizeof(rx_page), sizeof(netif_rx_request_t));
	net_back_init(&back, tx_page, rx_page, &multicast);
	allowance = UINT64_MAX;
	return 0;
}

static void put(uint16_t offset, uint16_t size, uint16_t flags)
{
	netif_tx_request_t request = {
		.gref = 100 + tx.req, .offset = offset, .flags = flags, .id = tx.req, .size = size};

	ring_front_put(&tx, &request, sizeof(request));
}

static void put_extra(uint8_t type, uint8_t flags, uint16_t gso_bytes, uint8_t gso_type)
{
	netif_extra_info_t extra = {.type = type, .flags = flags};

	extra.u.gso.size = gso_bytes;
	extra.u.gso.type = gso_type;
	ring_front_put(&tx, &extra, sizeof(extra));
}

static void put_multicast(uint8_t type, uint8_t last)
{
	netif_extra_info_t extra = {.type = type, .u.mcast.addr = {1, 0, 0x5e, 0, 0, last}};

	put(0, 0, NETTXF_extra_info);
	ring_front_put(&tx, &extra, sizeof(extra));
}

/* A packet of one first piece of 100 bytes and so many more of 10 each. */
static void put_chain(uint32_t more)
{
	put(0, 100 + more * 10, more ? NETTXF_more_data : 0);
	while (more--) {
		put(0, 10, more ? NETTXF_more_data : 0);
	}
}

static int take(void)
{
	ring_front_push(&tx);
	return net_back_take(&back, &batch, &allowance);
}

/* Answers the batch and returns how many of each status the guest finds. */
struct answers {
	int okay, error, null;
};

static struct answers answer(void)
{
	struct answers a = {0};
	netif_tx_response_t response;

	net_back_answer(&back.tx, &batch);
	while (ring_front_available(&tx)) {
		uint32_t id = tx.rsp;

		ring_front_take(&tx, &response, sizeof(response));
		if (response.status != NETIF_RSP_NULL) {
			assert_int_equal(response.id, (uint16_t)id);
		}
		a.okay += response.status == NETIF_RSP_OKAY;
		a.error += response.status == NETIF_RSP_ERROR;
		a.null += response.status == NETIF_RSP_NULL;
	}
	return a;
}

static void expect_answers(int okay, int error, int null)
{
	struct answers a = answer();

	assert_int_equal(a.okay, okay);
	assert_int_equal(a.error, error);
	assert_int_equal(a.null, null);
}

static void test_one_piece(void **state)
{
	(void)state;
	put(16, 60, 0);
	put(32, 61, NETTXF_csum_blank | NETTXF_data_validated);
	assert_int_equal(take(), 0);
	assert_int_equal(batch.entry_count, 2);
	assert_int_equal(batch.slot_count, 2);
	assert_int_equal(batch.entries[0].packet.bytes, 60);
	assert_false(batch.entries[0].packet.is_csum_blank);
	assert_int_equal(batch.slots[0].ref, 100);
	assert_int_equal(batch.slots[0].offset, 16);
	assert_int_equal(batch.slots[0].bytes, 60);
	assert_int_equal(batch.entries[1].slot_first, 1);
	assert_true(batch.entries[1].packet.is_csum_blank);
	assert_true(batch.entries[1].packet.is_validated);
	expect_answers(2, 0, 0);
	assert_true(net_back_is_idle(&back));
}

/* The first piece's size is what the others leave; extras have slots, but no bytes. */
static void test_chain_with_gso(void **state)
{
	(void)state;
	put(4000, 96 + 4096 + 7, NETTXF_more_data | NETTXF_extra_info | NETTXF_csum_blank);
	put_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE, 0, 0);
	put_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, 1448, XEN_NETIF_GSO_TYPE_TCPV6);
	put(0, 4096, NETTXF_more_data);
	put(4089, 7, 0);
	assert_int_equal(take(), 0);
	assert_int_equal(batch.entry_count, 1);
	assert_int_equal(batch.entries[0].slot_count, 5);
	assert_int_equal(batch.entries[0].packet.bytes, 96 + 4096 + 7);
	assert_int_equal(batch.entries[0].packet.gso_bytes, 1448);
	assert_int_equal(batch.entries[0].packet.gso_type, XEN_NETIF_GSO_TYPE_TCPV6);
	assert_int_equal(batch.slots[0].bytes, 96);
	assert_int_equal(batch.slots[1].bytes, 0);
	assert_int_equal(batch.slots[2].bytes, 0);
	assert_int_equal(batch.slots[3].bytes, 4096);
	assert_int_equal(batch.slots[4].bytes, 7);
	expect_answers(3, 0, 2);
}

/* Up to 18 requests behind the first one are right, 19 and 20 are too many, 21 an attack. */
static void test_length_of_chain(void **state)
{
	(void)state;
	put_chain(18);
	put_chain(19);
	put_chain(20);
	put_chain(0);
	assert_int_equal(take(), 0);
	assert_int_equal(batch.entry_count, 2);
	assert_int_equal(batch.entries[0].slot_count, 19);
	assert_int_equal(batch.entries[1].slot_first, 19 + 20 + 21);
	for (uint32_t i = 19; i < 19 + 20 + 21; i++) {
		assert_int_equal(batch.slots[i].bytes, 0);
	}
	expect_answers(20, 41, 0);
	put_chain(21);
	assert_int_equal(take(), -EPROTO);
	assert_non_null(back.broken);
}

/* What is wrong in itself is answered with errors, and what follows is taken. */
static void test_wrong_packets(void **state)
{
	(void)state;
	put(0, 13, 0);                /* no Ethernet header */
	put(0, 20, NETTXF_more_data); /* one that the second piece leaves too little of */
	put(0, 7, 0);
	put(0, 4000, NETTXF_more_data); /* pieces of more than the whole: 64 KiB overflowed */
	put(0, 4000, NETTXF_more_data);
	put(0, 4000, NETTXF_more_data);
	put(0, 4000, 0);
	put(4090, 4096, NETTXF_more_data | NETTXF_extra_info); /* nothing left for the first */
	put_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, 0, 0);
	put(0, 4096, 0);
	put(0, 60, 0);
	assert_int_equal(take(), 0);
	assert_int_equal(batch.entry_count, 1);
	assert_int_equal(batch.entries[0].slot_first, 10);
	expect_answers(1, 9, 1);
}

struct broken {
	void (*script)(void);
	const char *says;
};

static void script_piece_crosses(void)
{
	put(0, 200, NETTXF_more_data);
	put(4000, 97, 0);
}

static void script_dropped_piece_crosses(void)
{
	put(0, 20, NETTXF_more_data);
	put(0, 100, NETTXF_more_data);
	put(0xffff, 2, 0);
}

static void script_first_crosses(void)
{
	put(4000, 97, 0);
}

static void script_first_crosses_with_more(void)
{
	put(0, 4200, NETTXF_more_data);
	put(0, 100, 0);
	put(0, 5000, NETTXF_more_data);
	put(0, 100, 0);
}

static void script_no_more(void)
{
	put(0, 200, NETTXF_more_data);
}

static void script_no_extra(void)
{
	put(0, 60, NETTXF_extra_info);
}

static void script_no_second_extra(void)
{
	put(0, 60, NETTXF_extra_info);
	put_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE, 0, 0);
}

static void script_extra_type_0(void)
{
	put(0, 60, NETTXF_extra_info);
	put_extra(0, 0, 0, 0);
}

static void script_extra_type_6(void)
{
	put(0, 60, NETTXF_extra_info);
	put_extra(5, XEN_NETIF_EXTRA_FLAG_MORE, 0, 0);
	put_extra(6, 0, 0, 0);
}

static void script_gso_bytes_0(void)
{
	put(0, 60, NETTXF_extra_info);
	put_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, 0, XEN_NETIF_GSO_TYPE_TCPV4);
}

static void script_gso_type_0(void)
{
	put(0, 60, NETTXF_extra_info);
	put_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, 1000, 0);
}

static void script_gso_type_3(void)
{
	put(0, 60, NETTXF_extra_info);
	put_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, 1000, 3);
}

static void script_too_many(void)
{
	tx.req += NET_SLOTS + 1;
}

static void script_backwards(void)
{
	tx.req--;
}

static void test_broken_rings(void **state)
{
	static const struct broken scripts[] = {
		{script_piece_crosses, "crosses"},
		{script_dropped_piece_crosses, "crosses"},
		{script_first_crosses, "first piece"},
		{script_first_crosses_with_more, "first piece"},
		{script_no_more, "did not come"},
		{script_no_extra, "did not come"},
		{script_no_second_extra, "did not come"},
		{script_extra_type_0, "no known type"},
		{script_extra_type_6, "no known type"},
		{script_gso_bytes_0, "no bytes"},
		{script_gso_type_0, "no known type"},
		{script_gso_type_3, "no known type"},
		{script_too_many, "impossible"},
		{script_backwards, "impossible"},
	};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		setup(state);
		put(0, 60, 0);
		assert_int_equal(take(), 0);
		answer();
		scripts[i].script();
		assert_int_equal(take(), -EPROTO);
		assert_non_null(strstr(back.broken, scripts[i].says));
	}
}

static void test_full_ring(void **state)
{
	(void)state;
	for (int turn = 0; turn < 3; turn++) {
		for (int i = 0; i < NET_SLOTS; i++) {
			put(0, 60, 0);
		}
		assert_int_equal(take(), 0);
		assert_int_equal(batch.entry_count, NET_SLOTS);
		expect_answers(NET_SLOTS, 0, 0);
	}
}

static bool wants(uint8_t first, uint8_t last)
{
	uint8_t address[6] = {first, 0, 0x5e, 0, 0, last};

	return net_multicast_wants(&multicast, address);
}

static void test_multicast(void **state)
{
	static const uint8_t everyone[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	(void)state;
	put_multicast(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 1);
	put_multicast(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 2);
	put_multicast(XEN_NETIF_EXTRA_TYPE_MCAST_DEL, 1);
	put_multicast(XEN_NETIF_EXTRA_TYPE_MCAST_DEL, 9);
	assert_int_equal(take(), 0);
	assert_int_equal(batch.entry_count, 0);
	expect_answers(4, 0, 4);
	assert_true(wants(1, 1)); /* not asked to filter */
	multicast.is_active = true;
	assert_false(wants(1, 1));
	assert_true(wants(1, 2));
	assert_true(wants(0, 7));
	assert_true(net_multicast_wants(&multicast, everyone));
	for (int i = 0; i < NET_MULTICAST_MAX; i++) {
		put_multicast(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 100 + i);
	}
	assert_int_equal(take(), 0);
	expect_answers(NET_MULTICAST_MAX - 1, 1, NET_MULTICAST_MAX);
}

/* A packet that there is no allowance for stays in the ring, whole. */
static void test_allowance(void **state)
{
	(void)state;
	allowance = 250;
	put_chain(0);
	put(0, 130, NETTXF_more_data);
	put(0, 20, 0);
	put_chain(1);
	assert_int_equal(take(), 0);
	assert_int_equal(batch.entry_count, 2);
	assert_int_equal(allowance, 20);
	assert_int_equal(back.beyond_bytes, 110);
	answer();
	assert_int_equal(take(), 0);
	assert_int_equal(batch.slot_count, 0);
	allowance = 110;
	assert_int_equal(take(), 0);
	assert_int_equal(batch.entry_count, 1);
	assert_int_equal(allowance, 0);
	assert_int_equal(back.beyond_bytes, 0);
	expect_answers(2, 0, 0);
}

/* What was taken and not answered is found by the next back end. */
static void test_takeover(void **state)
{
	(void)state;
	put_chain(2);
	assert_int_equal(take(), 0);
	answer();
	put_chain(3);
	put_chain(0);
	assert_int_equal(take(), 0);
	net_back_init(&back, tx_page, rx_page, &multicast);
	assert_int_equal(take(), 0);
	assert_int_equal(batch.entry_count, 2);
	assert_int_equal(batch.entries[0].slot_count, 4);
	expect_answers(5, 0, 0);
}

static void test_failed_copy(void **state)
{
	(void)state;
	put_chain(2);
	assert_int_equal(take(), 0);
	net_back_fail_tx(&batch.slots[1]);
	expect_answers(2, 1, 0);
}

static void give_buffers(int count)
{
	while (count--) {
		netif_rx_request_t request = {.id = rx.req & 0xff, .gref = 500 + rx.req};

		ring_front_put(&rx, &request, sizeof(request));
	}
}

static int place(uint32_t bytes, uint8_t gso_type, bool is_blank, bool is_validated)
{
	struct net_packet p = {.bytes = bytes,
			       .gso_type = gso_type,
			       .gso_bytes = gso_type ? 1448 : 0,
			       .is_csum_blank = is_blank,
			       .is_validated = is_validated};

	return net_back_place(&back, &batch, &p);
}

static void expect_response(uint16_t flags, int16_t status)
{
	netif_rx_response_t response;
	uint16_t id = rx.rsp & 0xff;

	assert_true(ring_front_available(&rx) > 0);
	ring_front_take(&rx, &response, sizeof(response));
	assert_int_equal(response.id, id);
	assert_int_equal(response.offset, 0);
	assert_int_equal(response.flags, flags);
	assert_int_equal(response.status, status);
}

static void test_place(void **state)
{
	netif_extra_info_t extra;

	(void)state;
	give_buffers(6);
	ring_front_push(&rx);
	assert_int_equal(place(60, 0, false, true), 0);
	assert_int_equal(place(8193, XEN_NETIF_GSO_TYPE_TCPV4, true, false), 0);
	assert_int_equal(batch.entry_count, 2);
	assert_int_equal(batch.entries[1].slot_count, 4);
	assert_int_equal(batch.slots[1].ref, 501);
	assert_int_equal(batch.slots[1].bytes, 4096);
	assert_int_equal(batch.slots[2].bytes, 0);
	assert_int_equal(batch.slots[4].bytes, 1);
	net_back_answer(&back.rx, &batch);
	expect_response(NETRXF_data_validated, 60);
	expect_response(NETRXF_csum_blank | NETRXF_data_validated | NETRXF_extra_info |
				NETRXF_more_data,
			4096);
	ring_front_take(&rx, &extra, sizeof(extra));
	assert_int_equal(extra.type, XEN_NETIF_EXTRA_TYPE_GSO);
	assert_int_equal(extra.flags, 0);
	assert_int_equal(extra.u.gso.size, 1448);
	assert_int_equal(extra.u.gso.type, XEN_NETIF_GSO_TYPE_TCPV4);
	expect_response(NETRXF_more_data, 4096);
	expect_response(0, 1);
}

/* A packet of one page with an extra: the extra follows, and nothing else. */
static void test_place_small_gso(void **state)
{
	netif_extra_info_t extra;

	(void)state;
	give_buffers(2);
	ring_front_push(&rx);
	assert_int_equal(place(4096, XEN_NETIF_GSO_TYPE_TCPV6, true, true), 0);
	net_back_answer(&back.rx, &batch);
	expect_response(NETRXF_csum_blank | NETRXF_data_validated | NETRXF_extra_info, 4096);
	ring_front_take(&rx, &extra, sizeof(extra));
	assert_int_equal(extra.u.gso.type, XEN_NETIF_GSO_TYPE_TCPV6);
	assert_int_equal(ring_front_available(&rx), 0);
}

/* Without buffers the guest is asked for as many as are needed, and notifies at the last. */
static void test_wait_for_buffers(void **state)
{
	(void)state;
	give_buffers(1);
	assert_true(ring_front_push(&rx));
	assert_int_equal(place(9000, 0, false, false), -EAGAIN);
	give_buffers(1);
	assert_false(ring_front_push(&rx));
	assert_int_equal(place(9000, 0, false, false), -EAGAIN);
	give_buffers(1);
	assert_true(ring_front_push(&rx));
	assert_int_equal(place(9000, 0, false, false), 0);
	assert_int_equal(place(1, 0, false, false), -EAGAIN);
}

static void test_place_refusals(void **state)
{
	(void)state;
	give_buffers(NET_SLOTS);
	ring_front_push(&rx);
	assert_int_equal(place(0, 0, false, false), -EMSGSIZE);
	assert_int_equal(place(NET_PACKET_MAX + 1, 0, false, false), -EMSGSIZE);
	assert_int_equal(place(NET_PACKET_MAX, 0, false, false), 0);
	back.is_sg_refused = true;
	assert_int_equal(place(4097, 0, false, false), -EMSGSIZE);
	assert_int_equal(place(4096, 0, false, false), 0);
	net_back_fail_rx(&batch.slots[batch.entries[1].slot_first]);
	net_back_answer(&back.rx, &batch);
	rx.rsp += 16;
	expect_response(0, NETIF_RSP_ERROR);
	rx.req += 1000;
	ring_front_push(&rx);
	assert_int_equal(place(60, 0, false, false), -EPROTO);
	assert_non_null(strstr(back.broken, "rx ring"));
}

/* The batch holds all that the ring may, and no more is placed than there are buffers. */
static void test_place_until_full(void **state)
{
	(void)state;
	give_buffers(NET_SLOTS);
	ring_front_push(&rx);
	for (int i = 0; i < NET_SLOTS; i++) {
		assert_int_equal(place(60, 0, false, false), 0);
	}
	assert_int_equal(place(60, 0, false, false), -EAGAIN);
	/* Not even if the guest pretends to have given more. */
	give_buffers(1);
	ring_front_push(&rx);
	assert_int_equal(place(60, 0, false, false), -EPROTO);
	assert_int_equal(batch.slot_count, NET_SLOTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one_piece, setup),
		cmocka_unit_test_setup(test_chain_with_gso, setup),
		cmocka_unit_test_setup(test_length_of_chain, setup),
		cmocka_unit_test_setup(test_wrong_packets, setup),
		cmocka_unit_test_setup(test_broken_rings, setup),
		cmocka_unit_test_setup(test_full_ring, setup),
		cmocka_unit_test_setup(test_multicast, setup),
		cmocka_unit_test_setup(test_allowance, setup),
		cmocka_unit_test_setup(test_takeover, setup),
		cmocka_unit_test_setup(test_failed_copy, setup),
		cmocka_unit_test_setup(test_place, setup),
		cmocka_unit_test_setup(test_place_small_gso, setup),
		cmocka_unit_test_setup(test_wait_for_buffers, setup),
		cmocka_unit_test_setup(test_place_refusals, setup),
		cmocka_unit_test_setup(test_place_until_full, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
