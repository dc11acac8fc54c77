/* SPDX-License-Identifier: MIT */
/*
 * test=echo: answers to ARP, ping and UDP port 7 on its first network, at the address that ip= on
 * the command line gives, until the tools end it. Further words: queues=N, buffers=N (a power of
 * two) in each direction, csum=0 (the back end is to compute checksums), split=0 (one port for both
 * directions).
 */
#include "kernel.h"
#include <errno.h>

#include "../net/front.h"
#include "net_echo.h"
#include "net_ip.h"

enum { PACKET_PAGES = 16 };
#define PATIENCE_NS (30 * 1000000000ul)

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

static void serve(void)
{
	print("echo: %u.%u.%u.%u at %x:%x:%x:%x:%x:%x, %u queues%s%s%s\n", echo.address[0],
	      echo.address[1], echo.address[2], echo.address[3], echo.mac[0], echo.mac[1],
	      echo.mac[2], echo.mac[3], echo.mac[4], echo.mac[5], front.queue_count,
	      front.queues[0].tx_port != front.queues[0].rx_port ? ", two ports each" : "",
	      front.info.has_sg ? ", large packets" : "",
	      front.info.has_gso_v4 ? ", segments" : "");
	/* The tools may take it away, or move us to another host. */
	while (front.device.handshake.state != XenbusStateClosed) {
		if (front.is_ready) {
			turn();
		}
		thread_wait(FOREVER);
	}
	print("echo: %lu arps, %lu pings, %lu datagrams, %lu others\n", echo.arps, echo.pings,
	      echo.datagrams, echo.others);
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
	CHECK_EQ(net_start(&front, "device/vif/0", &options, front_changed, front_event), 0);
	suspend_listen(front_resume, NULL);
	CHECK(front_wait(true, system_time() + PATIENCE_NS));
	if (!fail_count) {
		memcpy(echo.mac, front.info.mac, sizeof(echo.mac));
		serve();
	}
	claims_end();
}
