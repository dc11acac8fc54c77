/* SPDX-License-Identifier: MIT */
/*
 * Connections, apart from how their bytes move; conn.h has the invariant. Fairness: a turn
 * answers at most TURN_REQUESTS requests, then the others have theirs. No lock: one thread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "request.h"
#include "util.h"

#define TURN_REQUESTS 16
#define SEND_BYTES    4096 /* at a time: answers of a turn, together */

static uint32_t limit(const struct conn *c, enum limit which)
{
	return c->server->store.limits.value[which];
}

static bool is_guest(const struct conn *c)
{
	return c->watcher.who.domid != 0;
}

static void conn_clear(struct conn *c)
{
	watch_remove_all(&c->server->store.watches, &c->watcher);
	while (!list_empty(&c->txns)) {
		txn_free(list_entry(c->txns.next, struct txn, link));
	}
	c->txn_count = 0;
	wire_out_clear(&c->out);
	c->in.start = c->in.end = 0;
}

uint64_t conn_bytes(const struct conn *c)
{
	uint64_t bytes = c->watcher.watch_bytes + c->out.bytes;
	struct list *it;

	if (!is_guest(c)) {
		return 0; /* not counted for the host, which may have many transactions */
	}
	list_for_each (it, &c->txns) {
		bytes += list_entry(it, struct txn, link)->log_bytes;
	}
	return bytes;
}

/* An event for this connection; called by watch_fire(). */
static void conn_event(struct watcher *w, const char *path, const char *token)
{
	struct conn *c = list_entry(w, struct conn, watcher);
	uint64_t bytes = conn_bytes(c) + c->server->store.owners[w->who.domid].bytes;

	if (c->broken) {
		return;
	}
	if (!is_guest(c) && !c->io->may_lose && c->out.bytes > limit(c, LIMIT_HOST_OUTPUT_BYTES)) {
		c->overrun = true; /* its next turn ends it: a client may rely on every event */
		conn_ready(c);
		return;
	}
	if (is_guest(c) ? bytes + strlen(path) + strlen(token) > limit(c, LIMIT_MEMORY)
			: c->out.bytes > limit(c, LIMIT_HOST_OUTPUT_BYTES)) {
		log_guest(LOG_LEVEL_WARNING,
			  "a client of domain %u does not read: an event for %s is lost",
			  w->who.domid, path);
		return;
	}
	if (!wire_out_event(&c->out, path, token, is_guest(c))) {
		log_guest(LOG_LEVEL_WARNING,
			  "path and token of an event for domain %u are too long", w->who.domid);
	}
	conn_ready(c);
}

struct conn *conn_new(struct server *s, struct who who, const char *prefix,
		      const struct transport *io, void *io_ctx)
{
	struct conn *c = mem_alloc(sizeof(*c));

	watcher_init(&c->watcher, who, conn_event);
	c->server = s;
	c->io = io;
	c->io_ctx = io_ctx;
	snprintf(c->prefix, sizeof(c->prefix), "%s", prefix);
	wire_out_init(&c->out);
	list_init(&c->txns);
	list_init(&c->ready);
	list_init(&c->link);
	list_append(&s->conns, &c->link);
	s->conn_count++;
	conn_ready(c);
	return c;
}

void conn_free(struct conn *c)
{
	conn_clear(c);
	list_remove(&c->link);
	list_remove(&c->ready);
	c->server->conn_count--;
	free(c);
}

void conn_reset(struct conn *c)
{
	conn_clear(c);
	c->broken = 0;
	c->overrun = false;
	conn_ready(c);
}

void conn_ready(struct conn *c)
{
	if (!c->in_turn && !c->broken && list_empty(&c->ready)) {
		list_append(&c->server->ready, &c->ready);
	}
}

bool conn_may_read(const struct conn *c)
{
	if (is_guest(c)) {
		return c->out.replies < limit(c, LIMIT_OUTSTANDING);
	}
	return c->out.bytes < limit(c, LIMIT_HOST_OUTPUT_BYTES) / 2;
}

static int send_waiting(struct conn *c)
{
	char data[SEND_BYTES];
	size_t len;

	while ((len = wire_out_gather(&c->out, data, sizeof(data)))) {
		ssize_t sent = c->io->write(c, data, len);

		if (sent <= 0) {
			return sent;
		}
		wire_out_sent(&c->out, sent);
	}
	return 0;
}

/* Answers one request if a whole one can be had: 1, or 0 if not now, or -errno. */
static int serve_one(struct conn *c)
{
	struct xsd_sockmsg header;
	const char *payload;
	int got;

	while ((got = wire_in_next(&c->in, &header, &payload)) == 0) {
		size_t size;
		char *room = wire_in_room(&c->in, &size);
		ssize_t count = c->io->read(c, room, size);

		if (count <= 0) {
			return count;
		}
		wire_in_filled(&c->in, count);
	}
	if (got > 0) {
		c->server->request_count++;
		request_handle(c, &header, payload);
	}
	return got;
}

void conn_turn(struct conn *c)
{
	int err = c->overrun ? -ENOBUFS : send_waiting(c), served = 1, sent;

	c->in_turn = true; /* what it queues for itself is sent below */
	for (int i = 0; !err && i < TURN_REQUESTS && served > 0 && conn_may_read(c); i++) {
		served = serve_one(c);
		err = served < 0 ? served : 0;
	}
	sent = send_waiting(c); /* also what was answered before an error */
	err = err ? err : sent;
	c->in_turn = false;
	if (err) {
		conn_clear(c);
		c->broken = err;
		c->io->broke(c, err);
		return;
	}
	if (served > 0 && conn_may_read(c)) {
		conn_ready(c);
	}
	c->io->settle(c);
}

void conn_reply(struct conn *c, const struct xsd_sockmsg *header, const void *payload, size_t len)
{
	wire_out_reply(&c->out, header, payload, len);
	conn_ready(c);
}

void conn_reply_error(struct conn *c, const struct xsd_sockmsg *header, int err)
{
	struct xsd_sockmsg answer = *header;
	const char *name = "EINVAL";

	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
		if (xsd_errors[i].errnum == -err) {
			name = xsd_errors[i].errstring;
		}
	}
	answer.type = XS_ERROR;
	conn_reply(c, &answer, name, strlen(name) + 1);
}

struct txn *conn_txn(const struct conn *c, uint32_t id)
{
	struct list *it;

	list_for_each (it, &c->txns) {
		struct txn *t = list_entry(it, struct txn, link);

		if (t->id == id) {
			return t;
		}
	}
	return NULL;
}
