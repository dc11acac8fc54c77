/* SPDX-License-Identifier: MIT */
/*
 * The two rings of a shared page; ring.h has the invariant.
 *
 *   req:  domain writes, moves req_prod ──▶ store reads, moves req_cons
 *   rsp:  store writes, moves rsp_prod  ──▶ domain reads, moves rsp_cons
 *
 * An index counts bytes and wraps at 2^32; its low ten bits are the place. An acquire load of the
 * peer's index comes before the bytes, a release store of our own behind them. No lock.
 */
#include <errno.h>
#include <string.h>

#include "ring.h"

static uint32_t load(const uint32_t *shared)
{
	return __atomic_load_n(shared, __ATOMIC_ACQUIRE);
}

static void publish(struct ring *r, uint32_t *shared, uint32_t value)
{
	__atomic_store_n(shared, value, __ATOMIC_RELEASE);
	r->moved = true;
}

void ring_attach(struct ring *r, struct xenstore_domain_interface *page)
{
	r->page = page;
	r->req_cons = load(&page->req_cons);
	r->rsp_prod = load(&page->rsp_prod);
	page->error = XENSTORE_ERROR_NONE;
	page->server_features =
		XENSTORE_SERVER_FEATURE_RECONNECTION | XENSTORE_SERVER_FEATURE_ERROR;
	publish(r, &page->connection, XENSTORE_CONNECTED);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

ssize_t ring_read(struct ring *r, void *data, size_t size)
{
	uint32_t available = load(&r->page->req_prod) - r->req_cons;
	size_t place = MASK_XENSTORE_IDX(r->req_cons), count, first;

	if (available > XENSTORE_RING_SIZE) {
		return -EPROTO;
	}
	count = smaller(available, size);
	if (!count) {
		return 0;
	}
	first = smaller(count, XENSTORE_RING_SIZE - place);
	memcpy(data, r->page->req + place, first);
	memcpy((char *)data + first, r->page->req, count - first);
	r->req_cons += count;
	publish(r, &r->page->req_cons, r->req_cons);
	return count;
}

ssize_t ring_write(struct ring *r, const void *data, size_t size)
{
	uint32_t used = r->rsp_prod - load(&r->page->rsp_cons);
	size_t place = MASK_XENSTORE_IDX(r->rsp_prod), count, first;

	if (used > XENSTORE_RING_SIZE) {
		return -EPROTO;
	}
	count = smaller(XENSTORE_RING_SIZE - used, size);
	if (!count) {
		return 0;
	}
	first = smaller(count, XENSTORE_RING_SIZE - place);
	memcpy(r->page->rsp + place, data, first);
	memcpy(r->page->rsp, (const char *)data + first, count - first);
	r->rsp_prod += count;
	publish(r, &r->page->rsp_prod, r->rsp_prod);
	return count;
}

bool ring_wants_reset(const struct ring *r)
{
	return load(&r->page->connection) == XENSTORE_RECONNECT;
}

void ring_reset(struct ring *r)
{
	r->req_cons = r->rsp_prod = 0;
	publish(r, &r->page->req_cons, 0);
	publish(r, &r->page->req_prod, 0);
	publish(r, &r->page->rsp_cons, 0);
	publish(r, &r->page->rsp_prod, 0);
	ring_report(r, XENSTORE_ERROR_NONE);
	publish(r, &r->page->connection, XENSTORE_CONNECTED);
}

void ring_report(struct ring *r, uint32_t error)
{
	publish(r, &r->page->error, error);
}
