/* SPDX-License-Identifier: MIT */
/*
 * A connection: who it is, what it has sent in part, what waits for it, its transactions and its
 * watches; how bytes move is its transport's business. Invariant: a broken connection keeps
 * nothing (no watches, no transactions, no output) and is never read again. What a connection
 * makes the store keep is bounded by the limits of quota.h. No lock: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "list.h"
#include "server.h"
#include "txn.h"
#include "watch.h"
#include "wire.h"

struct conn;

/* How bytes move. read and write return a count, 0 for "not now", or -errno: it is broken. */
struct transport {
	ssize_t (*read)(struct conn *c, void *data, size_t size);
	ssize_t (*write)(struct conn *c, const void *data, size_t size);
	/** The end of a turn: tell the peer, set up what to wait for. */
	void (*settle)(struct conn *c);
	/** The connection broke with -errno; it may be freed here. */
	void (*broke)(struct conn *c, int err);
	/** Events that find the output full are left out; else the connection is ended. */
	bool may_lose;
};

struct conn {
	struct watcher watcher; /* and thereby who it is */
	struct server *server;
	const struct transport *io;
	void *io_ctx;
	struct list link, ready;
	char prefix[32]; /* what relative paths are below: "/local/domain/N" */
	struct wire_in in;
	struct wire_out out;
	struct list txns;
	uint32_t txn_count, last_txn;
	bool in_turn, overrun;
	int broken; /* 0, or the -errno that broke it */
};

/** Makes a connection for who and queues it for a first turn. */
struct conn *conn_new(struct server *s, struct who who, const char *prefix,
		      const struct transport *io, void *io_ctx);
/** Ends it: watches and transactions go; the transport is not told. */
void conn_free(struct conn *c);
/** Back to the state of a new connection: for a ring that starts afresh. */
void conn_reset(struct conn *c);
/** Queues it for a turn. */
void conn_ready(struct conn *c);
/** One turn: sends what waits, reads and answers a bounded number of requests. */
void conn_turn(struct conn *c);
/** True if it may send further requests now: its output is not stuck. */
bool conn_may_read(const struct conn *c);
/** Bytes that it makes the store keep beside nodes, as quotas count them. */
uint64_t conn_bytes(const struct conn *c);
/** Queues an answer to a request. */
void conn_reply(struct conn *c, const struct xsd_sockmsg *header, const void *payload, size_t len);
/** Queues the error answer for -errno. */
void conn_reply_error(struct conn *c, const struct xsd_sockmsg *header, int err);
/** Its transaction of this number, or NULL. */
struct txn *conn_txn(const struct conn *c, uint32_t id);
