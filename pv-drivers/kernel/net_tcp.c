/* SPDX-License-Identifier: MIT */
/* A TCP connection's segments, in and out; see net_tcp.h. */
#include <string.h>

#include "../net/offload.h"
#include "net_tcp.h"

enum {
	HEAD_BYTES = 20,
	OPTIONS_BYTES = 8, /* of a SYN: MSS, scale */
	FIN = 1,
	SYN = 2,
	RST = 4,
	PSH = 8,
	ACK = 16,
	OPTION_END = 0,
	OPTION_NOTHING = 1,
	OPTION_MSS = 2,
	OPTION_SCALE = 3,
	LINK_MSS = 1500 - NET_IP_BYTES - HEAD_BYTES,
	LEAST_MSS = 64,
	OUR_SCALE = 4,
	OUR_WINDOW = 512 << 10, /* everything is taken at once, as far as the rings have room */
	MOST_SCALE = 14,
};

/* The distance of two sequence numbers, which run on and on. */
static int32_t after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static void start_at(struct net_tcp *t, const struct net_end *us, uint16_t port, uint32_t start)
{
	*t = (struct net_tcp){.us = *us, .port = port, .mss = LINK_MSS};
	t->acked = t->sent = start;
	t->limit = start + 1; /* the SYN's number */
}

void net_tcp_call(struct net_tcp *t, const struct net_end *us, const struct net_end *peer,
		  uint16_t port, uint16_t peer_port, uint32_t start)
{
	start_at(t, us, port, start);
	t->peer = *peer;
	t->peer_port = peer_port;
	t->state = NET_TCP_OPENING;
}

void net_tcp_listen(struct net_tcp *t, const struct net_end *us, uint16_t port, uint32_t start)
{
	start_at(t, us, port, start);
	t->state = NET_TCP_LISTENING;
}

/* --- What comes --- */

struct arrival {
	const uint8_t *packet, *tcp;
	uint32_t head_bytes, payload_bytes;
	uint32_t number, ack;
	uint8_t flags;
};

/* Is it a segment for our port? */
static bool arrival_parse(const struct net_tcp *t, const uint8_t *packet, uint32_t bytes,
			  struct arrival *a)
{
	int there = net_ip_payload(packet, bytes, t->us.address);
	const uint8_t *tcp = packet + NET_IP_PAYLOAD;

	if (there < HEAD_BYTES || packet[NET_ETHERNET_BYTES + 9] != NET_PROTOCOL_TCP ||
	    net_get16(tcp + 2) != t->port) {
		return false;
	}
	a->packet = packet;
	a->tcp = tcp;
	a->head_bytes = (uint32_t)(tcp[12] >> 4) * 4;
	a->number = net_get32(tcp + 4);
	a->ack = net_get32(tcp + 8);
	a->flags = tcp[13];
	a->payload_bytes = (uint32_t)there - a->head_bytes;
	return a->head_bytes >= HEAD_BYTES && a->head_bytes <= (uint32_t)there;
}

static bool is_of_peer(const struct net_tcp *t, const struct arrival *a)
{
	return net_get16(a->tcp) == t->peer_port &&
	       !memcmp(a->packet + NET_ETHERNET_BYTES + 12, t->peer.address, 4);
}

static void option_take(struct net_tcp *t, const uint8_t *option, uint32_t bytes)
{
	if (option[0] == OPTION_MSS && bytes == 4) {
		uint32_t mss = net_get16(option + 2);

		t->mss = (uint16_t)(mss < LEAST_MSS ? LEAST_MSS : mss < LINK_MSS ? mss : LINK_MSS);
	} else if (option[0] == OPTION_SCALE && bytes == 3) {
		t->scale = option[2] < MOST_SCALE ? option[2] : MOST_SCALE;
	}
}

static void options_take(struct net_tcp *t, const struct arrival *a)
{
	for (uint32_t at = HEAD_BYTES; at < a->head_bytes && a->tcp[at] != OPTION_END;) {
		uint32_t left = a->head_bytes - at, bytes = left > 1 ? a->tcp[at + 1] : 0;

		if (a->tcp[at] == OPTION_NOTHING) {
			at++;
			continue;
		}
		if (bytes < 2 || bytes > left) {
			return;
		}
		option_take(t, a->tcp + at, bytes);
		at += bytes;
	}
}

/* The peer calls us: who it is, and where it begins. */
static void call_take(struct net_tcp *t, const struct arrival *a)
{
	memcpy(t->peer.mac, a->packet + 6, 6);
	memcpy(t->peer.address, a->packet + NET_ETHERNET_BYTES + 12, 4);
	t->peer_port = (uint16_t)net_get16(a->tcp);
	t->received = a->number + 1;
	options_take(t, a);
	t->is_called = true;
	t->state = NET_TCP_OPENING;
}

/* Our SYN is acknowledged; who called hears the other one's with it. */
static void opening_take(struct net_tcp *t, const struct arrival *a)
{
	if (a->flags & SYN && t->is_called) {
		t->sent = t->acked; /* it has not heard our answer */
		return;
	}
	if (!(a->flags & ACK) || a->ack != t->limit || !!(a->flags & SYN) == t->is_called) {
		return;
	}
	if (!t->is_called) {
		t->received = a->number + 1;
		options_take(t, a);
		t->owes_ack = true;
	}
	t->acked = t->sent = t->limit;
	/* The window of a SYN is not scaled; the next one is. */
	t->window = net_get16(a->tcp + 14) << (t->is_called ? t->scale : 0);
	t->state = NET_TCP_OPEN;
}

static void ack_take(struct net_tcp *t, const struct arrival *a)
{
	/* What was sent before net_tcp_again() may be acknowledged, too. */
	if (!(a->flags & ACK) || after(a->ack, t->acked) < 0 || after(a->ack, t->limit) > 0) {
		return;
	}
	t->acked = a->ack;
	if (after(t->sent, t->acked) < 0) {
		t->sent = t->acked;
	}
	t->window = net_get16(a->tcp + 14) << t->scale;
}

static void payload_take(struct net_tcp *t, const struct arrival *a)
{
	if (!a->payload_bytes) {
		return;
	}
	t->owes_ack = true;
	if (a->number != t->received) {
		return; /* the acknowledgement tells what we wait for */
	}
	if (!t->arrived) {
		t->first_arrived = a->tcp[a->head_bytes];
	}
	t->received += a->payload_bytes;
	t->arrived += a->payload_bytes;
}

bool net_tcp_take(struct net_tcp *t, const uint8_t *packet, uint32_t bytes)
{
	struct arrival a;

	if (!arrival_parse(t, packet, bytes, &a)) {
		return false;
	}
	if (t->state == NET_TCP_LISTENING) {
		if ((a.flags & (SYN | ACK | RST)) == SYN) {
			call_take(t, &a);
		}
		return true;
	}
	if (!is_of_peer(t, &a)) {
		return true;
	}
	if (a.flags & RST) {
		t->state = NET_TCP_OVER;
	} else if (t->state == NET_TCP_OPENING) {
		opening_take(t, &a);
	}
	if (t->state == NET_TCP_OPEN && !(a.flags & SYN)) {
		ack_take(t, &a);
		payload_take(t, &a);
	}
	return true;
}

/* --- What goes --- */

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void options_make(uint8_t *options)
{
	static const uint8_t scale[4] = {OPTION_NOTHING, OPTION_SCALE, 3, OUR_SCALE};

	options[0] = OPTION_MSS;
	options[1] = 4;
	net_put16(options + 2, LINK_MSS);
	memcpy(options + 4, scale, sizeof(scale));
}

/* Returns the packet's bytes. */
static uint32_t segment_make(const struct net_tcp *t, uint8_t *packet, uint8_t flags,
			     uint32_t payload_bytes)
{
	uint8_t *tcp = packet + NET_IP_PAYLOAD;
	uint32_t head = flags & SYN ? HEAD_BYTES + OPTIONS_BYTES : HEAD_BYTES, bytes;
	uint32_t window = OUR_WINDOW >> OUR_SCALE; /* that of a SYN is taken as it is */
	struct net_headers h;

	bytes = net_ip_make(packet, &t->us, &t->peer, NET_PROTOCOL_TCP, head + payload_bytes);
	memset(tcp, 0, HEAD_BYTES);
	net_put16(tcp, t->port);
	net_put16(tcp + 2, t->peer_port);
	net_put32(tcp + 4, t->sent);
	net_put32(tcp + 8, flags & ACK ? t->received : 0);
	tcp[12] = (uint8_t)(head / 4 << 4);
	tcp[13] = flags;
	net_put16(tcp + 14, window);
	if (flags & SYN) {
		options_make(tcp + HEAD_BYTES);
	}
	if (!net_headers_parse(packet, bytes, &h)) {
		net_csum_blank(packet, bytes, &h);
	}
	return bytes;
}

/* Whole segments of the link's, unless there is no more to send; a little is not worth a packet
 * while other data is on its way. */
static uint32_t payload_of(const struct net_tcp *t, uint32_t most)
{
	uint32_t left = t->limit - t->sent, used = t->sent - t->acked;
	uint32_t room = t->window > used ? t->window - used : 0;
	uint32_t wish = least(left, most < t->mss ? most : most / t->mss * t->mss);

	if (room >= wish) {
		return wish;
	}
	return used ? 0 : room;
}

struct net_tcp_segment net_tcp_make(const struct net_tcp *t, uint8_t *packet, uint32_t most)
{
	struct net_tcp_segment s = {0};

	if (t->state == NET_TCP_OPENING && t->sent == t->acked) {
		s.is_syn = true;
		s.packet_bytes = segment_make(t, packet, t->is_called ? SYN | ACK : SYN, 0);
	} else if (t->state == NET_TCP_OPEN) {
		s.payload_bytes = payload_of(t, most);
		if (s.payload_bytes || t->owes_ack) {
			s.packet_bytes = segment_make(t, packet, s.payload_bytes ? ACK | PSH : ACK,
						      s.payload_bytes);
		}
	}
	return s;
}

void net_tcp_sent(struct net_tcp *t, const struct net_tcp_segment *s)
{
	t->sent += s->payload_bytes + s->is_syn;
	t->owes_ack = t->owes_ack && s->is_syn;
}

void net_tcp_again(struct net_tcp *t)
{
	t->sent = t->acked;
	t->owes_ack |= t->state == NET_TCP_OPEN; /* perhaps that was lost */
}

uint32_t net_tcp_reset(struct net_tcp *t, uint8_t *packet)
{
	t->state = NET_TCP_OVER;
	return segment_make(t, packet, RST | ACK, 0);
}
