/* SPDX-License-Identifier: MIT */
/* Headers and checksums of packets; see offload.h. No lock. */
#include <errno.h>
#include "offload.h"

enum {
	ETHERNET_BYTES = 14,
	TAG_BYTES = 4,
	TAG_MAX = 2,
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_VLAN = 0x8100,
	TYPE_QINQ = 0x88a8,
	/* Headers between IPv6 and what it carries that have a length of their own. */
	IPV6_HOPS = 0,
	IPV6_ROUTING = 43,
	IPV6_OPTIONS = 60,
	EXTENSION_MAX = 8,
};

static uint16_t read16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void write16(uint8_t *p, uint16_t value)
{
	p[0] = value >> 8;
	p[1] = value;
}

uint16_t net_sum(const uint8_t *data, size_t bytes, uint32_t sum)
{
	uint64_t wide = sum;

	for (; bytes > 1; data += 2, bytes -= 2) {
		wide += read16(data);
	}
	if (bytes) {
		wide += data[0] << 8;
	}
	while (wide >> 16) {
		wide = (wide & 0xffff) + (wide >> 16);
	}
	return wide;
}

/* The type of what the Ethernet header carries, 0: cut off; *at: behind the header. */
static uint16_t parse_ethernet(const uint8_t *packet, size_t bytes, size_t *at)
{
	size_t type = ETHERNET_BYTES - 2;

	for (int tag = 0; type + 2 <= bytes; tag++, type += TAG_BYTES) {
		uint16_t value = read16(packet + type);

		*at = type + 2;
		if ((value != TYPE_VLAN && value != TYPE_QINQ) || tag == TAG_MAX) {
			return value;
		}
	}
	return 0;
}

static int parse_ipv4(const uint8_t *packet, size_t bytes, struct net_headers *h)
{
	const uint8_t *ip = packet + h->ip;
	size_t header;

	if (bytes < h->ip + 20u || ip[0] >> 4 != 4 || (ip[0] & 15) < 5) {
		return -EINVAL;
	}
	header = (ip[0] & 15) * 4;
	if (read16(ip + 6) & 0x3fff) { /* more fragments, or an offset */
		return -EINVAL;
	}
	h->protocol = ip[9];
	h->transport = h->ip + header;
	return 0;
}

static bool is_extension(uint8_t next)
{
	return next == IPV6_HOPS || next == IPV6_ROUTING || next == IPV6_OPTIONS;
}

static int parse_ipv6(const uint8_t *packet, size_t bytes, struct net_headers *h)
{
	size_t at = h->ip + 40u;
	uint8_t next;

	if (bytes < at || packet[h->ip] >> 4 != 6) {
		return -EINVAL;
	}
	next = packet[h->ip + 6];
	for (int i = 0; is_extension(next); i++) {
		if (i == EXTENSION_MAX || bytes < at + 2) {
			return -EINVAL;
		}
		next = packet[at];
		at += (packet[at + 1] + 1) * 8;
	}
	h->is_v6 = true;
	h->protocol = next;
	h->transport = at;
	return 0;
}

static int parse_transport(const uint8_t *packet, size_t bytes, struct net_headers *h)
{
	const uint8_t *header = packet + h->transport;
	size_t left = bytes > h->transport ? bytes - h->transport : 0;

	if (h->protocol == NET_PROTOCOL_UDP && left >= 8) {
		h->checksum = h->transport + 6;
		h->payload = h->transport + 8;
		return 0;
	}
	if (h->protocol != NET_PROTOCOL_TCP || left < 20 || header[12] >> 4 < 5) {
		return -EINVAL;
	}
	h->checksum = h->transport + 16;
	h->payload = h->transport + (header[12] >> 4) * 4;
	return h->payload <= bytes ? 0 : -EINVAL;
}

int net_headers_parse(const uint8_t *packet, size_t bytes, struct net_headers *h)
{
	size_t at = 0;
	uint16_t type = parse_ethernet(packet, bytes, &at);
	int result = -EINVAL;

	*h = (struct net_headers){.ip = at};
	if (type == TYPE_IPV4) {
		result = parse_ipv4(packet, bytes, h);
	} else if (type == TYPE_IPV6) {
		result = parse_ipv6(packet, bytes, h);
	}
	return result ? result : parse_transport(packet, bytes, h);
}

uint16_t net_pseudo_sum(const uint8_t *packet, size_t bytes, const struct net_headers *h)
{
	size_t addresses = h->is_v6 ? 8 : 12, count = h->is_v6 ? 32 : 8;

	return net_sum(packet + h->ip + addresses, count, h->protocol + bytes - h->transport);
}

void net_csum_blank(uint8_t *packet, size_t bytes, const struct net_headers *h)
{
	write16(packet + h->checksum, net_pseudo_sum(packet, bytes, h));
}

int net_csum_fill(uint8_t *packet, size_t bytes, size_t start, size_t checksum)
{
	uint16_t sum;

	if (start > bytes || checksum < start || checksum + 2 > bytes) {
		return -EINVAL;
	}
	sum = ~net_sum(packet + start, bytes - start, 0);
	/* The sum of no UDP packet is 0: that would mean that there is none. TCP does not mind. */
	write16(packet + checksum, sum ? sum : 0xffff);
	return 0;
}

uint32_t net_flow(const uint8_t *packet, const struct net_headers *h)
{
	const uint8_t *from = packet + h->ip + (h->is_v6 ? 8 : 12);
	uint32_t count = h->is_v6 ? 32 : 8, hash = h->protocol;

	for (uint32_t i = 0; i < count; i++) {
		hash = (hash ^ from[i]) * 16777619u;
	}
	for (uint32_t i = 0; i < 4; i++) { /* the ports */
		hash = (hash ^ packet[h->transport + i]) * 16777619u;
	}
	return hash ^ hash >> 16;
}
