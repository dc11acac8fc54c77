/* SPDX-License-Identifier: MIT */
/*
 * Measures of a network: a TCP stream out and in, one byte there and back, datagrams, pings. The
 * peer knows by a TCP connection's first byte what it is for, and answers a datagram of one byte by
 * how many longer ones came since the last such question.
 */
#include "../net/offload.h"
#include "speed.h"
#include "speed_link.h"

enum {
	FIRST_PORT = 40000,
	TRIPS = 1000,
	DATAGRAMS = 20000,
	DATAGRAM_BYTES = 64,
	QUESTIONS = 5, /* one may be lost */
	PINGS = 200,
	PING_BYTES = 64, /* with its header */
	PING_REQUEST = 8,
};
#define PATIENCE_NS (60 * 1000000000ul)

/* What the last datagram and the last ping's answer said. */
static struct {
	bool is_answered;
	u32 count;
	u32 ping;
} heard;

/* What is waited for: so many bytes of the stream, that ping. */
static u64 wanted_bytes;
static u32 wanted_ping;

static void packet_take(const struct link_packet *p)
{
	if (p->protocol == NET_PROTOCOL_UDP &&
	    p->payload_bytes >= LINK_UDP_BYTES + sizeof(heard.count)) {
		memcpy(&heard.count, p->payload + LINK_UDP_BYTES, sizeof(heard.count));
		heard.is_answered = true;
	} else if (p->protocol == NET_PROTOCOL_ICMP && p->payload_bytes >= LINK_UDP_BYTES) {
		heard.ping = net_get16(p->payload + 6);
	}
}

static bool go_on(bool (*is_over)(void))
{
	u64 end = system_time() + PATIENCE_NS;

	while (link.front.is_ready && system_time() < end) {
		link_receive();
		link_send();
		if (is_over()) {
			return true;
		}
		if (link_rest()) {
			link_again();
		}
	}
	return false;
}

/* --- Streams --- */

static bool is_open(void)
{
	return link.tcp.state != NET_TCP_OPENING;
}

static bool has_bytes(void)
{
	return link.tcp.arrived >= wanted_bytes || link.tcp.state == NET_TCP_OVER;
}

static void call(char what)
{
	static u16 calls; /* each from a port of its own */
	u16 port = FIRST_PORT + calls++;
	const u32 heads = NET_IP_PAYLOAD + 20;

	net_tcp_call(&link.tcp, &link.us, &link.peer, port, LINK_PORT, (u32)port << 16);
	CHECK(go_on(is_open) && link.tcp.state == NET_TCP_OPEN);
	/* Now that no SYN's options are written there any more. */
	memset(link.out + heads, what, LINK_PACKET_PAGES * PAGE_SIZE - heads);
	link.tcp.limit++;
}

static void hang_up(void)
{
	CHECK_EQ(link.tcp.state, NET_TCP_OPEN);
	link_packet_send(net_tcp_reset(&link.tcp, link.out), true);
}

static void stream_out(void)
{
	u64 start;

	call('o');
	start = system_time();
	link.tcp.limit += SPEED_STREAM_BYTES;
	wanted_bytes = 1; /* all of it arrived */
	CHECK(go_on(has_bytes));
	speed_say("tcp-out", start, SPEED_STREAM_BYTES >> 20);
	hang_up();
}

static void stream_in(void)
{
	u64 start;

	call('i');
	start = system_time();
	wanted_bytes = SPEED_STREAM_BYTES;
	CHECK(go_on(has_bytes));
	speed_say("tcp-in", start, SPEED_STREAM_BYTES >> 20);
	hang_up();
}

static void stream_echo(void)
{
	u64 start;

	call('e');
	start = system_time();
	for (wanted_bytes = 1; wanted_bytes <= TRIPS && !fail_count; wanted_bytes++) {
		link.tcp.limit++;
		CHECK(go_on(has_bytes));
	}
	speed_say("tcp-echo", start, TRIPS);
	hang_up();
}

/* --- Datagrams and pings --- */

static bool is_answered(void)
{
	return heard.is_answered;
}

/* How many datagrams came since the last question. */
static u32 datagrams_ask(void)
{
	heard.is_answered = false;
	for (u32 i = 0; i < QUESTIONS && !heard.is_answered; i++) {
		link_packet_send(link_datagram_make(&link.peer, LINK_PORT, 1), true);
		do {
			link_receive();
		} while (!is_answered() && !link_rest());
	}
	CHECK(heard.is_answered);
	return heard.count;
}

/* The time of a datagram that arrived; what was lost on the way took its time for nothing. */
static void datagrams(void)
{
	u64 start;
	u32 bytes;

	datagrams_ask();
	start = system_time();
	bytes = link_datagram_make(&link.peer, LINK_PORT, DATAGRAM_BYTES);
	for (u32 i = 0; i < DATAGRAMS && link_packet_send(bytes, true); i++) {
	}
	speed_say("udp-out", start, datagrams_ask());
}

static bool ping_is_back(void)
{
	return heard.ping == wanted_ping;
}

static void pings(void)
{
	u8 *icmp = link.out + NET_IP_PAYLOAD;
	u64 start = system_time();

	for (wanted_ping = 1; wanted_ping <= PINGS && !fail_count; wanted_ping++) {
		u32 all =
			net_ip_make(link.out, &link.us, &link.peer, NET_PROTOCOL_ICMP, PING_BYTES);

		memset(icmp, 0, PING_BYTES);
		icmp[0] = PING_REQUEST;
		net_put16(icmp + 6, wanted_ping);
		(void)net_csum_fill(link.out, all, NET_IP_PAYLOAD, NET_IP_PAYLOAD + 2);
		link_packet_send(all, false);
		CHECK(go_on(ping_is_back));
	}
	speed_say("ping", start, PINGS);
}

static bool is_resolved(void)
{
	return link.has_peer;
}

void speed_net(const char *path)
{
	void (*const measures[])(void) = {stream_out, stream_in, stream_echo, datagrams, pings};

	claim("the network is measured");
	CHECK(link_open(path, packet_take));
	if (!fail_count) {
		link_again();
		CHECK(go_on(is_resolved));
	}
	for (u32 i = 0; i < ARRAY_SIZE(measures) && !fail_count; i++) {
		measures[i]();
	}
}
