/* SPDX-License-Identifier: MIT */
/*
 * One TCP connection, as small as it can be and yet be a good neighbour on a link: it keeps to the
 * peer's window, acknowledges what comes in order, and sends again what is not acknowledged. What
 * it sends is one byte, again and again, so there is nothing to keep for that. Large packets are
 * left to the other end to cut.
 *
 *	           acked              sent        limit
 *	-----------|------------------|-----------|-------->   sequence numbers
 *	 arrived    on its way         may be sent
 *
 * Not there: keeping what came out of order, slow start, urgent data, a way to close but by reset.
 *
 * Invariant: acked <= sent <= limit, and what is between the first two fits into the peer's window
 * of some moment. Segments are anybody's; what is read lies inside of them. No lock.
 */
#pragma once

#include "net_ip.h"

enum net_tcp_state {
	NET_TCP_OVER, /* not begun, or reset by either end */
	NET_TCP_LISTENING,
	NET_TCP_OPENING, /* we call, or answer a call: what is not acknowledged is the SYN */
	NET_TCP_OPEN,
};

struct net_tcp {
	struct net_end us, peer;
	uint16_t port, peer_port;
	enum net_tcp_state state;
	bool is_called; /* the peer called */
	bool owes_ack;
	uint8_t scale; /* of the peer's window */
	uint16_t mss;  /* the most that a packet on the link carries */
	uint32_t acked, sent, limit;
	uint32_t window;       /* the peer's */
	uint32_t received;     /* the next byte's number */
	uint64_t arrived;      /* bytes of the peer's */
	uint8_t first_arrived; /* the first of them */
};

/** net_tcp_call - begins a connection; @us and @peer with their MACs, @start anything. */
void net_tcp_call(struct net_tcp *t, const struct net_end *us, const struct net_end *peer,
		  uint16_t port, uint16_t peer_port, uint32_t start);
/** net_tcp_listen - waits for a call. */
void net_tcp_listen(struct net_tcp *t, const struct net_end *us, uint16_t port, uint32_t start);

/** net_tcp_take - a packet of IP to us came; was it the connection's? */
bool net_tcp_take(struct net_tcp *t, const uint8_t *packet, uint32_t bytes);

/** What net_tcp_make() made. */
struct net_tcp_segment {
	uint32_t packet_bytes; /* 0: there is nothing to be sent now */
	uint32_t payload_bytes;
	bool is_syn;
};

/**
 * net_tcp_make - writes the headers of what is to be sent next, with the checksum left blank; the
 * payload, of @most bytes at most, is what lies behind them. net_tcp_sent(): it is on its way.
 */
struct net_tcp_segment net_tcp_make(const struct net_tcp *t, uint8_t *packet, uint32_t most);
void net_tcp_sent(struct net_tcp *t, const struct net_tcp_segment *s);

/** net_tcp_again - nothing was heard for a while: what is not acknowledged is sent once more. */
void net_tcp_again(struct net_tcp *t);

/** net_tcp_reset - the connection is over; the packet that says so, its bytes. */
uint32_t net_tcp_reset(struct net_tcp *t, uint8_t *packet);
