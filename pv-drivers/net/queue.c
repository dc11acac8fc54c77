/* SPDX-License-Identifier: MIT */
/*
 * Packets of the network front end, from the caller's memory to the ring and back; see front.h.
 *
 *	send:     free buffers -> filled -> requests in the tx ring -> responses -> free
 *	receive:  all buffers wait in the rx ring; a response's is emptied and put in again at once
 *
 * Invariant: a tx buffer is free, or busy and then the id of one request in the ring. In the rx
 * ring there are always as many requests without a response taken as there are buffers.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "front.h"

enum { NO_BUFFER = 0xffff };

_Static_assert(sizeof(struct net_buffer) * NET_SLOTS <= PLATFORM_PAGE_BYTES, "a page has them all");

static int abused(struct net_queue *q, const char *why)
{
	q->front->is_ready = false;
	device_fail(&q->front->device, why);
	return -EIO;
}

/* --- Buffers --- */

static int buffers_open(struct net_front *f, struct net_buffer **buffers, uint32_t *count,
			uint32_t want, bool is_tx)
{
	*buffers = platform_pages(1);
	if (!*buffers) {
		return -ENOMEM;
	}
	while (*count < want) {
		struct net_buffer *b = &(*buffers)[*count];
		int rc;

		b->page = platform_pages(1);
		if (!b->page) {
			return -ENOMEM;
		}
		rc = platform_grant(f->device.back_id, b->page, is_tx, &b->ref);
		if (rc) {
			platform_pages_free(b->page, 1);
			return rc;
		}
		++*count;
	}
	return 0;
}

static void buffers_close(struct net_buffer *buffers, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		platform_grant_free(buffers[i].ref, buffers[i].page);
	}
	if (buffers) {
		platform_pages_free(buffers, 1);
	}
}

static void tx_put_free(struct net_queue *q, uint16_t id)
{
	q->tx_buffers[id].is_busy = false;
	q->tx_buffers[id].next = q->tx_first;
	q->tx_first = id;
	q->tx_free++;
}

static uint16_t tx_get_free(struct net_queue *q)
{
	uint16_t id = q->tx_first;

	q->tx_first = q->tx_buffers[id].next;
	q->tx_buffers[id].is_busy = true;
	q->tx_free--;
	return id;
}

/* --- Sending --- */

/* Takes what the back end answered; buffers are free again, whether a packet was sent or not. */
static int tx_reap(struct net_queue *q)
{
	int waiting = ring_front_available(&q->tx);

	if (waiting < 0) {
		return abused(q, "more tx responses than there were requests");
	}
	while (waiting--) {
		netif_tx_response_t response;

		ring_front_take(&q->tx, &response, sizeof(response));
		if (response.status == NETIF_RSP_NULL) {
			continue; /* to an extra slot, or the back end loses us a buffer */
		}
		if (response.id >= q->tx_count || !q->tx_buffers[response.id].is_busy) {
			return abused(q, "a tx response fits no request");
		}
		tx_put_free(q, response.id);
	}
	return 0;
}

static bool tx_has_room(const struct net_queue *q, uint32_t buffers, uint32_t slots)
{
	return q->tx_free >= buffers && ring_front_free(&q->tx) >= slots;
}

/* -EAGAIN: an event comes when there is room, or some of it. */
static int tx_room(struct net_queue *q, uint32_t buffers, uint32_t slots)
{
	int rc = tx_reap(q);

	if (!rc && !tx_has_room(q, buffers, slots) && !ring_front_idle(&q->tx)) {
		rc = tx_reap(q);
	}
	if (rc) {
		return rc;
	}
	return tx_has_room(q, buffers, slots) ? 0 : -EAGAIN;
}

static void tx_put(struct net_queue *q, const void *data, uint32_t bytes, uint32_t size,
		   uint16_t flags)
{
	uint16_t id = tx_get_free(q);
	const struct net_buffer *b = &q->tx_buffers[id];
	netif_tx_request_t request = {
		.gref = b->ref, .flags = flags, .id = id, .size = (uint16_t)size};

	memcpy(b->page, data, bytes);
	ring_front_put(&q->tx, &request, sizeof(request));
}

static void tx_put_gso(struct net_queue *q, const struct net_packet *p)
{
	netif_extra_info_t extra = {.type = XEN_NETIF_EXTRA_TYPE_GSO};

	extra.u.gso.size = p->gso_bytes;
	extra.u.gso.type = p->gso_type;
	ring_front_put(&q->tx, &extra, sizeof(extra));
}

static int tx_check(const struct net_front *f, const struct net_packet *p)
{
	const struct net_info *info = &f->info;

	if (p->bytes < NET_PACKET_MIN || p->bytes > NET_PACKET_MAX ||
	    (p->bytes > NET_PIECE_MAX && !info->has_sg)) {
		return -EMSGSIZE;
	}
	if ((p->gso_type == XEN_NETIF_GSO_TYPE_TCPV4 && info->has_gso_v4) ||
	    (p->gso_type == XEN_NETIF_GSO_TYPE_TCPV6 && info->has_gso_v6)) {
		return p->gso_bytes && p->is_csum_blank ? 0 : -EINVAL;
	}
	return p->gso_type ? -EOPNOTSUPP : 0;
}

int net_send(struct net_front *f, uint32_t queue, const struct net_packet *p, const void *data)
{
	struct net_queue *q = &f->queues[queue];
	const unsigned char *from = data;
	uint32_t pieces = net_packet_pieces(p), left = p->bytes;
	uint16_t flags = (p->is_csum_blank ? NETTXF_csum_blank | NETTXF_data_validated : 0) |
			 (p->is_validated ? NETTXF_data_validated : 0) |
			 (p->gso_type ? NETTXF_extra_info : 0);
	int rc = f->is_ready ? tx_check(f, p) : -ENODEV;

	rc = rc ? rc : tx_room(q, pieces, pieces + !!p->gso_type);
	if (rc) {
		return rc;
	}
	for (; pieces; pieces--, flags = 0) {
		uint32_t bytes = pieces > 1 ? NET_PIECE_MAX : left;

		/* The first request's size is that of the whole. */
		tx_put(q, from, bytes, from == data ? p->bytes : bytes,
		       flags | (pieces > 1 ? NETTXF_more_data : 0));
		if (flags & NETTXF_extra_info) {
			tx_put_gso(q, p);
		}
		from += bytes;
		left -= bytes;
	}
	return 0;
}

void net_push(struct net_front *f, uint32_t queue)
{
	struct net_queue *q = &f->queues[queue];

	if (f->is_ready && ring_front_push(&q->tx)) {
		platform_notify(q->tx_port);
	}
}

int net_multicast(struct net_front *f, const uint8_t address[6], bool is_wanted)
{
	netif_extra_info_t extra = {.type = is_wanted ? XEN_NETIF_EXTRA_TYPE_MCAST_ADD
						      : XEN_NETIF_EXTRA_TYPE_MCAST_DEL};
	struct net_queue *q = &f->queues[0];
	int rc;

	if (!f->is_ready || !f->info.has_multicast) {
		return f->is_ready ? -EOPNOTSUPP : -ENODEV;
	}
	rc = tx_room(q, 1, 2);
	if (rc) {
		return rc;
	}
	memcpy(extra.u.mcast.addr, address, 6);
	tx_put(q, address, 0, 0, NETTXF_extra_info);
	ring_front_put(&q->tx, &extra, sizeof(extra));
	net_push(f, 0);
	return 0;
}

/* --- Receiving --- */

/* Puts the buffer of the next counter into the ring. */
static void rx_put(struct net_queue *q)
{
	netif_rx_request_t request = {
		.id = (uint16_t)(q->rx.req & (NET_SLOTS - 1)),
		.gref = q->rx_buffers[q->rx.req & (q->rx_count - 1)].ref,
	};

	ring_front_put(&q->rx, &request, sizeof(request));
}

static void rx_push(struct net_queue *q)
{
	if (ring_front_push(&q->rx)) {
		platform_notify(q->rx_port);
	}
}

/* A packet being received. */
struct receive {
	struct net_queue *queue;
	struct net_packet *packet;
	unsigned char *data;
	uint32_t room;
	uint32_t waiting; /* responses that are in the ring still */
	bool is_wrong;
};

/* Copies a piece out of its buffer, and gives the buffer back. */
static uint16_t receive_piece(struct receive *r)
{
	struct ring *ring = &r->queue->rx;
	const unsigned char *page = r->queue->rx_buffers[ring->rsp & (r->queue->rx_count - 1)].page;
	netif_rx_response_t response;
	uint32_t bytes;

	r->waiting--;
	ring_front_take(ring, &response, sizeof(response));
	bytes = response.status < 0 ? 0 : (uint32_t)response.status;
	if (response.status < 0 || response.offset + bytes > NET_PIECE_MAX ||
	    bytes > r->room - r->packet->bytes) {
		r->is_wrong = true;
	}
	if (!r->is_wrong) {
		memcpy(r->data + r->packet->bytes, page + response.offset, bytes);
		r->packet->bytes += bytes;
	}
	rx_put(r->queue);
	return response.flags;
}

static void receive_gso(struct receive *r, const netif_extra_info_t *extra)
{
	r->packet->gso_type = extra->u.gso.type;
	r->packet->gso_bytes = extra->u.gso.size;
	r->is_wrong |= !net_gso_is_known(extra->u.gso.type) || !extra->u.gso.size;
}

static int receive_extras(struct receive *r)
{
	netif_extra_info_t extra;

	do {
		if (!r->waiting) {
			return abused(r->queue, "an extra rx slot is announced that did not come");
		}
		r->waiting--;
		ring_front_take(&r->queue->rx, &extra, sizeof(extra));
		rx_put(r->queue);
		if (extra.type == XEN_NETIF_EXTRA_TYPE_GSO) {
			receive_gso(r, &extra);
		} else if (extra.type == XEN_NETIF_EXTRA_TYPE_NONE ||
			   extra.type >= NET_EXTRA_TYPES) {
			return abused(r->queue, "an extra rx slot has no known type");
		}
	} while (extra.flags & XEN_NETIF_EXTRA_FLAG_MORE);
	return 0;
}

/* The packet's slots are all there: a back end shows them together. */
static int receive_packet(struct receive *r)
{
	uint16_t flags = receive_piece(r);

	r->packet->is_csum_blank = flags & NETRXF_csum_blank;
	r->packet->is_validated = flags & (NETRXF_csum_blank | NETRXF_data_validated);
	if (flags & NETRXF_extra_info && receive_extras(r)) {
		return -EIO;
	}
	while (flags & NETRXF_more_data) {
		if (!r->waiting) {
			return abused(r->queue, "a received packet goes on in no further slot");
		}
		flags = receive_piece(r);
	}
	r->is_wrong |= r->packet->bytes < NET_PACKET_MIN;
	return 0;
}

int net_receive(struct net_front *f, uint32_t queue, struct net_packet *p, void *data,
		uint32_t room)
{
	struct net_queue *q = &f->queues[queue];

	while (f->is_ready) {
		int waiting = ring_front_available(&q->rx);
		struct receive r = {q, p, data, room, (uint32_t)waiting, false};

		if (waiting < 0) {
			return abused(q, "more rx responses than there were requests");
		}
		if (!waiting) {
			if (ring_front_idle(&q->rx)) {
				return 0;
			}
			continue;
		}
		*p = (struct net_packet){0};
		if (receive_packet(&r)) {
			return -EIO;
		}
		rx_push(q);
		if (!r.is_wrong) {
			return 1;
		}
		q->dropped++;
	}
	return -ENODEV;
}

/* --- The queue as a whole --- */

static void port_event(void *arg)
{
	struct net_queue *q = arg;

	if (q->front->is_ready) {
		q->front->event(q->front, (uint32_t)(q - q->front->queues));
	}
}

static int ports_open(struct net_front *f, struct net_queue *q, bool is_split)
{
	int rc = platform_port_open(f->device.back_id, port_event, q, &q->tx_port);

	if (rc) {
		return rc;
	}
	if (!is_split) {
		q->rx_port = q->tx_port;
		return 0;
	}
	return platform_port_open(f->device.back_id, port_event, q, &q->rx_port);
}

static void ports_close(struct net_queue *q)
{
	if (q->rx_port && q->rx_port != q->tx_port) {
		platform_port_close(q->rx_port);
	}
	if (q->tx_port) {
		platform_port_close(q->tx_port);
	}
}

int net_queue_open(struct net_front *f, struct net_queue *q, bool is_split)
{
	int rc = device_share(&f->device, &q->shared, 2);

	q->front = f;
	q->tx_first = NO_BUFFER;
	if (rc) {
		return rc;
	}
	ring_front_init(&q->tx, q->shared.pages, PLATFORM_PAGE_BYTES, sizeof(netif_tx_request_t));
	ring_front_init(&q->rx, q->shared.pages + PLATFORM_PAGE_BYTES, PLATFORM_PAGE_BYTES,
			sizeof(netif_rx_request_t));
	rc = buffers_open(f, &q->tx_buffers, &q->tx_count, f->options.tx_buffers, true);
	rc = rc ? rc : buffers_open(f, &q->rx_buffers, &q->rx_count, f->options.rx_buffers, false);
	rc = rc ? rc : ports_open(f, q, is_split);
	if (rc) {
		return rc;
	}
	for (uint32_t i = 0; i < q->tx_count; i++) {
		tx_put_free(q, (uint16_t)i);
	}
	for (uint32_t i = 0; i < q->rx_count; i++) {
		rx_put(q);
	}
	ring_front_push(&q->rx);
	return 0;
}

void net_queue_close(struct net_queue *q)
{
	ports_close(q);
	buffers_close(q->tx_buffers, q->tx_count);
	buffers_close(q->rx_buffers, q->rx_count);
	device_unshare(&q->shared);
	memset(q, 0, sizeof(*q));
}
