/* SPDX-License-Identifier: MIT */
/*
 * What the store's unit tests share: a client whose bytes stay in memory, and a Xen that is only
 * tables. Invariant: an answer is parsed from the very bytes that the daemon sent. No lock.
 */
#pragma once

#include "unit.h"

#include "conn.h"
#include "domain.h"
#include "server.h"
#include "util.h"

#define PEER_BUFFER     (1 << 20)
#define FAKE_DOMAINS    32
#define FAKE_FIRST_PORT 100

struct peer {
	struct conn *conn;
	char in[PEER_BUFFER], out[PEER_BUFFER]; /* to and from the daemon */
	size_t in_len, in_done, out_len, out_done;
	bool stuck; /* takes no bytes */
	unsigned int writes;
	int broke;
	uint32_t next_id;
	/* The last answer. */
	uint32_t type;
	char data[XENSTORE_PAYLOAD_MAX + 1];
	size_t len;
	/* Events that came and were not asked for yet, as "path token\n". */
	char events[65536];
};

static inline ssize_t peer_read(struct conn *c, void *data, size_t size)
{
	struct peer *p = c->io_ctx;
	size_t left = p->in_len - p->in_done, n = left < size ? left : size;

	memcpy(data, p->in + p->in_done, n);
	p->in_done += n;
	return n;
}

static inline ssize_t peer_write(struct conn *c, const void *data, size_t size)
{
	struct peer *p = c->io_ctx;
	size_t room = p->stuck ? 0 : PEER_BUFFER - p->out_len, n = room < size ? room : size;

	p->writes++;
	memcpy(p->out + p->out_len, data, n);
	p->out_len += n;
	return n;
}

static inline void peer_settle(struct conn *c)
{
	(void)c;
}

static inline void peer_broke(struct conn *c, int err)
{
	((struct peer *)c->io_ctx)->broke = err;
}

static const struct transport peer_transport = {
	.read = peer_read, .write = peer_write, .settle = peer_settle, .broke = peer_broke};

static inline struct peer *peer_new(struct server *s, uint16_t domid)
{
	struct peer *p = calloc(1, sizeof(*p));
	char prefix[32] = "";

	if (domid) {
		snprintf(prefix, sizeof(prefix), "/local/domain/%u", domid);
	}
	p->conn = conn_new(s, (struct who){domid, -1}, prefix, &peer_transport, p);
	return p;
}

static inline void run_idle(struct server *s)
{
	for (int i = 0; server_run(s); i++) {
		assert_true(i < 100000);
	}
}

static inline void peer_push(struct peer *p, const void *data, size_t len)
{
	if (p->in_done == p->in_len) {
		p->in_done = p->in_len = 0;
	}
	assert_true(p->in_len + len <= sizeof(p->in));
	memcpy(p->in + p->in_len, data, len);
	p->in_len += len;
	conn_ready(p->conn);
}

static inline void peer_send(struct peer *p, uint32_t type, uint32_t tx, const void *data,
			     size_t len)
{
	struct xsd_sockmsg h = {type, ++p->next_id, tx, len};

	peer_push(p, &h, sizeof(h));
	peer_push(p, data, len);
}

/* Takes one message out of what the daemon sent; events are collected. False if none is left. */
static inline bool peer_take(struct peer *p)
{
	struct xsd_sockmsg h;

	while (p->out_len - p->out_done >= sizeof(h)) {
		memcpy(&h, p->out + p->out_done, sizeof(h));
		assert_true(h.len <= XENSTORE_PAYLOAD_MAX);
		assert_true(p->out_len - p->out_done >= sizeof(h) + h.len);
		p->type = h.type;
		p->len = h.len;
		memcpy(p->data, p->out + p->out_done + sizeof(h), h.len);
		p->data[h.len] = '\0';
		p->out_done += sizeof(h) + h.len;
		if (p->out_done == p->out_len) {
			p->out_done = p->out_len = 0;
		}
		if (h.type != XS_WATCH_EVENT) {
			return true;
		}
		strcat(strcat(p->events, p->data), " ");
		strcat(strcat(p->events, p->data + strlen(p->data) + 1), "\n");
		assert_true(strlen(p->events) < sizeof(p->events) - 8192);
	}
	return false;
}

/* Sends a request and takes its answer. Returns 0 or -errno by the error's name. */
static inline int ask_bytes(struct peer *p, uint32_t type, uint32_t tx, const void *data,
			    size_t len)
{
	peer_send(p, type, tx, data, len);
	run_idle(p->conn->server);
	assert_true(peer_take(p));
	if (p->type != XS_ERROR) {
		assert_int_equal(p->type, type);
		return 0;
	}
	assert_int_equal(p->len, strlen(p->data) + 1);
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++) {
		if (strcmp(xsd_errors[i].errstring, p->data) == 0) {
			return -xsd_errors[i].errnum;
		}
	}
	fail_msg("unknown error %s", p->data);
	return 0;
}

/* As ask_bytes(), with a payload of strings, each with its NUL; the list ends with NULL. */
static inline int ask(struct peer *p, uint32_t type, uint32_t tx, ...)
{
	char payload[8192];
	size_t len = 0;
	const char *text;
	va_list args;

	va_start(args, tx);
	while ((text = va_arg(args, const char *))) {
		memcpy(payload + len, text, strlen(text) + 1);
		len += strlen(text) + 1;
	}
	va_end(args);
	return ask_bytes(p, type, tx, payload, len);
}

static inline int ask_write(struct peer *p, uint32_t tx, const char *path, const char *value)
{
	char payload[8192];
	size_t len = snprintf(payload, sizeof(payload), "%s%c%s", path, 0, value);

	return ask_bytes(p, XS_WRITE, tx, payload, len);
}

static inline uint32_t ask_start(struct peer *p)
{
	assert_int_equal(ask(p, XS_TRANSACTION_START, 0, "", NULL), 0);
	return atoi(p->data);
}

static inline int ask_end(struct peer *p, uint32_t tx, const char *how)
{
	return ask(p, XS_TRANSACTION_END, tx, how, NULL);
}

#define assert_reads(p, tx, path, value)                                    \
	do {                                                                \
		assert_int_equal(ask((p), XS_READ, (tx), (path), NULL), 0); \
		assert_string_equal((p)->data, (value));                    \
	} while (0)

/* Takes all events that came since, and compares. */
#define assert_events(p, expected)                            \
	do {                                                  \
		run_idle((p)->conn->server);                  \
		assert_false(peer_take(p));                   \
		assert_string_equal((p)->events, (expected)); \
		(p)->events[0] = '\0';                        \
	} while (0)

/* ---- Xen ---- */

struct fake_xen {
	struct xenstore_domain_interface pages[FAKE_DOMAINS];
	bool alive[FAKE_DOMAINS], dying[FAKE_DOMAINS], shutdown[FAKE_DOMAINS];
	bool mapped[FAKE_DOMAINS], bound[FAKE_DOMAINS];
	unsigned int notified[FAKE_DOMAINS];
	bool deaf; /* the list of domains cannot be had */
};

static inline void *fake_map(void *ctx, uint16_t domid)
{
	struct fake_xen *x = ctx;

	assert_false(x->mapped[domid]);
	x->mapped[domid] = true;
	return &x->pages[domid];
}

static inline void fake_unmap(void *ctx, void *page)
{
	struct fake_xen *x = ctx;
	size_t domid = (struct xenstore_domain_interface *)page - x->pages;

	assert_true(x->mapped[domid]);
	x->mapped[domid] = false;
}

static inline int fake_bind(void *ctx, uint16_t domid, uint32_t remote)
{
	struct fake_xen *x = ctx;

	if (remote == 666) {
		return -EINVAL;
	}
	assert_false(x->bound[domid]);
	x->bound[domid] = true;
	return FAKE_FIRST_PORT + domid;
}

static inline void fake_unbind(void *ctx, uint32_t port)
{
	struct fake_xen *x = ctx;

	assert_true(x->bound[port - FAKE_FIRST_PORT]);
	x->bound[port - FAKE_FIRST_PORT] = false;
}

static inline void fake_notify(void *ctx, uint32_t port)
{
	struct fake_xen *x = ctx;

	assert_true(x->bound[port - FAKE_FIRST_PORT]);
	x->notified[port - FAKE_FIRST_PORT]++;
}

static inline int fake_domains(void *ctx, uint16_t first, struct domain_info *info, uint32_t max)
{
	struct fake_xen *x = ctx;
	uint32_t count = 0;

	if (x->deaf) {
		return -EIO;
	}
	for (uint32_t i = first; i < FAKE_DOMAINS && count < max; i++) {
		if (i == 0 || x->alive[i]) {
			info[count++] = (struct domain_info){i, x->dying[i], x->shutdown[i]};
		}
	}
	return count;
}

static const struct xen_ops fake_ops = {fake_map,    fake_unmap,  fake_bind,
					fake_unbind, fake_notify, fake_domains};

/* A guest's side of its ring: writes as much of a message as fits. Returns how much. */
static inline size_t guest_send(struct xenstore_domain_interface *page, const void *data,
				size_t len)
{
	size_t n = 0;

	while (n < len && page->req_prod - page->req_cons < XENSTORE_RING_SIZE) {
		page->req[MASK_XENSTORE_IDX(page->req_prod++)] = ((const char *)data)[n++];
	}
	return n;
}

/* Takes at most len bytes out of the ring. */
static inline size_t guest_receive(struct xenstore_domain_interface *page, void *data, size_t len)
{
	size_t n = 0;

	while (n < len && page->rsp_cons != page->rsp_prod) {
		((char *)data)[n++] = page->rsp[MASK_XENSTORE_IDX(page->rsp_cons++)];
	}
	return n;
}
