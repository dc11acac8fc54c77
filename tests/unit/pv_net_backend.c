/* SPDX-License-Identifier: MIT */
/*
 * Packets from a front end through domus-backend's network device to the wire and back: what was
 * left to be done on them is told to the other side or done, a rate is kept, the guest's wishes
 * hold, and a guest that abuses its rings is found out.
 */
#include "pv_net_peer.h"

#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pv-drivers/net/offload.h"
#include "pv_net_backend.h"

static int wire;
static struct net_options options;
static unsigned char out[70000], in[70000];

static const unsigned char udp4[] = {2,    0, 0,  0,  0, 1, 2, 0, 0,  0,  0, 2,  8,  0,
				     0x45, 0, 0,  40, 0, 0, 0, 0, 64, 17, 0, 0,  10, 0,
				     0,    1, 10, 0,  0, 2, 0, 5, 0,  7,  0, 20, 0,  0};
static const unsigned char tcp6[] = {2, 0, 0, 0, 0, 1, 2,    0,    0,    0, 0,  2, 0x86, 0xdd, 0x60,
				     0, 0, 0, 0, 0, 6, 64,   0xfd, 0,    0, 0,  0, 0,    0,    0,
				     0, 0, 0, 0, 0, 0, 0,    1,    0xfd, 0, 0,  0, 0,    0,    0,
				     0, 0, 0, 0, 0, 0, 0,    0,    2,    0, 80, 0, 90,   0,    0,
				     0, 0, 0, 0, 0, 0, 0x50, 0x10, 0,    0, 0,  0, 0,    0};

static int setup(void **state)
{
	(void)state;
	peer_setup(state);
	options = (struct net_options){
		.queues = 1, .tx_buffers = 64, .rx_buffers = 32, .has_gso = true};
	return 0;
}

/* The back end is connected first, as it is in the hand-shake. */
static void start(uint64_t rate_bytes)
{
	wire = backend_start(BACK, PATH, rate_bytes);
	peer_start(&options);
	assert_int_equal(backend_connect(), 0);
	back_state(XenbusStateConnected);
	assert_true(front.is_ready);
	backend_run();
}

static int teardown(void **state)
{
	backend_disconnect();
	backend_stop();
	close(wire);
	return peer_teardown(state);
}

static void make(const unsigned char *header, size_t header_bytes, uint32_t bytes)
{
	memcpy(out, header, header_bytes);
	for (uint32_t i = (uint32_t)header_bytes; i < bytes; i++) {
		out[i] = (unsigned char)(i * 13 + i / 256);
	}
}

static int send_packet(uint32_t queue, const struct net_packet *p)
{
	int rc = net_send(&front, queue, p, out);

	net_push(&front, queue);
	return rc;
}

/* What came out of the tap: its bytes, 0: nothing. */
static size_t from_wire(struct virtio_net_hdr *v)
{
	ssize_t n = recv(wire, in, sizeof(in), MSG_DONTWAIT);

	if (n <= 0) {
		return 0;
	}
	memcpy(v, in, sizeof(*v));
	memmove(in, in + sizeof(*v), (size_t)n - sizeof(*v));
	return (size_t)n - sizeof(*v);
}

static void to_wire(const struct virtio_net_hdr *v, uint32_t bytes)
{
	struct iovec parts[] = {{(void *)(uintptr_t)v, sizeof(*v)}, {out, bytes}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	assert_int_equal(sendmsg(wire, &message, MSG_DONTWAIT), sizeof(*v) + bytes);
}

static int receive(uint32_t queue, struct net_packet *p)
{
	return net_receive(&front, queue, p, in, sizeof(in));
}

static void test_to_wire(void **state)
{
	struct net_packet p = {.bytes = 60};
	struct virtio_net_hdr v;

	(void)state;
	start(0);
	assert_int_equal(backend_offload(), TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN);
	make(udp4, sizeof(udp4), 60);
	assert_int_equal(send_packet(0, &p), 0);
	p.is_csum_blank = true;
	assert_int_equal(send_packet(0, &p), 0);
	backend_run();
	assert_int_equal(from_wire(&v), 60);
	assert_memory_equal(in, out, 60);
	assert_int_equal(v.flags, 0);
	assert_int_equal(from_wire(&v), 60);
	assert_int_equal(v.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(v.csum_start, 34);
	assert_int_equal(v.csum_offset, 6);
	make(tcp6, sizeof(tcp6), 20000);
	p = (struct net_packet){20000, 1300, XEN_NETIF_GSO_TYPE_TCPV6, true, true};
	assert_int_equal(send_packet(0, &p), 0);
	p.gso_type = XEN_NETIF_GSO_TYPE_TCPV4; /* which it is not: dropped */
	assert_int_equal(send_packet(0, &p), 0);
	backend_run();
	assert_int_equal(from_wire(&v), 20000);
	assert_memory_equal(in, out, 20000);
	assert_int_equal(v.gso_type, VIRTIO_NET_HDR_GSO_TCPV6);
	assert_int_equal(v.gso_size, 1300);
	assert_int_equal(v.hdr_len, sizeof(tcp6));
	assert_int_equal(from_wire(&v), 0);
}

static void test_from_wire(void **state)
{
	struct virtio_net_hdr v = {0};
	struct net_packet p;

	(void)state;
	start(0);
	make(udp4, sizeof(udp4), 60);
	to_wire(&v, 60);
	v.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	v.csum_start = 34;
	v.csum_offset = 6;
	to_wire(&v, 60);
	v = (struct virtio_net_hdr){0};
	to_wire(&v, 13); /* no packet at all */
	backend_run();
	assert_int_equal(receive(0, &p), 1);
	assert_int_equal(p.bytes, 60);
	assert_false(p.is_csum_blank);
	assert_memory_equal(in, out, 60);
	assert_int_equal(receive(0, &p), 1);
	assert_true(p.is_csum_blank);
	assert_int_equal(receive(0, &p), 0);
	make(tcp6, sizeof(tcp6), 30000);
	v = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				    .gso_type = VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN,
				    .gso_size = 1200,
				    .csum_start = 54,
				    .csum_offset = 16};
	to_wire(&v, 30000);
	backend_run();
	assert_int_equal(receive(0, &p), 1);
	assert_int_equal(p.bytes, 30000);
	assert_int_equal(p.gso_type, XEN_NETIF_GSO_TYPE_TCPV6);
	assert_int_equal(p.gso_bytes, 1200);
	assert_memory_equal(in, out, 30000);
}

/* More than the guest has buffers for: all of it arrives, in order, as buffers come. */
static void test_held(void **state)
{
	struct virtio_net_hdr v = {0};
	struct net_packet p;

	(void)state;
	start(0);
	make(udp4, sizeof(udp4), 9000);
	for (int i = 0; i < 16; i++) {
		out[100] = (unsigned char)i;
		to_wire(&v, 9000);
		backend_run();
	}
	for (int i = 0; i < 16; i++) {
		while (receive(0, &p) == 0) {
			backend_run();
		}
		assert_int_equal(p.bytes, 9000);
		assert_int_equal(in[100], i);
	}
	assert_int_equal(receive(0, &p), 0);
}

/* A guest that computes no checksums gets them whole, and nothing that is to be cut. */
static void test_no_csum(void **state)
{
	struct virtio_net_hdr v = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6};
	struct net_headers h;
	struct net_packet p;

	(void)state;
	options.no_csum = true;
	start(0);
	assert_int_equal(backend_offload(), 0);
	make(udp4, sizeof(udp4), 54);
	assert_int_equal(net_headers_parse(out, 54, &h), 0);
	net_csum_blank(out, 54, &h);
	to_wire(&v, 54);
	backend_run();
	assert_int_equal(receive(0, &p), 1);
	assert_false(p.is_csum_blank);
	assert_int_equal(net_sum(in + 34, 20, net_pseudo_sum(in, 54, &h)), 0xffff);
}

static void test_multicast(void **state)
{
	static const unsigned char group[6] = {1, 0, 0x5e, 0, 0, 1};
	struct virtio_net_hdr v = {0};
	struct net_packet p;

	(void)state;
	options.multicast = true;
	start(0);
	make(group, 6, 60);
	to_wire(&v, 60);
	backend_run();
	assert_int_equal(receive(0, &p), 0);
	assert_int_equal(net_multicast(&front, group, true), 0);
	backend_run();
	to_wire(&v, 60);
	backend_run();
	assert_int_equal(receive(0, &p), 1);
}

/* A connection keeps to one queue, and several connections to several. */
static void test_queues(void **state)
{
	struct virtio_net_hdr v = {0};
	int counts[4] = {0};
	struct net_packet p = {.bytes = 60};

	(void)state;
	options = (struct net_options){.queues = 4, .tx_buffers = 16, .rx_buffers = 32};
	start(0);
	make(udp4, sizeof(udp4), 60);
	for (uint32_t q = 0; q < 4; q++) {
		assert_int_equal(send_packet(q, &p), 0);
	}
	backend_run();
	for (int q = 0; q < 4; q++) {
		assert_int_equal(from_wire(&v), 60);
	}
	for (int port = 0; port < 40; port++) {
		out[35] = (unsigned char)(port / 2);
		v = (struct virtio_net_hdr){0};
		to_wire(&v, 60);
		backend_run();
		for (uint32_t q = 0; q < 4; q++) {
			counts[q] += receive(q, &p);
		}
	}
	for (int q = 0; q < 4; q++) {
		assert_in_range(counts[q], 2, 30);
		assert_int_equal(counts[q] % 2, 0);
	}
}

/* After the first burst hardly more gets through; what does not waits, and is not lost. */
static void test_rate(void **state)
{
	struct net_packet p = {.bytes = 10000};
	struct virtio_net_hdr v;
	int sent = 0, came = 0;

	(void)state;
	start(1000);
	make(udp4, sizeof(udp4), 10000);
	while (!send_packet(0, &p)) {
		backend_run();
		sent++;
		came += from_wire(&v) == 10000;
	}
	assert_int_equal(came, 13); /* 131072 bytes */
	assert_true(sent > came && sent < 40);
	assert_null(backend_abuse());
}

/* A page that the guest took back is an error to the guest, and no packet. */
static void test_revoked(void **state)
{
	struct net_packet p = {.bytes = 60};
	struct virtio_net_hdr v;
	struct net_buffer *b;

	(void)state;
	start(0);
	make(udp4, sizeof(udp4), 60);
	b = &front.queues[0].tx_buffers[front.queues[0].tx_first];
	assert_int_equal(send_packet(0, &p), 0);
	assert_int_equal(platform_grant_end(b->ref), 0);
	backend_run();
	assert_int_equal(from_wire(&v), 0);
	assert_int_equal(platform_grant(FAKE_BACK_ID, b->page, true, &b->ref), 0);
	assert_int_equal(send_packet(0, &p), 0);
	backend_run();
	assert_int_equal(from_wire(&v), 60);
	assert_null(backend_abuse());
}

static void test_abuse(void **state)
{
	struct net_packet p = {.bytes = 60};
	struct virtio_net_hdr v = {0};

	(void)state;
	start(0);
	front.queues[0].tx.req += 1000;
	net_push(&front, 0);
	backend_run();
	assert_non_null(backend_abuse());
	to_wire(&v, 60);
	backend_run();
	assert_int_equal(receive(0, &p), 0);
}

/* What is published must be there. */
static void test_refusals(void **state)
{
	static const char *const nodes[] = {"request-rx-copy", "rx-ring-ref", "event-channel-rx",
					    "tx-ring-ref", "event-channel-tx"};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		char path[64];

		setup(state);
		wire = backend_start(BACK, PATH, 0);
		peer_start(&options);
		snprintf(path, sizeof(path), PATH "/%s", nodes[i]);
		fake_store_set(path, "0");
		assert_true(backend_connect() < 0);
		teardown(state);
	}
	setup(state);
	start(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_to_wire, setup, teardown),
		cmocka_unit_test_setup_teardown(test_from_wire, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_csum, setup, teardown),
		cmocka_unit_test_setup_teardown(test_multicast, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queues, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_revoked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
