/* SPDX-License-Identifier: MIT */
/*
 * The engine of a network back end; see back.h. Where a guest errs, this does what Linux's back
 * end does: a packet that is wrong in itself is answered with an error, a ring whose packets cannot
 * be told apart any more is given up. No lock.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "back.h"

/* Requests behind the first one of a packet: what front ends may rely on, and what only a hostile
 * one would send. Between the two the packet is dropped. */
#define MORE_MAX    XEN_NETIF_NR_SLOTS_MIN
#define MORE_ABSURD 20

_Static_assert(sizeof(netif_tx_request_t) == 12 && sizeof(netif_rx_request_t) == 8, "slots");
_Static_assert(sizeof(netif_extra_info_t) == 8, "an extra fits into the smaller slot");

void net_back_init(struct net_back *b, void *tx_page, void *rx_page, struct net_multicast *m)
{
	*b = (struct net_back){.multicast = m};
	ring_back_init(&b->tx, tx_page, NET_PIECE_MAX, sizeof(netif_tx_request_t));
	ring_back_init(&b->rx, rx_page, NET_PIECE_MAX, sizeof(netif_rx_request_t));
}

static int broken(struct net_back *b, const char *why)
{
	b->broken = why;
	return -EPROTO;
}

static struct net_slot *slot_add(struct net_batch *t, uint16_t id, int16_t status)
{
	struct net_slot *s = &t->slots[t->slot_count++];

	*s = (struct net_slot){.answer.tx = {.id = id, .status = status}};
	return s;
}

static struct net_slot *slot_add_request(struct net_batch *t, const netif_tx_request_t *request)
{
	struct net_slot *s = slot_add(t, request->id, NETIF_RSP_OKAY);

	s->ref = request->gref;
	s->offset = request->offset;
	s->bytes = request->size;
	return s;
}

void net_back_fail_tx(struct net_slot *s)
{
	s->bytes = 0;
	if (s->answer.tx.status != NETIF_RSP_NULL) {
		s->answer.tx.status = NETIF_RSP_ERROR;
	}
}

/* A packet being collected. */
struct collect {
	struct net_batch *batch;
	uint32_t waiting; /* requests that are in the ring still */
	netif_tx_request_t first;
	netif_extra_info_t extras[NET_EXTRA_TYPES]; /* by type; type 0: there was none */
	struct net_entry entry;
};

static void drop(struct collect *c)
{
	for (uint32_t i = c->entry.slot_first; i < c->batch->slot_count; i++) {
		net_back_fail_tx(&c->batch->slots[i]);
	}
}

static int collect_extras(struct net_back *b, struct collect *c)
{
	netif_extra_info_t extra;

	do {
		if (!c->waiting) {
			return broken(b, "an extra slot is announced that did not come");
		}
		c->waiting--;
		ring_back_take(&b->tx, &extra, sizeof(extra));
		if (extra.type == XEN_NETIF_EXTRA_TYPE_NONE || extra.type >= NET_EXTRA_TYPES) {
			return broken(b, "an extra slot has no known type");
		}
		c->extras[extra.type] = extra;
		slot_add(c->batch, 0, NETIF_RSP_NULL);
	} while (extra.flags & XEN_NETIF_EXTRA_FLAG_MORE);
	return 0;
}

/*
 * Takes the requests behind the first one. A total that they exceed is no reason to give the ring
 * up: there are front ends whose field of 16 bits overflowed. Returns 1 if the packet is to be
 * dropped.
 */
static int collect_more(struct net_back *b, struct collect *c)
{
	netif_tx_request_t next = c->first;
	uint32_t left = c->first.size;
	int is_wrong = 0;

	for (uint32_t count = 0; next.flags & NETTXF_more_data; count++) {
		if (!c->waiting) {
			return broken(b, "a packet goes on in a request that did not come");
		}
		if (count >= MORE_ABSURD) {
			return broken(b, "a packet has more pieces than any packet may have");
		}
		c->waiting--;
		ring_back_take(&b->tx, &next, sizeof(next));
		if (next.offset + next.size > NET_PIECE_MAX) {
			return broken(b, "a piece of a packet crosses the end of its page");
		}
		slot_add_request(c->batch, &next);
		is_wrong |= count >= MORE_MAX || next.size > left;
		left -= is_wrong ? 0 : next.size;
	}
	c->batch->slots[c->entry.slot_first].bytes = left;
	return is_wrong;
}

static int collect_gso(struct net_back *b, struct collect *c)
{
	const netif_extra_info_t *gso = &c->extras[XEN_NETIF_EXTRA_TYPE_GSO];

	if (!gso->type) {
		return 0;
	}
	if (!gso->u.gso.size) {
		return broken(b, "a packet is to be cut into segments of no bytes");
	}
	if (!net_gso_is_known(gso->u.gso.type)) {
		return broken(b, "a packet is to be cut into segments of no known type");
	}
	c->entry.packet.gso_type = gso->u.gso.type;
	c->entry.packet.gso_bytes = gso->u.gso.size;
	return 0;
}

static int collect_packet(struct net_back *b, struct collect *c)
{
	struct net_slot *first = &c->batch->slots[c->entry.slot_first];
	int result = collect_more(b, c);

	if (result < 0) {
		return result;
	}
	if (result || first->bytes < NET_PACKET_MIN) {
		drop(c);
		return 0;
	}
	if (first->offset + first->bytes > NET_PIECE_MAX) {
		return broken(b, "the first piece of a packet crosses the end of its page");
	}
	if (collect_gso(b, c)) {
		return -EPROTO;
	}
	c->entry.packet.bytes = c->first.size;
	c->entry.packet.is_csum_blank = c->first.flags & NETTXF_csum_blank;
	c->entry.packet.is_validated = c->first.flags & NETTXF_data_validated;
	c->entry.slot_count = c->batch->slot_count - c->entry.slot_first;
	c->batch->entries[c->batch->entry_count++] = c->entry;
	return 0;
}

static bool multicast_add(struct net_multicast *m, const uint8_t address[6])
{
	if (m->count == NET_MULTICAST_MAX) {
		return false;
	}
	memcpy(m->addresses[m->count++], address, 6);
	return true;
}

static int multicast_find(const struct net_multicast *m, const uint8_t address[6])
{
	for (uint32_t i = 0; i < m->count; i++) {
		if (!memcmp(m->addresses[i], address, 6)) {
			return i;
		}
	}
	return -1;
}

static void multicast_delete(struct net_multicast *m, const uint8_t address[6])
{
	int i = multicast_find(m, address);

	if (i >= 0) {
		memcpy(m->addresses[i], m->addresses[--m->count], 6);
	}
}

bool net_multicast_wants(const struct net_multicast *m, const uint8_t address[6])
{
	static const uint8_t everyone[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	return !m->is_active || !(address[0] & 1) || !memcmp(address, everyone, 6) ||
	       multicast_find(m, address) >= 0;
}

/* A request that carries no packet, but a change of the list of multicast addresses. */
static bool collect_multicast(struct net_back *b, struct collect *c)
{
	const netif_extra_info_t *add = &c->extras[XEN_NETIF_EXTRA_TYPE_MCAST_ADD];
	const netif_extra_info_t *del = &c->extras[XEN_NETIF_EXTRA_TYPE_MCAST_DEL];
	struct net_slot *s = &c->batch->slots[c->entry.slot_first];

	if (!add->type && !del->type) {
		return false;
	}
	s->bytes = 0;
	if (!add->type) {
		multicast_delete(b->multicast, del->u.mcast.addr);
	} else if (!multicast_add(b->multicast, add->u.mcast.addr)) {
		net_back_fail_tx(s);
	}
	return true;
}

static int collect(struct net_back *b, struct collect *c)
{
	c->entry = (struct net_entry){.slot_first = c->batch->slot_count};
	memset(c->extras, 0, sizeof(c->extras));
	slot_add_request(c->batch, &c->first);
	if (c->first.flags & NETTXF_extra_info && collect_extras(b, c)) {
		return -EPROTO;
	}
	return collect_multicast(b, c) ? 0 : collect_packet(b, c);
}

int net_back_take(struct net_back *b, struct net_batch *t, uint64_t *allowance)
{
	int waiting = ring_back_available(&b->tx);
	struct collect c = {.batch = t, .waiting = waiting};

	t->slot_count = t->entry_count = 0;
	b->beyond_bytes = 0;
	if (waiting < 0) {
		return broken(b, "the tx ring has an impossible number of requests");
	}
	while (c.waiting) {
		ring_back_take(&b->tx, &c.first, sizeof(c.first));
		if (c.first.size > *allowance) {
			b->tx.req--; /* it stays in the ring until there is more to spend */
			b->beyond_bytes = c.first.size;
			return 0;
		}
		c.waiting--;
		*allowance -= c.first.size;
		if (collect(b, &c)) {
			return -EPROTO;
		}
	}
	return 0;
}

bool net_back_is_idle(struct net_back *b)
{
	return ring_back_idle(&b->tx);
}

void net_back_fail_rx(struct net_slot *s)
{
	s->bytes = 0;
	s->answer.rx.status = NETIF_RSP_ERROR;
}

/* Takes a buffer for the next so many bytes. */
static void place_piece(struct net_back *b, struct net_batch *t, uint32_t bytes, uint16_t flags)
{
	struct net_slot *s = slot_add(t, 0, 0);
	netif_rx_request_t request;

	ring_back_take(&b->rx, &request, sizeof(request));
	s->ref = request.gref;
	s->bytes = bytes;
	s->answer.rx = (netif_rx_response_t){.id = request.id, .flags = flags, .status = bytes};
}

/* Takes a buffer, whose slot is needed; the buffer stays as it is. */
static void place_gso(struct net_back *b, struct net_batch *t, const struct net_packet *p)
{
	struct net_slot *s = slot_add(t, 0, 0);
	netif_rx_request_t request;

	ring_back_take(&b->rx, &request, sizeof(request));
	s->answer.extra = (netif_extra_info_t){.type = XEN_NETIF_EXTRA_TYPE_GSO};
	s->answer.extra.u.gso.size = p->gso_bytes;
	s->answer.extra.u.gso.type = p->gso_type;
}

static uint16_t first_flags(const struct net_packet *p)
{
	return (p->is_csum_blank ? NETRXF_csum_blank | NETRXF_data_validated : 0) |
	       (p->is_validated ? NETRXF_data_validated : 0) |
	       (p->gso_type ? NETRXF_extra_info : 0);
}

/*
 * Whether there are buffers enough; if not, the guest is asked to notify when there are. A batch
 * has room for them: a ring does not hold more than NET_SLOTS requests without an answer.
 */
static int check_buffers(struct net_back *b, int need)
{
	int waiting = ring_back_available(&b->rx);

	if (waiting >= 0 && waiting < need) {
		waiting = ring_back_ask(&b->rx, need);
	}
	if (waiting < 0) {
		return broken(b, "the rx ring has an impossible number of requests");
	}
	return waiting < need ? -EAGAIN : 0;
}

int net_back_place(struct net_back *b, struct net_batch *t, const struct net_packet *p)
{
	uint32_t pieces = net_packet_pieces(p), left = p->bytes;
	struct net_entry *entry = &t->entries[t->entry_count];
	uint16_t flags = first_flags(p);
	int result;

	if (!left || left > NET_PACKET_MAX || (b->is_sg_refused && pieces > 1)) {
		return -EMSGSIZE;
	}
	result = check_buffers(b, pieces + !!p->gso_type);
	if (result) {
		return result;
	}
	*entry = (struct net_entry){.slot_first = t->slot_count, .packet = *p};
	for (; pieces; pieces--, flags = 0) {
		uint32_t bytes = pieces > 1 ? NET_PIECE_MAX : left;

		place_piece(b, t, bytes, flags | (pieces > 1 ? NETRXF_more_data : 0));
		if (flags & NETRXF_extra_info) {
			place_gso(b, t, p);
		}
		left -= bytes;
	}
	entry->slot_count = t->slot_count - entry->slot_first;
	t->entry_count++;
	return 0;
}

bool net_back_answer(struct ring *ring, struct net_batch *t)
{
	/* A tx response has 4 bytes; those behind them in its slot of 12 are of no meaning. */
	for (uint32_t i = 0; i < t->slot_count; i++) {
		ring_back_answer(ring, &t->slots[i].answer, sizeof(t->slots[i].answer));
	}
	t->slot_count = t->entry_count = 0;
	return ring_back_push(ring);
}
