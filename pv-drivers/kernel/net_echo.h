/* SPDX-License-Identifier: MIT */
/*
 * The smallest network stack that answers: it keeps no state, but turns each packet into its answer
 * where it lies. Answered are ARP requests for its address, pings of it, and UDP datagrams to its
 * port 7, which come back as they are. Swapping the two ends of a datagram does not change its
 * checksum, so one that was left blank may stay so.
 *
 * Invariant: packets are anybody's; what is read and written lies inside of them. No lock.
 */
#pragma once

#include <stdint.h>

struct net_echo {
	uint8_t mac[6];
	uint8_t address[4];
	uint64_t arps, pings, datagrams, others;
};

/** net_echo_answer - turns a packet into its answer; returns that one's bytes, 0: there is none. */
uint32_t net_echo_answer(struct net_echo *e, uint8_t *packet, uint32_t bytes);
