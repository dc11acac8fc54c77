/* SPDX-License-Identifier: MIT */
/* Answers to ARP, ping and UDP; see net_echo.h. */
#include <string.h>

#include "../net/offload.h"
#include "net_echo.h"

enum {
	ETHERNET_BYTES = 14,
	ARP_BYTES = 28,
	IP_BYTES = 20, /* without options, which nobody sends */
	UDP_BYTES = 8,
	ICMP_BYTES = 8,
	PROTOCOL_ICMP = 1,
	ICMP_REQUEST = 8,
	PORT_ECHO = 7,
};

static uint32_t read16(const uint8_t *p)
{
	return (uint32_t)(p[0] << 8 | p[1]);
}

static void swap(uint8_t *a, uint8_t *b, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++) {
		uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

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

int net_echo_address(const char *text, uint8_t address[4])
{
	for (int i = 0; i < 4; i++) {
		text = byte_parse(text, &address[i]);
		if (!text || (i < 3 && *text++ != '.')) {
			return 0;
		}
	}
	return !*text || *text == ' ';
}

/* "Who has this address?" comes back with our MAC as the sender's, all else swapped. */
static uint32_t arp_answer(struct net_echo *e, uint8_t *packet, uint32_t bytes)
{
	static const uint8_t request[8] = {0, 1, 8, 0, 6, 4, 0, 1}; /* of IPv4 in Ethernet */
	uint8_t *arp = packet + ETHERNET_BYTES;

	if (bytes < ETHERNET_BYTES + ARP_BYTES || memcmp(arp, request, sizeof(request)) ||
	    memcmp(arp + 24, e->address, 4)) {
		return 0;
	}
	arp[7] = 2;
	swap(arp + 8, arp + 18, 10);
	memcpy(arp + 8, e->mac, 6);
	e->arps++;
	return ETHERNET_BYTES + ARP_BYTES;
}

/* The answer's type is 0 where the request's was 8: the checksum grows by as much. */
static uint32_t ping_answer(struct net_echo *e, uint8_t *icmp, uint32_t bytes)
{
	uint32_t sum;

	if (bytes < ICMP_BYTES || icmp[0] != ICMP_REQUEST || icmp[1]) {
		return 0;
	}
	icmp[0] = 0;
	sum = read16(icmp + 2) + (ICMP_REQUEST << 8);
	sum = (sum & 0xffff) + (sum >> 16);
	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
	e->pings++;
	return 1;
}

static uint32_t datagram_answer(struct net_echo *e, uint8_t *udp, uint32_t bytes)
{
	if (bytes < UDP_BYTES || read16(udp + 4) != bytes || read16(udp + 2) != PORT_ECHO) {
		return 0;
	}
	swap(udp, udp + 2, 2);
	e->datagrams++;
	return 1;
}

static uint32_t ip_answer(struct net_echo *e, uint8_t *packet, uint32_t bytes)
{
	uint8_t *ip = packet + ETHERNET_BYTES, *payload = ip + IP_BYTES;
	uint32_t total, answered = 0;

	if (bytes < ETHERNET_BYTES + IP_BYTES || ip[0] != 0x45 || memcmp(ip + 16, e->address, 4) ||
	    net_sum(ip, IP_BYTES, 0) != 0xffff || read16(ip + 6) & 0x3fff) {
		return 0;
	}
	total = read16(ip + 2);
	if (total < IP_BYTES || total > bytes - ETHERNET_BYTES) {
		return 0;
	}
	if (ip[9] == PROTOCOL_ICMP) {
		answered = ping_answer(e, payload, total - IP_BYTES);
	} else if (ip[9] == NET_PROTOCOL_UDP) {
		answered = datagram_answer(e, payload, total - IP_BYTES);
	}
	if (!answered) {
		return 0;
	}
	swap(ip + 12, ip + 16, 4);
	return ETHERNET_BYTES + total;
}

uint32_t net_echo_answer(struct net_echo *e, uint8_t *packet, uint32_t bytes)
{
	uint32_t answer = 0;

	/* What comes from a group or from ourselves would be answered to others, or forever. */
	if (bytes >= ETHERNET_BYTES && !(packet[6] & 1) && memcmp(packet + 6, e->mac, 6)) {
		switch (read16(packet + 12)) {
		case 0x0806:
			answer = arp_answer(e, packet, bytes);
			break;
		case 0x0800:
			answer = ip_answer(e, packet, bytes);
			break;
		default:
			break;
		}
	}
	if (!answer) {
		e->others++;
		return 0;
	}
	memcpy(packet, packet + 6, 6);
	memcpy(packet + 6, e->mac, 6);
	return answer;
}
