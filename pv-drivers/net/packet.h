/* SPDX-License-Identifier: MIT */
/* What both ends of a network device say of a packet; figures of the netif protocol. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/io/netif.h>

/** Slots of a ring of one page, both of tx and of rx. */
#define NET_SLOTS 256
/** The most bytes of a piece of a packet: it lies in one page of the guest's. */
#define NET_PIECE_MAX 4096
/** The most bytes of a packet: size is a field of 16 bits. */
#define NET_PACKET_MAX 65535
/** The fewest: the Ethernet header. */
#define NET_PACKET_MIN 14
/** Types of extra slots are below this; the headers of this version of the ABI lack the last. */
#define NET_EXTRA_TYPES 6

struct net_packet {
	uint32_t bytes;
	uint16_t gso_bytes; /* payload of each segment that it is to be cut into; 0: none */
	uint8_t gso_type;   /* XEN_NETIF_GSO_TYPE_* */
	bool is_csum_blank; /* the checksum covers only the pseudo header yet */
	bool is_validated;  /* the sender vouches for the checksum */
};

static inline uint32_t net_packet_pieces(const struct net_packet *p)
{
	return (p->bytes + NET_PIECE_MAX - 1) / NET_PIECE_MAX;
}

static inline bool net_gso_is_known(uint8_t gso_type)
{
	return gso_type == XEN_NETIF_GSO_TYPE_TCPV4 || gso_type == XEN_NETIF_GSO_TYPE_TCPV6;
}
