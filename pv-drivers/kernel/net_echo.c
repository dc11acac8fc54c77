/* SPDX-License-Identifier: MIT */
/* Answers to ARP, ping and UDP; see net_echo.h. */
#include <string.h>

#include "../net/offload.h"
#include "net_echo.h"
#include "net_ip.h"

enum {
	UDP_BYTES = 8,
	ICMP_BYTES = 8,
	ICMP_REQUEST = 8,
	PORT_ECHO = 7,
};

static void swap(uint8_t *a, uint8_t *b, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++) {
		uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

/* "Who has this address?" comes back with our MAC as the sender's, all else swapped. */
static uint32_t arp_answer(struct net_echo *e, uint8_t *packet, uint32_t bytes)
{
	static const uint8_t request[8] = {0, 1, 8, 0, 6, 4, 0, 1}; /* of IPv4 in Ethernet */
	uint8_t *arp = packet + NET_ETHERNET_BYTES;

	if (bytes < NET_ETHERNET_BYTES + NET_ARP_BYTES || memcmp(arp, request, sizeof(request)) ||
	    memcmp(arp + 24, e->address, 4)) {
		return 0;
	}
	arp[7] = 2;
	swap(arp + 8, arp + 18, 10);
	memcpy(arp + 8, e->mac, 6);
	e->arps++;
	return NET_ETHERNET_BYTES + NET_ARP_BYTES;
}

/* The answer's type is 0 where the request's was 8: the checksum grows by as much. */
static uint32_t ping_answer(struct net_echo *e, uint8_t *icmp, uint32_t bytes)
{
	uint32_t sum;

	if (bytes < ICMP_BYTES || icmp[0] != ICMP_REQUEST || icmp[1]) {
		return 0;
	}
	icmp[0] = 0;
	sum = net_get16(icmp + 2) + (ICMP_REQUEST << 8);
	sum = (sum & 0xffff) + (sum >> 16);
	net_put16(icmp + 2, sum);
	e->pings++;
	return 1;
}

static uint32_t datagram_answer(struct net_echo *e, uint8_t *udp, uint32_t bytes)
{
	if (bytes < UDP_BYTES || net_get16(udp + 4) != bytes || net_get16(udp + 2) != PORT_ECHO) {
		return 0;
	}
	swap(udp, udp + 2, 2);
	e->datagrams++;
	return 1;
}

static uint32_t ip_answer(struct net_echo *e, uint8_t *packet, uint32_t bytes)
{
	uint8_t *ip = packet + NET_ETHERNET_BYTES, *payload = packet + NET_IP_PAYLOAD;
	int payload_bytes = net_ip_payload(packet, bytes, e->address);
	uint32_t answered = 0;

	if (payload_bytes < 0) {
		return 0;
	}
	if (ip[9] == NET_PROTOCOL_ICMP) {
		answered = ping_answer(e, payload, (uint32_t)payload_bytes);
	} else if (ip[9] == NET_PROTOCOL_UDP) {
		answered = datagram_answer(e, payload, (uint32_t)payload_bytes);
	}
	if (!answered) {
		return 0;
	}
	swap(ip + 12, ip + 16, 4);
	return NET_IP_PAYLOAD + (uint32_t)payload_bytes;
}

uint32_t net_echo_answer(struct net_echo *e, uint8_t *packet, uint32_t bytes)
{
	uint32_t answer = 0;

	/* What comes from a group or from ourselves would be answered to others, or forever. */
	if (bytes >= NET_ETHERNET_BYTES && !(packet[6] & 1) && memcmp(packet + 6, e->mac, 6)) {
		switch (net_get16(packet + 12)) {
		case NET_TYPE_ARP:
			answer = arp_answer(e, packet, bytes);
			break;
		case NET_TYPE_IP:
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
