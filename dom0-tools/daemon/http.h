/* SPDX-License-Identifier: MIT */
/*
 * JSON over HTTP on a Unix socket, by libmicrohttpd driven from the event loop. Invariant: each
 * request is answered exactly once, now or later; who keeps one for later owns that duty.
 * Event loop's thread only.
 */
#pragma once

#include <jansson.h>

#include "lib/err.h"

/** Larger bodies are refused; a guest file is the largest thing that is sent. */
#define HTTP_BODY_LIMIT_BYTES (128u << 10)

struct request;

/** http_init - listens on the path (or on systemd's socket) and hands requests to route(). */
int http_init(const char *socket_path, void (*route)(struct request *r), struct err *e);

/** http_method - "GET", "POST", ... */
const char *http_method(const struct request *r);
/** http_path - the path without its query. */
const char *http_path(const struct request *r);
/** http_query - the value of a query argument, decoded; NULL if it is not there. */
const char *http_query(const struct request *r, const char *name);
/** http_body - the body; *bytes is its length, and a zero byte follows it. */
const char *http_body(const struct request *r, size_t *bytes);

/** http_reply - answers with JSON; takes the reference over. */
void http_reply(struct request *r, unsigned int status, json_t *body);
/** http_reply_error - answers with a chain of errors and the status that fits its class. */
void http_reply_error(struct request *r, const struct err *e);

/**
 * http_reply_upgrade - turns the connection into a plain stream of bytes.
 * @ready: gets the socket, input that came early, and what to hand to http_upgrade_close()
 */
void http_reply_upgrade(struct request *r, const char *protocol, void *arg,
			void (*ready)(void *arg, int fd, const char *early, size_t bytes,
				      void *handle));
/** http_upgrade_close - closes an upgraded connection. */
void http_upgrade_close(void *handle);
