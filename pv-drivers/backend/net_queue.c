/* SPDX-License-Identifier: MIT */
/* The rings of network devices, and packets between them and the tap; see net.h. */
#include <stddef.h>

#include "backend/net.h"
#include "backend/own_pages.h"
#include "net/offload.h"

enum {
	PAGE_BYTES = GRANT_PAGE_BYTES,
	/* What is copied together; behind it there is room for one packet more, the largest. */
	ROUND_PAGES = 64,
	PACKET_PAGES = 18, /* the pages that it touches, behind one for its header */
	TURN = 64,         /* packets read before the others have their turn */
	/* A slot has at most a page, and thus touches two. */
	COPIES_MAX = 2 * NET_SLOTS,
};

_Static_assert(ROUND_PAGES + PACKET_PAGES == OWN_PAGES, "the room");
_Static_assert(OWN_PAGES <= COPIES_MAX, "packets to the guest touch each page once");

/* Shared by all devices, and by both ways: it is empty before the event loop goes on. */
static struct {
	uint8_t *pages;
	uint32_t used; /* bytes of packets to the guest */
	struct net_batch tx_batch;
	uint8_t *rows[NET_SLOTS]; /* where each packet of it lies */
	xengnttab_grant_copy_segment_t copies[COPIES_MAX];
	struct net_slot *slots[COPIES_MAX]; /* which each copy is for */
	uint32_t copy_count;
} room;

int net_room_init(void)
{
	room.pages = own_pages_get();
	return room.pages ? 0 : -ENOMEM;
}

/* --- Copies --- */

/* Adds those of a slot, cut where a page ends here. */
static void copies_add_slot(struct net_slot *s, uint8_t *data, bool to_guest)
{
	uint32_t done, part;

	for (done = 0; done < s->bytes; done += part, data += part) {
		part = PAGE_BYTES - (uintptr_t)data % PAGE_BYTES;
		part = part < s->bytes - done ? part : s->bytes - done;
		room.slots[room.copy_count] = s;
		grant_copy_set(&room.copies[room.copy_count++], to_guest, s->ref,
			       (uint16_t)(s->offset + done), data, (uint16_t)part);
	}
}

/* Adds the copies of a packet's pieces, which lie in a row here; returns the end of the row. */
static uint8_t *copies_add(struct net_batch *t, const struct net_entry *e, uint8_t *data,
			   bool to_guest)
{
	for (uint32_t i = e->slot_first; i < e->slot_first + e->slot_count; i++) {
		copies_add_slot(&t->slots[i], data, to_guest);
		data += t->slots[i].bytes;
	}
	return data;
}

/* Makes them; slots whose copy failed are answered with an error. */
static void copies_make(void (*fail)(struct net_slot *s))
{
	bool is_failed = grants_copy(room.copies, room.copy_count);

	for (uint32_t i = 0; i < room.copy_count; i++) {
		if (is_failed || room.copies[i].status != GNTST_okay) {
			fail(room.slots[i]);
		}
	}
	room.copy_count = 0;
}

/* --- From the guest --- */

static bool is_whole(const struct net_batch *t, const struct net_entry *e)
{
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < e->slot_count; i++) {
		bytes += t->slots[e->slot_first + i].bytes;
	}
	return bytes == e->packet.bytes;
}

/* A packet's row begins so that the whole pages in it are whole pages here: fewer copies are cut.
 */
static uint8_t *row_begin(const struct net_batch *t, const struct net_entry *e, uint8_t *at)
{
	uint32_t before = 0;

	for (uint32_t i = e->slot_first; i < e->slot_first + e->slot_count; i++) {
		if (t->slots[i].bytes == PAGE_BYTES) {
			return at + (0 - (uintptr_t)at - before) % PAGE_BYTES;
		}
		before += t->slots[i].bytes;
	}
	return at;
}

/* Sends packets from one on, as far as the room goes; returns the next one. */
static uint32_t round_send(const struct net_queue *q, struct net_batch *t, uint32_t first)
{
	uint8_t *data = room.pages, *end = data + ROUND_PAGES * PAGE_BYTES;
	uint32_t next;

	for (next = first; next < t->entry_count && data < end; next++) {
		room.rows[next] = row_begin(t, &t->entries[next], data);
		data = copies_add(t, &t->entries[next], room.rows[next], false);
	}
	copies_make(net_back_fail_tx);
	for (uint32_t i = first; i < next; i++) {
		if (is_whole(t, &t->entries[i])) {
			tap_write(q->net->tap, &t->entries[i].packet, room.rows[i]);
		}
	}
	return next;
}

static void batch_send(const struct net_queue *q, struct net_batch *t)
{
	uint32_t next = 0;

	while (next < t->entry_count) {
		next = round_send(q, t, next);
	}
}

static void queue_abused(struct net_queue *q)
{
	q->net->is_connected = false;
	device_abused(q->net->device, q->back.broken);
}

void net_queue_take(struct net_queue *q)
{
	struct net_batch *t = &room.tx_batch;

	q->is_tx_woken = false;
	if (net_back_take(&q->back, t, &q->net->rate.allowance)) {
		queue_abused(q);
		return;
	}
	batch_send(q, t);
	if (net_record_answer(&q->kept->tx, &q->back.tx, t)) {
		port_notify(&q->tx_port);
	}
	if (!q->back.beyond_bytes && !net_back_is_idle(&q->back)) {
		q->is_tx_woken = true;
		loop_again();
	}
}

/* --- To the guest --- */

static struct net_queue *queue_choose(struct net_device *n, const struct net_packet *p,
				      const uint8_t *data)
{
	struct net_headers h;

	if (n->queue_count == 1 || net_headers_parse(data, p->bytes, &h)) {
		return &n->queues[0];
	}
	return &n->queues[net_flow(data, &h) % n->queue_count];
}

/* 0: it has its buffers, or is dropped; -EAGAIN: it must wait; -EPROTO: the guest is at fault. */
static int place(struct net_device *n, const struct net_packet *p, uint8_t *data)
{
	struct net_queue *q = queue_choose(n, p, data);
	int rc;

	if (!net_multicast_wants(&n->multicast, data)) {
		return 0;
	}
	rc = net_back_place(&q->back, &q->rx_batch, p);
	if (!rc) {
		q->rx_data[q->rx_batch.entry_count - 1] = data;
	} else if (rc == -EPROTO) {
		queue_abused(q);
	}
	return rc == -EMSGSIZE ? 0 : rc;
}

/* The row of pages for the next packet: its data begins a page, so that fewer copies cross one. */
static uint8_t *room_next(void)
{
	return room.pages + room.used + PAGE_BYTES;
}

/* The next one's header goes to the end of this one's last page, if that is free. */
static void room_use(const struct net_packet *p)
{
	uint32_t bytes = p->bytes + TAP_HEADER_BYTES;

	room.used += (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

/* Reads and places packets while there is room; true: there may be more. */
static bool receive(struct net_device *n)
{
	struct net_packet p;

	for (int i = 0; i < TURN && room.used < ROUND_PAGES * PAGE_BYTES; i++) {
		uint8_t *data = room_next();

		if (!tap_read(n->tap, &n->features, &p, data)) {
			return false;
		}
		switch (p.bytes ? place(n, &p, data) : 0) {
		case 0:
			room_use(&p);
			break;
		case -EAGAIN:
			n->held = p;
			memcpy(n->held_data, data, p.bytes);
			return false;
		default:
			return false;
		}
	}
	return true;
}

static void queue_notify_rx(const struct net_queue *q)
{
	port_notify(q->rx_port.local ? &q->rx_port : &q->tx_port);
}

/* Copies what was placed to all queues of a device, together. */
static void placed_send(struct net_device *n)
{
	struct net_queue *q, *end = n->queues + n->queue_count;

	for (q = n->queues; q < end; q++) {
		for (uint32_t i = 0; i < q->rx_batch.entry_count; i++) {
			copies_add(&q->rx_batch, &q->rx_batch.entries[i], q->rx_data[i], true);
		}
	}
	copies_make(net_back_fail_rx);
	for (q = n->queues; q < end; q++) {
		if (q->rx_batch.slot_count &&
		    net_record_answer(&q->kept->rx, &q->back.rx, &q->rx_batch)) {
			queue_notify_rx(q);
		}
	}
}

/* The packet that waited comes first; false: it waits on. */
static bool place_held(struct net_device *n)
{
	struct net_packet p = n->held;

	if (!p.bytes) {
		return true;
	}
	memcpy(room_next(), n->held_data, p.bytes);
	if (place(n, &p, room_next())) {
		return false;
	}
	room_use(&p);
	n->held.bytes = 0;
	return true;
}

bool net_device_receive(struct net_device *n)
{
	bool has_more;

	room.used = 0;
	has_more = place_held(n) && receive(n);
	if (n->is_connected) {
		placed_send(n);
	}
	return has_more;
}

/* --- Rings in the store --- */

static void tx_fired(struct port *p)
{
	struct net_queue *q = (struct net_queue *)p;

	q->is_tx_woken = true;
	q->net->is_rx_woken |= !q->rx_port.local;
}

static void rx_fired(struct port *p)
{
	struct net_queue *q = (struct net_queue *)((char *)p - offsetof(struct net_queue, rx_port));

	q->net->is_rx_woken = true;
}

static int page_map(const char *folder, const char *node, void **page, struct complaint *c)
{
	uint64_t ref;
	uint32_t ref32;
	int rc = store_read_number(folder, node, UINT32_MAX, &ref);

	if (rc) {
		return complain(c, -rc, "%s/%s", folder, node);
	}
	ref32 = (uint32_t)ref;
	*page = grants_map(&ref32, 1);
	return *page ? 0 : complain(c, errno, "%s/%s cannot be mapped", folder, node);
}

static int port_open(const char *folder, const char *node, struct port *p,
		     void (*fired)(struct port *p))
{
	uint64_t port;
	int rc = store_read_number(folder, node, UINT32_MAX, &port);

	return rc ? rc : port_bind(p, (uint32_t)port, fired);
}

/* One port for each direction, or one for both. */
static int ports_open(struct net_queue *q, const char *folder, struct complaint *c)
{
	int rc = port_open(folder, "event-channel-tx", &q->tx_port, tx_fired);

	if (rc == -ENOENT) {
		rc = port_open(folder, "event-channel", &q->tx_port, tx_fired);
	} else if (!rc) {
		rc = port_open(folder, "event-channel-rx", &q->rx_port, rx_fired);
	}
	return rc ? complain(c, -rc, "%s: the event channels cannot be bound", folder) : 0;
}

static void queue_start(struct net_queue *q, bool is_successor)
{
	net_back_init(&q->back, q->tx_page, q->rx_page, &q->net->multicast);
	if (is_successor) {
		net_record_resume(&q->kept->tx, &q->back.tx);
		net_record_resume(&q->kept->rx, &q->back.rx);
	} else {
		net_record_begin(&q->kept->tx);
		net_record_begin(&q->kept->rx);
	}
	q->is_tx_woken = true;
	/* A predecessor may have died before it told of what it answered. */
	port_notify(&q->tx_port);
	queue_notify_rx(q);
}

static int queue_open(struct net_queue *q, const char *folder, struct complaint *c)
{
	int rc = page_map(folder, "tx-ring-ref", &q->tx_page, c);

	rc = rc ? rc : page_map(folder, "rx-ring-ref", &q->rx_page, c);
	return rc ? rc : ports_open(q, folder, c);
}

int net_queues_open(struct net_device *n, bool is_successor, struct complaint *c)
{
	const char *front = n->device->front;
	uint64_t count = store_number_or(front, "multi-queue-num-queues", NET_QUEUES_MAX, 1);
	char folder[STORE_PATH_BYTES + 16];
	int rc = 0;

	while (!rc && n->queue_count < (count ? count : 1)) {
		struct net_queue *q = &n->queues[n->queue_count];

		q->net = n;
		q->kept = &n->record[n->queue_count];
		snprintf(folder, sizeof(folder), "%s/queue-%u", front, n->queue_count++);
		rc = queue_open(q, count > 1 ? folder : front, c);
		if (!rc) {
			queue_start(q, is_successor);
		}
	}
	return rc;
}

void net_queues_close(struct net_device *n)
{
	for (struct net_queue *q = n->queues; q < n->queues + n->queue_count; q++) {
		port_unbind(&q->tx_port);
		port_unbind(&q->rx_port);
		if (q->tx_page) {
			grants_unmap(q->tx_page, 1);
		}
		if (q->rx_page) {
			grants_unmap(q->rx_page, 1);
		}
		memset(q, 0, sizeof(*q));
	}
	n->queue_count = 0;
}
