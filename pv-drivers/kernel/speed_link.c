/* SPDX-License-Identifier: MIT */
/* What comes and what goes through the network of a measure; see speed_link.h. */
#include "../net/offload.h"
#include "net_echo.h"
#include "speed_link.h"

enum { BUFFERS = 256, TCP_PAYLOAD = NET_IP_PAYLOAD + 20 };
#define PATIENCE_NS (60 * 1000000000ul)
#define QUIET_NS    (300 * 1000000ul)

struct link link;

static struct net_echo echo; /* answers who asks who we are, and pings */
static u8 *in;               /* a packet that came */

/* --- What comes --- */

static bool ip_take(u32 bytes)
{
	struct link_packet p = {in, in + NET_IP_PAYLOAD, 0, in[NET_ETHERNET_BYTES + 9]};
	int payload_bytes = net_ip_payload(in, bytes, link.us.address);

	if (payload_bytes < 0 || (p.protocol == NET_PROTOCOL_ICMP && payload_bytes && *p.payload)) {
		return false;
	}
	p.payload_bytes = (u32)payload_bytes;
	link.take(&p);
	return true;
}

static void packet_take(const struct net_packet *p)
{
	struct net_packet answer = {.is_csum_blank = p->is_csum_blank};

	if (net_tcp_take(&link.tcp, in, p->bytes) || ip_take(p->bytes)) {
		return;
	}
	if (net_arp_take(in, p->bytes, &link.peer)) {
		link.has_peer = true;
		return;
	}
	answer.bytes = p->gso_type ? 0 : net_echo_answer(&echo, in, p->bytes);
	if (answer.bytes) {
		net_send(&link.front, 0, &answer, in);
	}
}

void link_receive(void)
{
	struct net_packet p;

	while (net_receive(&link.front, 0, &p, in, LINK_PACKET_PAGES * PAGE_SIZE) == 1) {
		packet_take(&p);
	}
}

/* --- What goes --- */

void link_send(void)
{
	u32 most = link.front.info.has_gso_v4 ? NET_PACKET_MAX - TCP_PAYLOAD : link.tcp.mss;

	for (;;) {
		struct net_tcp_segment s = net_tcp_make(&link.tcp, link.out, most);
		struct net_packet p = {.bytes = s.packet_bytes, .is_csum_blank = true};

		if (s.payload_bytes > link.tcp.mss) {
			p.gso_type = XEN_NETIF_GSO_TYPE_TCPV4;
			p.gso_bytes = link.tcp.mss;
		}
		if (!p.bytes || net_send(&link.front, 0, &p, link.out)) {
			break; /* an event tells when there is room */
		}
		net_tcp_sent(&link.tcp, &s);
	}
	net_push(&link.front, 0);
}

bool link_packet_send(u32 bytes, bool is_csum_blank)
{
	struct net_packet p = {.bytes = bytes, .is_csum_blank = is_csum_blank};

	while (link.front.is_ready) {
		if (!net_send(&link.front, 0, &p, link.out)) {
			net_push(&link.front, 0);
			return true;
		}
		thread_wait(FOREVER);
	}
	return false;
}

u32 link_datagram_make(const struct net_end *to, u16 to_port, u32 bytes)
{
	u8 *udp = link.out + NET_IP_PAYLOAD;
	u32 all = net_ip_make(link.out, &link.us, to, NET_PROTOCOL_UDP, LINK_UDP_BYTES + bytes);
	struct net_headers h;

	net_put16(udp, LINK_PORT);
	net_put16(udp + 2, to_port);
	net_put16(udp + 4, LINK_UDP_BYTES + bytes);
	net_put16(udp + 6, 0);
	if (!net_headers_parse(link.out, all, &h)) {
		net_csum_blank(link.out, all, &h);
	}
	return all;
}

bool link_rest(void)
{
	u64 quiet = system_time() + QUIET_NS;

	thread_wait(quiet);
	return system_time() >= quiet;
}

void link_again(void)
{
	net_tcp_again(&link.tcp);
	if (!link.has_peer) {
		link_packet_send(net_arp_make(link.out, &link.us, link.peer.address), false);
	}
}

/* --- The network --- */

static void front_changed(struct net_front *f)
{
	thread_wake();
}

/* An event is what the thread waits for. */
static void front_event(struct net_front *f, uint32_t queue)
{
}

bool link_open(const char *path, void (*take)(const struct link_packet *p))
{
	const struct net_options options = {
		.queues = 1, .tx_buffers = BUFFERS, .rx_buffers = BUFFERS, .has_gso = true};
	const char *ours = argument_text("ip"), *theirs = argument_text("peer");
	u64 end = system_time() + PATIENCE_NS;

	in = platform_pages(LINK_PACKET_PAGES);
	link.out = platform_pages(LINK_PACKET_PAGES);
	link.take = take;
	if (!in || !link.out || !ours || !net_address_read(ours, link.us.address) ||
	    (theirs && !net_address_read(theirs, link.peer.address)) ||
	    net_start(&link.front, path, &options, front_changed, front_event)) {
		return false;
	}
	while (!link.front.is_ready && system_time() < end) {
		thread_wait(end);
	}
	memcpy(link.us.mac, link.front.info.mac, sizeof(link.us.mac));
	memcpy(echo.mac, link.us.mac, sizeof(echo.mac));
	memcpy(echo.address, link.us.address, sizeof(echo.address));
	return link.front.is_ready;
}
