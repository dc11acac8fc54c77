/* SPDX-License-Identifier: MIT */
/*
 * A guest that writes into its rings what the fuzzer likes: the input is a row of turns, each of
 * which writes some bytes to the ring pages and then lets the back end work. Whatever the guest
 * does, a batch stays within its bounds, a piece within its page, and a packet is as long as its
 * pieces; its bytes go through the parser of headers, too.
 */
#include <errno.h>
#include "fuzz.h"
#include "pv-drivers/net/back.h"
#include "pv-drivers/net/offload.h"

static _Alignas(4096) unsigned char pages[2][4096];
static struct net_batch tx_batch, rx_batch;

struct input {
	const uint8_t *data;
	size_t left;
};

static uint32_t draw(struct input *in, size_t bytes)
{
	uint32_t value = 0;

	while (bytes-- && in->left) {
		value = value << 8 | *in->data++;
		in->left--;
	}
	return value;
}

/* Slots filled from the input, and the counter moved on, mostly by as many. */
static void scribble(struct input *in, unsigned char *page, uint32_t slot_bytes)
{
	struct ring_shared *shared = (struct ring_shared *)page;
	uint32_t how = draw(in, 1), slots = how & 31;

	for (uint32_t i = 0; i < slots; i++) {
		uint32_t at = (shared->req_prod + i) % ring_slots(4096, slot_bytes);
		unsigned char *slot = page + sizeof(*shared) + at * slot_bytes;

		for (uint32_t byte = 0; byte < slot_bytes; byte++) {
			slot[byte] = draw(in, 1);
		}
	}
	if (how & 64) {
		slots = draw(in, 2);
	}
	shared->req_prod += slots;
	if (how & 128) {
		page[draw(in, 2) & 4095] = draw(in, 1);
	}
}

static void check_entries(const struct net_batch *t)
{
	uint32_t next = 0;

	FUZZ_CHECK(t->slot_count <= NET_SLOTS && t->entry_count <= t->slot_count);
	for (uint32_t i = 0; i < t->entry_count; i++) {
		const struct net_entry *e = &t->entries[i];
		uint32_t bytes = 0;

		FUZZ_CHECK(e->slot_first >= next);
		next = e->slot_first + e->slot_count;
		FUZZ_CHECK(next <= t->slot_count);
		for (uint32_t s = e->slot_first; s < next; s++) {
			FUZZ_CHECK(t->slots[s].offset + t->slots[s].bytes <= NET_PIECE_MAX);
			bytes += t->slots[s].bytes;
		}
		FUZZ_CHECK(bytes == e->packet.bytes && bytes >= NET_PACKET_MIN);
		FUZZ_CHECK(!e->packet.gso_type == !e->packet.gso_bytes);
	}
}

/* One turn from the guest and one to it. */
static int turn(struct net_back *b, struct input *in)
{
	uint64_t allowance = draw(in, 2) * 16;
	struct net_packet p = {.bytes = draw(in, 2), .gso_type = draw(in, 1) & 1, .gso_bytes = 9};
	int result;

	if (net_back_take(b, &tx_batch, &allowance)) {
		return 0;
	}
	check_entries(&tx_batch);
	net_back_answer(&b->tx, &tx_batch);
	net_back_is_idle(b);
	p.bytes = p.bytes < NET_PACKET_MIN ? NET_PACKET_MIN : p.bytes;
	p.gso_bytes = p.gso_type ? p.gso_bytes : 0;
	do {
		result = net_back_place(b, &rx_batch, &p);
	} while (!result);
	check_entries(&rx_batch);
	if (result == -EPROTO) {
		return 0;
	}
	net_back_answer(&b->rx, &rx_batch);
	return 1;
}

static void parse(const uint8_t *data, size_t bytes)
{
	struct net_headers h;
	uint8_t *copy = malloc(bytes + !bytes);

	memcpy(copy, data, bytes);
	if (!net_headers_parse(copy, bytes, &h)) {
		net_csum_blank(copy, bytes, &h);
		FUZZ_CHECK(!net_csum_fill(copy, bytes, h.transport, h.checksum));
	}
	if (bytes > 4) {
		(void)net_csum_fill(copy, bytes, copy[0] << 8 | copy[1], copy[2] << 8 | copy[3]);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct net_multicast multicast = {0};
	struct net_back back;
	struct input in = {data, bytes};

	parse(data, bytes);
	memset(pages, 0, sizeof(pages));
	tx_batch.slot_count = tx_batch.entry_count = 0;
	rx_batch.slot_count = rx_batch.entry_count = 0;
	net_back_init(&back, pages[0], pages[1], &multicast);
	while (in.left) {
		scribble(&in, pages[0], sizeof(netif_tx_request_t));
		scribble(&in, pages[1], sizeof(netif_rx_request_t));
		if (!turn(&back, &in)) {
			break;
		}
	}
	return 0;
}
