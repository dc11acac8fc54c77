/* SPDX-License-Identifier: MIT */
/*
 * The network of a measure, for both of its ends: a front end, one TCP connection, and answers to
 * those who ask who we are. What else comes is the owner's.
 */
#pragma once

#include "../net/front.h"
#include "kernel.h"
#include "net_tcp.h"

enum { LINK_PORT = 7000, LINK_PACKET_PAGES = 16, LINK_UDP_BYTES = 8 };

/** A packet of IP to us that came; payload: behind its header. */
struct link_packet {
	const u8 *whole, *payload;
	u32 payload_bytes;
	u8 protocol;
};

struct link {
	struct net_front front;
	struct net_end us, peer; /* peer= on the command line, if it is there */
	struct net_tcp tcp;
	bool has_peer; /* its MAC is known */
	u8 *out;       /* a packet that goes; of LINK_PACKET_PAGES */
	void (*take)(const struct link_packet *p);
};
extern struct link link;

/** link_open - takes a network into service, with the address ip=. */
bool link_open(const char *path, void (*take)(const struct link_packet *p));

/** link_receive - takes all that came. link_send(): what the connection has to say. */
void link_receive(void);
void link_send(void);

/** link_packet_send - what is in link.out, after a wait if there is no room. */
bool link_packet_send(u32 bytes, bool is_csum_blank);
/** link_datagram_make - headers of UDP in link.out; returns the packet's bytes. */
u32 link_datagram_make(const struct net_end *to, u16 to_port, u32 bytes);

/** link_rest - waits for an event; true: there was none for long, perhaps something was lost. */
bool link_rest(void);
/** link_again - sends once more what was not answered. */
void link_again(void);
