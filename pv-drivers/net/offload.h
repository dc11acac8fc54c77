/* SPDX-License-Identifier: MIT */
/*
 * What is left to be done on a packet: its checksum, or cutting it into segments. A sender may
 * leave a TCP or UDP checksum blank, with the sum of the pseudo header in its place. The netif
 * protocol says only that it is blank; a tap device wants to know where it is, and a front end
 * which does not compute any gets it filled in.
 *
 * Invariant: packets are a guest's or come from the network; what is found lies inside of them. The
 * packet must lie where no other party can write. No lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_PROTOCOL_TCP 6
#define NET_PROTOCOL_UDP 17

/** Where things are in a TCP or UDP packet, in bytes from its start. */
struct net_headers {
	uint16_t ip, transport;
	uint16_t payload;  /* behind the TCP or UDP header */
	uint16_t checksum; /* of TCP or UDP */
	uint8_t protocol;  /* of IP */
	bool is_v6;
};

/**
 * net_headers_parse - 0, or -EINVAL: not TCP nor UDP in IP in Ethernet (with at most two VLAN
 * tags), a fragment, or cut off.
 */
int net_headers_parse(const uint8_t *packet, size_t bytes, struct net_headers *h);

/** net_sum - adds bytes to an Internet checksum's sum, and folds it to 16 bits. */
uint16_t net_sum(const uint8_t *data, size_t bytes, uint32_t sum);

/** net_pseudo_sum - the sum of the pseudo header of a packet with these headers. */
uint16_t net_pseudo_sum(const uint8_t *packet, size_t bytes, const struct net_headers *h);

/** net_csum_blank - puts the pseudo header's sum where the checksum belongs. */
void net_csum_blank(uint8_t *packet, size_t bytes, const struct net_headers *h);

/**
 * net_csum_fill - computes a blank checksum of all from @start to the packet's end; @checksum:
 * where it lies, also from the packet's beginning. -EINVAL: these are outside of the packet.
 */
int net_csum_fill(uint8_t *packet, size_t bytes, size_t start, size_t checksum);

/** net_flow - the same number for all packets of a connection, and mostly another for others. */
uint32_t net_flow(const uint8_t *packet, const struct net_headers *h);
