/* SPDX-License-Identifier: MIT */
/* Headers of IPv4 and ARP; see net_ip.h. */
#include <string.h>

#include "../net/offload.h"
#include "net_ip.h"

/* A decimal number of at most 255; NULL: there is none. */
static const char *byte_parse(const char *text, uint8_t *byte)
{
	uint32_t value = 0, digits = 0;

	for (; *text >= '0' && *text <= '9' && digits < 3; text++, digits++) {
		value = value * 10 + (uint32_t)(*text - '0');
	}
	*byte = (uint8_t)value;
	return digits && value <= 255 ? text : NULL;
}

bool net_address_read(const char *text, uint8_t address[4])
{
	for (int i = 0; i < 4; i++) {
		text = byte_parse(text, &address[i]);
		if (!text || (i < 3 && *text++ != '.')) {
			return false;
		}
	}
	return !*text || *text == ' ';
}

int net_ip_payload(const uint8_t *packet, uint32_t bytes, const uint8_t address[4])
{
	const uint8_t *ip = packet + NET_ETHERNET_BYTES;
	uint32_t total;

	if (bytes < NET_IP_PAYLOAD || net_get16(packet + 12) != NET_TYPE_IP || ip[0] != 0x45 ||
	    memcmp(ip + 16, address, 4) || net_sum(ip, NET_IP_BYTES, 0) != 0xffff ||
	    net_get16(ip + 6) & 0x3fff) {
		return -1;
	}
	total = net_get16(ip + 2);
	if (total < NET_IP_BYTES || total > bytes - NET_ETHERNET_BYTES) {
		return -1;
	}
	return (int)(total - NET_IP_BYTES);
}

static void ethernet_make(uint8_t *packet, const struct net_end *from, const uint8_t to[6],
			  uint32_t type)
{
	memcpy(packet, to, 6);
	memcpy(packet + 6, from->mac, 6);
	net_put16(packet + 12, type);
}

uint32_t net_ip_make(uint8_t *packet, const struct net_end *from, const struct net_end *to,
		     uint8_t protocol, uint32_t payload_bytes)
{
	uint8_t *ip = packet + NET_ETHERNET_BYTES;

	ethernet_make(packet, from, to->mac, NET_TYPE_IP);
	memset(ip, 0, NET_IP_BYTES);
	ip[0] = 0x45;
	net_put16(ip + 2, NET_IP_BYTES + payload_bytes);
	net_put16(ip + 6, 0x4000); /* not to be cut */
	ip[8] = 64;
	ip[9] = protocol;
	memcpy(ip + 12, from->address, 4);
	memcpy(ip + 16, to->address, 4);
	net_put16(ip + 10, ~(uint32_t)net_sum(ip, NET_IP_BYTES, 0));
	return NET_IP_PAYLOAD + payload_bytes;
}

/* Ethernet and IPv4, then what is asked or answered. */
static const uint8_t arp_request[8] = {0, 1, 8, 0, 6, 4, 0, 1};

uint32_t net_arp_make(uint8_t *packet, const struct net_end *from, const uint8_t address[4])
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint8_t *arp = packet + NET_ETHERNET_BYTES;

	ethernet_make(packet, from, all, NET_TYPE_ARP);
	memcpy(arp, arp_request, sizeof(arp_request));
	memcpy(arp + 8, from->mac, 6);
	memcpy(arp + 14, from->address, 4);
	memset(arp + 18, 0, 6);
	memcpy(arp + 24, address, 4);
	return NET_ETHERNET_BYTES + NET_ARP_BYTES;
}

bool net_arp_take(const uint8_t *packet, uint32_t bytes, struct net_end *peer)
{
	const uint8_t *arp = packet + NET_ETHERNET_BYTES;

	if (bytes < NET_ETHERNET_BYTES + NET_ARP_BYTES || net_get16(packet + 12) != NET_TYPE_ARP ||
	    memcmp(arp, arp_request, 7) || arp[7] != 2 || memcmp(arp + 14, peer->address, 4)) {
		return false;
	}
	memcpy(peer->mac, arp + 8, 6);
	return true;
}
