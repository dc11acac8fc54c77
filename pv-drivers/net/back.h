/* SPDX-License-Identifier: MIT */
/*
 * Back end of one queue of a network device: the netif protocol of <xen/io/netif.h> as code that
 * does no I/O. Whoever drives it copies between the guest's memory and its own, by grants, all that
 * a batch names at once:
 *
 *	tx, from the guest   net_back_take() ----> copy the slots' pieces in --> use the packets
 *	                         ^---------------- net_back_answer() <----------------'
 *	rx, to the guest     net_back_place() ... a packet each --> copy out --> net_back_answer()
 *
 * The first request of a packet from the guest tells the size of the whole; what is not in the
 * requests that follow is in the first:
 *
 *	| first: size of all | extra info ... | request: its own size | ... |
 *	  '- NETTXF_extra_info: extras follow, each says whether another does
 *	  '- NETTXF_more_data: requests follow, each says whether another does
 *
 * Towards the guest each response has its own size, and extras follow the first one too; they take
 * the place of a request each.
 *
 * Invariant: requests are answered in their order. An rx response must lie in the slot of its
 * request (Linux finds the buffer by the slot), and a back end that takes over from one that died
 * finds in the ring just what that one did not answer. No lock: a queue belongs to one thread.
 */
#pragma once

#include "../common/ring.h"
#include "packet.h"

/** The most multicast addresses that a guest may ask for. */
#define NET_MULTICAST_MAX 64

/** A slot of the ring: a piece of the guest's memory to be copied, and how it is answered. */
struct net_slot {
	grant_ref_t ref;
	uint16_t offset, bytes; /* bytes: 0: nothing to copy */
	union {
		netif_tx_response_t tx;
		netif_rx_response_t rx;
		netif_extra_info_t extra;
	} answer;
};

/** A packet in a batch: its slots, extra slots (which have no bytes) among them. */
struct net_entry {
	uint16_t slot_first, slot_count;
	struct net_packet packet;
};

/** All that is taken from a ring, or placed in it, and not answered. */
struct net_batch {
	uint32_t slot_count, entry_count;
	struct net_slot slots[NET_SLOTS];
	struct net_entry entries[NET_SLOTS];
};

/** Multicast addresses that the guest wants, for all queues of a device. */
struct net_multicast {
	bool is_active; /* the guest wants no others */
	uint32_t count;
	uint8_t addresses[NET_MULTICAST_MAX][6];
};

struct net_back {
	struct ring tx, rx;
	struct net_multicast *multicast;
	bool is_sg_refused;    /* the guest takes no packet of more than one page */
	uint32_t beyond_bytes; /* of the next packet, which the allowance was too small for, or 0 */
	const char *broken;    /* why the ring cannot be used any more; NULL: it can */
};

/** net_back_init - attaches to the guest's rings of a page each, fresh ones or left by another. */
void net_back_init(struct net_back *b, void *tx_page, void *rx_page, struct net_multicast *m);

/**
 * net_back_take - collects packets from the guest, no more than have come, and no further than
 * *allowance bytes last, from which it subtracts. Slots of wrong packets are in the batch, too,
 * without bytes; they are answered with an error. Returns 0, or -EPROTO: b->broken says what the
 * guest did; nothing of the batch may be used then.
 */
int net_back_take(struct net_back *b, struct net_batch *t, uint64_t *allowance);

/** net_back_is_idle - asks to be notified of the next packet from the guest; true: none is there.
 */
bool net_back_is_idle(struct net_back *b);

/**
 * net_back_place - adds to a batch the buffers of the guest's for a packet of so many bytes, at
 * most NET_PACKET_MAX. The batch holds all that was placed and not answered. Returns 0; -EAGAIN:
 * too few buffers, the guest notifies when there are enough; -EMSGSIZE: the guest takes no such
 * packet; -EPROTO: as above.
 */
int net_back_place(struct net_back *b, struct net_batch *t, const struct net_packet *p);

/** net_back_fail_tx, net_back_fail_rx - a slot could not be copied: the answer is an error. */
void net_back_fail_tx(struct net_slot *s);
void net_back_fail_rx(struct net_slot *s);

/**
 * net_back_answer - answers all slots of a batch, and empties it. @ring: &b->tx or &b->rx, which
 * the batch came from. True: notify the guest.
 */
bool net_back_answer(struct ring *ring, struct net_batch *t);

/** net_multicast_wants - whether a packet to this address is to go to the guest. */
bool net_multicast_wants(const struct net_multicast *m, const uint8_t address[6]);
