/* SPDX-License-Identifier: MIT */
/*
 * The network front end against a scripted back end: what it publishes, what it sends and receives,
 * and that a back end which abuses the rings loses the device and nothing else happens.
 */
#include "pv_net_peer.h"

static const struct net_options one = {.queues = 1, .tx_buffers = 32, .rx_buffers = 8};
static struct ring tx, rx; /* the back end's side */
static unsigned char data[NET_PACKET_MAX + 1], got[NET_PACKET_MAX];

static void connect(const struct net_options *options)
{
	peer_connect(options);
	ring_back_init(&tx, peer_ring(PATH "/tx-ring-ref"), 4096, sizeof(netif_tx_request_t));
	ring_back_init(&rx, peer_ring(PATH "/rx-ring-ref"), 4096, sizeof(netif_rx_request_t));
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (unsigned char)(i * 7 + i / 256);
	}
}

static void test_publish_one(void **state)
{
	(void)state;
	peer_connect(&(struct net_options){.queues = 1,
					   .tx_buffers = 32,
					   .rx_buffers = 8,
					   .no_split = true,
					   .no_csum = true,
					   .has_gso = true});
	assert_memory_equal(front.info.mac, "\x00\x16\x3e\x00\xab\x0f", 6);
	assert_int_equal(fake_store_number(PATH "/event-channel"), front.queues[0].tx_port);
	assert_null(fake_store_get(PATH "/event-channel-tx"));
	assert_null(fake_store_get(PATH "/multi-queue-num-queues"));
	assert_int_equal(fake_store_number(PATH "/request-rx-copy"), 1);
	assert_int_equal(fake_store_number(PATH "/feature-rx-notify"), 1);
	assert_int_equal(fake_store_number(PATH "/feature-no-csum-offload"), 1);
	assert_int_equal(fake_store_number(PATH "/feature-gso-tcpv4"), 0);
	assert_int_equal(fake_store_number(PATH "/request-multicast-control"), 0);
	assert_int_equal(fake_port_count(), 1);
	assert_int_equal(fake_port_notified(front.queues[0].rx_port), 1);
}

static void test_publish_several(void **state)
{
	(void)state;
	peer_connect(&(struct net_options){
		.queues = 3, .tx_buffers = 8, .rx_buffers = 8, .has_gso = true, .multicast = true});
	assert_int_equal(fake_store_number(PATH "/multi-queue-num-queues"), 3);
	assert_null(fake_store_get(PATH "/tx-ring-ref"));
	for (int i = 0; i < 3; i++) {
		char node[64];

		snprintf(node, sizeof(node), PATH "/queue-%d/event-channel-rx", i);
		assert_int_equal(fake_store_number(node), front.queues[i].rx_port);
		snprintf(node, sizeof(node), PATH "/queue-%d/tx-ring-ref", i);
		assert_ptr_equal(peer_ring(node), front.queues[i].tx.shared);
	}
	assert_int_equal(fake_store_number(PATH "/feature-no-csum-offload"), 0);
	assert_int_equal(fake_store_number(PATH "/feature-gso-tcpv6"), 1);
	assert_int_equal(fake_store_number(PATH "/request-multicast-control"), 1);
	assert_int_equal(fake_port_count(), 6);
	fake_port_event(front.queues[2].rx_port);
	assert_int_equal(events, 1);
}

/* A device that cannot be used is given up, with all that was allocated for it. */
static void test_refusals(void **state)
{
	static const char *const macs[] = {"", "00:16:3e:00:ab", "00:16:3e:00:ab:0g",
					   "00:16:3e:00:ab-0f", "000:16:3e:0:ab:0f"};

	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		peer_setup(state);
		fake_store_set(BACK "/mac", "%s", macs[i]);
		peer_start(&one);
		assert_int_equal(fake_store_number(PATH "/state"), XenbusStateClosing);
		peer_teardown(state);
	}
	peer_setup(state);
	fake_store_set(BACK "/feature-rx-copy", "0");
	peer_start(&one);
	assert_int_equal(fake_store_number(PATH "/state"), XenbusStateClosing);
	peer_teardown(state);
	for (unsigned int grants = 0; grants < 2 + 32 + 8; grants++) {
		peer_setup(state);
		fake_grant_limit(grants);
		peer_start(&one);
		assert_int_equal(fake_store_number(PATH "/state"), XenbusStateClosing);
		peer_teardown(state);
	}
	peer_setup(state);
	assert_int_equal(
		net_start(&front, PATH,
			  &(struct net_options){.queues = 1, .tx_buffers = 32, .rx_buffers = 12},
			  on_change, on_event),
		-EINVAL);
	peer_start(&one);
}

static int send(uint32_t bytes, uint8_t gso_type)
{
	struct net_packet p = {.bytes = bytes,
			       .gso_type = gso_type,
			       .gso_bytes = gso_type ? 1000 : 0,
			       .is_csum_blank = gso_type};
	int rc = net_send(&front, 0, &p, data);

	net_push(&front, 0);
	return rc;
}

static void expect_request(uint16_t size, uint16_t flags, size_t at, size_t bytes)
{
	netif_tx_request_t request;
	unsigned char *page;

	assert_true(ring_back_available(&tx) > 0);
	ring_back_take(&tx, &request, sizeof(request));
	assert_int_equal(request.size, size);
	assert_int_equal(request.flags, flags);
	assert_null(fake_grant_page(request.gref, true)); /* the back end may only read it */
	page = fake_grant_page(request.gref, false);
	assert_non_null(page);
	assert_memory_equal(page + request.offset, data + at, bytes);
}

static void answer(uint16_t id, int16_t status)
{
	netif_tx_response_t response = {.id = id, .status = status};

	ring_back_answer(&tx, &response, sizeof(response));
	ring_back_push(&tx);
}

static void test_send(void **state)
{
	netif_extra_info_t extra;

	(void)state;
	connect(&one);
	assert_int_equal(send(60, 0), 0);
	assert_int_equal(fake_port_notified(front.queues[0].tx_port), 1);
	assert_int_equal(send(8200, XEN_NETIF_GSO_TYPE_TCPV6), 0);
	expect_request(60, 0, 0, 60);
	expect_request(8200,
		       NETTXF_csum_blank | NETTXF_data_validated | NETTXF_extra_info |
			       NETTXF_more_data,
		       0, 4096);
	ring_back_take(&tx, &extra, sizeof(extra));
	assert_int_equal(extra.type, XEN_NETIF_EXTRA_TYPE_GSO);
	assert_int_equal(extra.u.gso.type, XEN_NETIF_GSO_TYPE_TCPV6);
	assert_int_equal(extra.u.gso.size, 1000);
	expect_request(4096, NETTXF_more_data, 4096, 4096);
	expect_request(8, 0, 8192, 8);
	assert_int_equal(ring_back_available(&tx), 0);
	assert_int_equal(send(13, 0), -EMSGSIZE);
	assert_int_equal(send(NET_PACKET_MAX + 1, 0), -EMSGSIZE);
	front.info.has_gso_v4 = false;
	assert_int_equal(send(5000, XEN_NETIF_GSO_TYPE_TCPV4), -EOPNOTSUPP);
	front.info.has_sg = false;
	assert_int_equal(send(4097, 0), -EMSGSIZE);
	assert_int_equal(send(4096, 0), 0);
}

/* Without free buffers the back end is asked to notify, and what it answered can be used again. */
static void test_send_until_full(void **state)
{
	(void)state;
	connect(&one);
	for (int i = 0; i < 32; i++) {
		assert_int_equal(send(60, 0), 0);
	}
	assert_int_equal(send(60, 0), -EAGAIN);
	tx.req = 32;
	for (int i = 0; i < 3; i++) {
		netif_tx_response_t response = {.id = (uint16_t)(31 - i * 2)};

		ring_back_answer(&tx, &response, sizeof(response));
	}
	assert_true(ring_back_push(&tx));
	fake_port_event(front.queues[0].tx_port);
	assert_int_equal(events, 1);
	assert_int_equal(send(3 * 4096, 0), 0);
	assert_int_equal(send(60, 0), -EAGAIN);
}

static void test_multicast(void **state)
{
	static const uint8_t address[6] = {1, 0, 0x5e, 0, 0, 1};
	netif_extra_info_t extra;

	(void)state;
	connect(&one);
	assert_int_equal(net_multicast(&front, address, true), 0);
	assert_int_equal(net_multicast(&front, address, false), 0);
	expect_request(0, NETTXF_extra_info, 0, 0);
	ring_back_take(&tx, &extra, sizeof(extra));
	assert_int_equal(extra.type, XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
	assert_memory_equal(extra.u.mcast.addr, address, 6);
	expect_request(0, NETTXF_extra_info, 0, 0);
	ring_back_take(&tx, &extra, sizeof(extra));
	assert_int_equal(extra.type, XEN_NETIF_EXTRA_TYPE_MCAST_DEL);
	answer(front.queues[0].tx_buffers ? 31 : 0, NETIF_RSP_OKAY);
	front.info.has_multicast = false;
	assert_int_equal(net_multicast(&front, address, true), -EOPNOTSUPP);
}

/* Fills the next buffer of the front end's, and answers. */
static void give(uint16_t offset, size_t at, int16_t bytes, uint16_t flags)
{
	netif_rx_response_t response = {.offset = offset, .flags = flags, .status = bytes};
	netif_rx_request_t request;
	unsigned char *page;

	assert_true(ring_back_available(&rx) > 0);
	ring_back_take(&rx, &request, sizeof(request));
	page = fake_grant_page(request.gref, true);
	assert_non_null(page);
	if (bytes > 0 && offset + bytes <= 4096) {
		memcpy(page + offset, data + at, bytes);
	}
	response.id = request.id;
	ring_back_answer(&rx, &response, sizeof(response));
}

static void give_extra(uint8_t type, uint8_t flags, uint16_t gso_bytes, uint8_t gso_type)
{
	netif_extra_info_t extra = {.type = type, .flags = flags};
	netif_rx_request_t request;

	extra.u.gso.size = gso_bytes;
	extra.u.gso.type = gso_type;
	ring_back_take(&rx, &request, sizeof(request));
	ring_back_answer(&rx, &extra, sizeof(extra));
}

static int receive(struct net_packet *p, uint32_t room)
{
	ring_back_push(&rx);
	memset(got, 0, sizeof(got));
	return net_receive(&front, 0, p, got, room);
}

static void test_receive(void **state)
{
	struct net_packet p;

	(void)state;
	connect(&one);
	assert_int_equal(receive(&p, sizeof(got)), 0);
	for (int turn = 0; turn < 100; turn++) {
		give(2, 5, 60, NETRXF_data_validated);
		give(0, 0, 4096, NETRXF_csum_blank | NETRXF_extra_info | NETRXF_more_data);
		give_extra(5, XEN_NETIF_EXTRA_FLAG_MORE, 0, 0);
		give_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, 1448, XEN_NETIF_GSO_TYPE_TCPV4);
		give(0, 4096, 100, 0);
		assert_int_equal(receive(&p, sizeof(got)), 1);
		assert_int_equal(p.bytes, 60);
		assert_memory_equal(got, data + 5, 60);
		assert_true(p.is_validated && !p.is_csum_blank && !p.gso_type);
		assert_int_equal(receive(&p, sizeof(got)), 1);
		assert_int_equal(p.bytes, 4196);
		assert_memory_equal(got, data, 4196);
		assert_true(p.is_csum_blank);
		assert_int_equal(p.gso_bytes, 1448);
		assert_int_equal(p.gso_type, XEN_NETIF_GSO_TYPE_TCPV4);
		assert_int_equal(receive(&p, sizeof(got)), 0);
		assert_int_equal(ring_back_available(&rx), 8);
	}
	assert_int_equal(front.queues[0].dropped, 0);
}

/* Packets that are wrong are dropped with all their slots, and the next one is received. */
static void test_receive_wrong(void **state)
{
	struct net_packet p;

	(void)state;
	connect(&one);
	give(0, 0, NETIF_RSP_ERROR, NETRXF_more_data);
	give(0, 0, 100, 0);
	give(4000, 0, 97, 0);
	give(0xffff, 0, 0x7fff, 0);
	give(0, 0, 13, 0);
	give(0, 0, 100, NETRXF_extra_info);
	give_extra(XEN_NETIF_EXTRA_TYPE_GSO, 0, 0, XEN_NETIF_GSO_TYPE_TCPV4);
	give(0, 0, 61, 0);
	assert_int_equal(receive(&p, 1500), 1);
	assert_int_equal(p.bytes, 61);
	assert_int_equal(front.queues[0].dropped, 5);
	give(0, 0, 1000, NETRXF_more_data);
	give(0, 0, 501, NETRXF_more_data);
	give(0, 0, 1, 0);
	give(0, 0, 1500, 0);
	assert_int_equal(receive(&p, 1500), 1);
	assert_int_equal(p.bytes, 1500);
	assert_int_equal(front.queues[0].dropped, 6);
}

static void script_too_many_rx(void)
{
	rx.rsp += 9;
}

static void script_no_more(void)
{
	give(0, 0, 100, NETRXF_more_data);
}

static void script_no_extra(void)
{
	give(0, 0, 100, NETRXF_extra_info);
}

static void script_no_second_extra(void)
{
	give(0, 0, 100, NETRXF_extra_info);
	give_extra(XEN_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_FLAG_MORE, 0, 0);
}

static void script_extra_type_0(void)
{
	give(0, 0, 100, NETRXF_extra_info);
	give_extra(0, 0, 0, 0);
}

static void script_extra_type_6(void)
{
	give(0, 0, 100, NETRXF_extra_info);
	give_extra(6, 0, 0, 0);
}

static void script_too_many_tx(void)
{
	answer(0, 0);
	answer(0, 0);
}

static void script_tx_id(void)
{
	answer(32, 0);
}

static void script_tx_id_not_busy(void)
{
	answer(3, 0);
}

/* The back end loses the device: nothing is sent or received, and all is given back. */
static void expect_given_up(void)
{
	struct net_packet p = {.bytes = 60};

	assert_false(front.is_ready);
	assert_int_equal(net_send(&front, 0, &p, data), -ENODEV);
	assert_int_equal(net_receive(&front, 0, &p, got, sizeof(got)), -ENODEV);
	net_push(&front, 0);
	fake_port_event(front.queues[0].tx_port);
	assert_int_equal(events, 0);
	fake_run();
	assert_int_equal(fake_store_number(PATH "/state"), XenbusStateClosing);
	assert_int_equal(fake_grant_count(), 0);
	assert_int_equal(fake_port_count(), 0);
	back_state(XenbusStateClosed);
	assert_int_equal(fake_store_number(PATH "/state"), XenbusStateClosed);
}

static void test_abuse(void **state)
{
	static void (*const rx_scripts[])(void) = {script_too_many_rx,  script_no_more,
						   script_no_extra,     script_no_second_extra,
						   script_extra_type_0, script_extra_type_6};
	static void (*const tx_scripts[])(void) = {script_too_many_tx, script_tx_id,
						   script_tx_id_not_busy};
	struct net_packet p;

	for (size_t i = 0; i < sizeof(rx_scripts) / sizeof(rx_scripts[0]); i++) {
		peer_setup(state);
		connect(&one);
		rx_scripts[i]();
		assert_int_equal(receive(&p, sizeof(got)), -EIO);
		expect_given_up();
		peer_teardown(state);
	}
	for (size_t i = 0; i < sizeof(tx_scripts) / sizeof(tx_scripts[0]); i++) {
		peer_setup(state);
		connect(&one);
		assert_int_equal(send(60, 0), 0);
		tx.req++;
		tx_scripts[i]();
		assert_int_equal(send(60, 0), -EIO);
		expect_given_up();
		peer_teardown(state);
	}
	peer_setup(state);
	connect(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_publish_one, peer_setup, peer_teardown),
		cmocka_unit_test_setup_teardown(test_publish_several, peer_setup, peer_teardown),
		cmocka_unit_test_setup_teardown(test_refusals, peer_setup, peer_teardown),
		cmocka_unit_test_setup_teardown(test_send, peer_setup, peer_teardown),
		cmocka_unit_test_setup_teardown(test_send_until_full, peer_setup, peer_teardown),
		cmocka_unit_test_setup_teardown(test_multicast, peer_setup, peer_teardown),
		cmocka_unit_test_setup_teardown(test_receive, peer_setup, peer_teardown),
		cmocka_unit_test_setup_teardown(test_receive_wrong, peer_setup, peer_teardown),
		cmocka_unit_test_setup_teardown(test_abuse, peer_setup, peer_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
