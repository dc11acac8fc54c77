/* SPDX-License-Identifier: MIT */
/*
 * IPv4 in Ethernet, as far as a small network stack needs it: headers without options, no
 * fragments.
 *
 *	14 bytes Ethernet | 20 bytes IP | payload
 *
 * Invariant: packets are anybody's; what is read lies inside of them. No lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	NET_ETHERNET_BYTES = 14,
	NET_IP_BYTES = 20,
	NET_IP_PAYLOAD = NET_ETHERNET_BYTES + NET_IP_BYTES,
	NET_ARP_BYTES = 28,
	NET_TYPE_IP = 0x0800,
	NET_TYPE_ARP = 0x0806,
	NET_PROTOCOL_ICMP = 1,
};

/** Numbers of a packet, whose first byte is the highest one. */
static inline uint32_t net_get16(const uint8_t *p)
{
	return (uint32_t)(p[0] << 8 | p[1]);
}
static inline uint32_t net_get32(const uint8_t *p)
{
	return net_get16(p) << 16 | net_get16(p + 2);
}
static inline void net_put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}
static inline void net_put32(uint8_t *p, uint32_t value)
{
	net_put16(p, value >> 16);
	net_put16(p + 2, value);
}

/** net_address_read - an address such as 10.0.0.2, up to a zero byte or a space; is it one? */
bool net_address_read(const char *text, uint8_t address[4]);

/** An end of a link. */
struct net_end {
	uint8_t mac[6];
	uint8_t address[4];
};

/**
 * net_ip_payload - bytes behind the IP header of a packet that is for this address, by the header's
 * own account; -1: it is none of the kind that is understood.
 */
int net_ip_payload(const uint8_t *packet, uint32_t bytes, const uint8_t address[4]);

/** net_ip_make - writes both headers in front of so many bytes; returns those of the whole. */
uint32_t net_ip_make(uint8_t *packet, const struct net_end *from, const struct net_end *to,
		     uint8_t protocol, uint32_t payload_bytes);

/** net_arp_make - asks who has an address; returns the packet's bytes. */
uint32_t net_arp_make(uint8_t *packet, const struct net_end *from, const uint8_t address[4]);

/** net_arp_take - is the packet the answer? Then the other end's MAC is known. */
bool net_arp_take(const uint8_t *packet, uint32_t bytes, struct net_end *peer);
