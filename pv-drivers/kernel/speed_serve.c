/* SPDX-License-Identifier: MIT */
/*
 * The peer of measures of a network, which speed_net.c describes, for one TCP connection at a time.
 */
#include "../net/offload.h"
#include "speed.h"
#include "speed_link.h"

static u32 datagram_count;

/* A datagram of one byte is a question, which is answered to where it came from. */
static void datagram_take(const struct link_packet *p)
{
	struct net_packet answer = {.is_csum_blank = true};
	struct net_end asker;

	if (p->payload_bytes != LINK_UDP_BYTES + 1) {
		datagram_count++;
		return;
	}
	memcpy(asker.mac, p->whole + 6, sizeof(asker.mac));
	memcpy(asker.address, p->whole + NET_ETHERNET_BYTES + 12, sizeof(asker.address));
	memcpy(link.out + NET_IP_PAYLOAD + LINK_UDP_BYTES, &datagram_count, sizeof(datagram_count));
	answer.bytes =
		link_datagram_make(&asker, (u16)net_get16(p->payload), sizeof(datagram_count));
	net_send(&link.front, 0, &answer, link.out);
	datagram_count = 0;
}

static void packet_take(const struct link_packet *p)
{
	if (p->protocol == NET_PROTOCOL_UDP && p->payload_bytes > LINK_UDP_BYTES) {
		datagram_take(p);
	}
}

/* How much the connection is to have been sent by now. */
static u64 stream_bytes(const struct net_tcp *t)
{
	switch (t->first_arrived) {
	case 'o': /* comes out of the caller; then it hears that all of it arrived */
		return t->arrived > SPEED_STREAM_BYTES;
	case 'i':
		return SPEED_STREAM_BYTES;
	default:
		return t->arrived - 1;
	}
}

static void stream_serve(struct net_tcp *t)
{
	static u64 sent_bytes; /* or to be sent: what the limit includes */

	if (t->state == NET_TCP_OVER) {
		net_tcp_listen(t, &link.us, LINK_PORT, (u32)system_time());
		sent_bytes = 0;
	} else if (t->arrived) {
		t->limit += stream_bytes(t) - sent_bytes;
		sent_bytes = stream_bytes(t);
	}
}

void speed_serve(const char *path)
{
	claim("measures are answered");
	CHECK(link_open(path, packet_take));
	link.has_peer = true; /* we ask nobody */
	while (link.front.is_ready) {
		link_receive();
		stream_serve(&link.tcp);
		link_send();
		if (link_rest()) {
			link_again();
		}
	}
}
