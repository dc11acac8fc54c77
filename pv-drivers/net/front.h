/* SPDX-License-Identifier: MIT */
/*
 * The network front end, for any kernel that has the functions of ../common/platform.h: packets of
 * <xen/io/netif.h>, with large packets in several pieces, checksums and segments left to the other
 * end, multicast filters, and several queues, as far as the back end offers them.
 *
 *	net_start() -> changed(): is_ready, info
 *	net_send() ... net_push()           copied into pages that the back end may read
 *	event() -> net_receive() until 0    copied out of pages that the back end may write
 *
 * All packets are copied through pages of the front end's own, which stay granted while the device
 * is connected: a packet costs no grant operation, the back end never sees other memory of the
 * kernel's, and a packet cannot change any more once it was received.
 *
 * Invariant: an rx buffer belongs to the slots whose counter it is modulo the number of buffers, so
 * a response needs no id that would have to be believed. The back end is not trusted: a response
 * that fits no request ends the connection; it never makes us touch other memory. A queue belongs
 * to one thread, handlers of ports run in it or stand still meanwhile; no lock.
 *
 * front.c is the connection, queue.c the packets.
 */
#pragma once

#include "../common/device.h"
#include "../common/ring.h"
#include "packet.h"

enum { NET_QUEUES = 8 };

/** What to ask for; the back end may offer less. */
struct net_options {
	uint32_t queues;     /* 1 to NET_QUEUES */
	uint32_t tx_buffers; /* pages of each queue: a power of two, up to NET_SLOTS */
	uint32_t rx_buffers;
	bool no_csum;   /* what is received has its checksum filled in */
	bool has_gso;   /* packets are received that are larger than any link takes */
	bool no_split;  /* one port for both directions */
	bool multicast; /* only those multicast packets that net_multicast() asked for */
};

/** What the back end says about the device. */
struct net_info {
	uint8_t mac[6];
	bool has_sg; /* packets may have more than NET_PIECE_MAX bytes */
	bool has_gso_v4, has_gso_v6, has_csum_v6, has_multicast;
};

struct net_buffer {
	unsigned char *page;
	grant_ref_t ref;
	uint16_t next; /* tx: the next free one */
	bool is_busy;  /* tx: between request and response */
};

struct net_front;

struct net_queue {
	struct net_front *front;
	struct ring tx, rx;
	struct device_pages shared;                 /* both rings */
	evtchn_port_t tx_port, rx_port;             /* the same if they are not split; 0: none */
	struct net_buffer *tx_buffers, *rx_buffers; /* a page each */
	uint32_t tx_count, rx_count;                /* of buffers that exist */
	uint16_t tx_first;                          /* free */
	uint32_t tx_free;
	uint64_t dropped; /* received, but wrong */
};

struct net_front {
	struct device device; /* first: the driver finds the front end by it */
	struct net_options options;
	struct net_info info;
	bool is_ready; /* packets are taken */
	uint32_t queue_count;
	struct net_queue queues[NET_QUEUES];
	/* The owner's; told after is_ready or info changed, where the store may be asked. */
	void (*changed)(struct net_front *f);
	/* The owner's: packets may be there, or room for some; where the store may not be asked. */
	void (*event)(struct net_front *f, uint32_t queue);
};

/** net_start - takes the device at @path, such as device/vif/0, into service. 0 or -errno. */
int net_start(struct net_front *f, const char *path, const struct net_options *options,
	      void (*changed)(struct net_front *f),
	      void (*event)(struct net_front *f, uint32_t queue));
/** net_stop - gives the device up. Over when device.is_closed. */
void net_stop(struct net_front *f);

/** net_resume - the kernel woke as another domain: as device_resume(). */
int net_resume(struct net_front *f);

/**
 * net_send - copies a packet; net_push() shows it, and all before it, to the back end. 0; -EAGAIN:
 * no room before the next event; -EMSGSIZE: too large or too small; -EOPNOTSUPP; -ENODEV: not
 * connected; -EIO: it was given up just now.
 */
int net_send(struct net_front *f, uint32_t queue, const struct net_packet *p, const void *data);
void net_push(struct net_front *f, uint32_t queue);

/**
 * net_receive - the next packet, copied to @data, which has room for @room bytes: what does not fit
 * is dropped. 1; 0: there is none before the next event; -ENODEV, -EIO: as above.
 */
int net_receive(struct net_front *f, uint32_t queue, struct net_packet *p, void *data,
		uint32_t room);

/** net_multicast - asks for packets to a multicast address, or no more. As net_send(). */
int net_multicast(struct net_front *f, const uint8_t address[6], bool is_wanted);

/* --- Between front.c and queue.c --- */

/** net_queue_open - rings, ports and buffers of a queue that is all zero. 0 or -errno. */
int net_queue_open(struct net_front *f, struct net_queue *q, bool is_split);
/** net_queue_close - gives them back, as far as there are any. */
void net_queue_close(struct net_queue *q);
