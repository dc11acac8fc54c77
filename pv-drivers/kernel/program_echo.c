/* SPDX-License-Identifier: MIT */
/*
 * test=echo: answers to ARP, ping and UDP port 7 on its first network, at the address that ip= on
 * the command line gives, until the tools end it. Further words: queues=N, buffers=N (a power of
 * two) in each direction, csum=0 (the back end is to compute checksums), split=0 (one port for both
 * directions); rounds=N: connects so many times, each time until datagrams=N were answered, or
 * until the tools take the network away.
 */
#include "kernel.h"
#include <errno.h>

#include "../net/front.h"
#include "net_echo.h"
#include "net_ip.h"

enum { PACKET_PAGES = 16 };
#define PATIENCE_NS (30 * 1000000000ul)
#define QUIET_NS    (200 * 1000000ul)
#define LOOK_NS     (50 * 1000000ul)

#define PATH "device/vif/0"

static struct net_front front;
static struct net_echo echo;
static unsigned char *packet;
/* An answer that there is no room for yet, at `packet`; nothing is received until it is sent. */
static struct net_packet held;
static u32 held_queue;

static void front_changed(struct net_front *f)
{
	thread_wake();
}

/* An event is what the thread waits for. */
static void front_event(struct net_front *f, uint32_t queue)
{
}

static void front_resume(void *arg)
{
	CHECK_EQ(net_resume(&front), 0);
}

static bool front_wait(bool is_ready, u64 deadline)
{
	while (front.is_ready != is_ready && system_time() < deadline) {
		thread_wait(deadline);
	}
	return front.is_ready == is_ready;
}

static void answer(u32 queue, struct net_packet *p)
{
	u32 bytes = p->gso_type ? 0 : net_echo_answer(&echo, packet, p->bytes);

	if (!bytes) {
		return;
	}
	p->bytes = bytes;
	if (net_send(&front, queue, p, packet) == -EAGAIN) {
		held = *p;
		held_queue = queue;
	}
	if (echo.pings + echo.datagrams == 1) {
		print("echo: first answer\n");
	}
}

/* All that came in, and what goes out for it. */
static void turn(void)
{
	struct net_packet p;

	if (held.bytes && net_send(&front, held_queue, &held, packet) != -EAGAIN) {
		held.bytes = 0;
	}
	for (u32 queue = 0; queue < front.queue_count; queue++) {
		while (!held.bytes &&
		       net_receive(&front, queue, &p, packet, PACKET_PAGES * PAGE_SIZE) == 1) {
			answer(queue, &p);
		}
		net_push(&front, queue);
	}
}

static bool is_taken(void)
{
	return front.device.handshake.state == XenbusStateClosed;
}

/* What went through each queue of the connection, if it still stands. */
static void show_queues(void)
{
	if (!front.is_ready) {
		return;
	}
	print("echo: packets by queue:");
	for (u32 i = 0; i < front.queue_count; i++) {
		print(" %u/%u", front.queues[i].rx.rsp, front.queues[i].tx.req);
	}
	print("\n");
}

static void serve(void)
{
	u64 most = argument("datagrams", 0), before = echo.datagrams, end = FOREVER;

	held.bytes = 0; /* an answer that the last connection had no room for */
	print("echo: %u.%u.%u.%u at %x:%x:%x:%x:%x:%x, %u queues%s%s%s\n", echo.address[0],
	      echo.address[1], echo.address[2], echo.address[3], echo.mac[0], echo.mac[1],
	      echo.mac[2], echo.mac[3], echo.mac[4], echo.mac[5], front.queue_count,
	      front.queues[0].tx_port != front.queues[0].rx_port ? ", two ports each" : "",
	      front.info.has_sg ? ", large packets" : "",
	      front.info.has_gso_v4 ? ", segments" : "");
	/* The tools may take it away, or move us to another host. */
	while (!is_taken() && system_time() < end) {
		if (front.is_ready) {
			turn();
		}
		if (most && end == FOREVER && echo.datagrams - before >= most) {
			end = system_time() + QUIET_NS; /* the last answers are under way */
		}
		thread_wait(end);
	}
	print("echo: %lu arps, %lu pings, %lu datagrams, %lu others\n", echo.arps, echo.pings,
	      echo.datagrams, echo.others);
	show_queues();
}

/* Once more, on the network that is there, or that the tools give back. */
static bool start_again(const struct net_options *options)
{
	u64 end = system_time() + PATIENCE_NS;
	bool was_taken = is_taken();

	net_stop(&front);
	while (!front.device.is_closed && system_time() < end) {
		thread_wait(end);
	}
	if (was_taken) {
		store_wait_removed(PATH, end);
	}
	while (net_start(&front, PATH, options, front_changed, front_event) &&
	       system_time() < end) {
		thread_wait(system_time() + LOOK_NS);
	}
	return front_wait(true, end);
}

void program_echo(void)
{
	const char *address = argument_text("ip");
	struct net_options options = {
		.queues = (u32)argument("queues", 1),
		.tx_buffers = (u32)argument("buffers", 64),
		.rx_buffers = (u32)argument("buffers", 64),
		.no_csum = !argument("csum", 1),
		.no_split = !argument("split", 1),
	};

	claim("there is an address, and a network that connects");
	packet = platform_pages(PACKET_PAGES);
	CHECK(packet);
	CHECK(address && net_address_read(address, echo.address));
	CHECK_EQ(net_start(&front, PATH, &options, front_changed, front_event), 0);
	suspend_listen(front_resume, NULL);
	CHECK(front_wait(true, system_time() + PATIENCE_NS));
	for (u64 round = 1; !fail_count; round++) {
		memcpy(echo.mac, front.info.mac, sizeof(echo.mac));
		serve();
		print("round %lu is over\n", round);
		if (round >= argument("rounds", 1)) {
			break;
		}
		claim("it connects again");
		CHECK(start_again(&options));
	}
	claims_end();
}
