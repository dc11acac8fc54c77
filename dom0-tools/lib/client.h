/* SPDX-License-Identifier: MIT */
/*
 * Requests to domusd: HTTP/1.1 over its Unix socket, one per connection. Written here because
 * it must start fast: a client of libcurl loads some thirty libraries, which costs more
 * instructions than all of `domus create` may take; what is needed of HTTP fits on a few pages.
 * Invariant: an answer is JSON, or an error is set. No lock: nothing is kept.
 */
#pragma once

#include <jansson.h>

#include "lib/err.h"

/**
 * client_call - asks and waits for the answer.
 * @target: path and query, already encoded; @body: may be NULL
 *
 * Returns the answer's JSON (a new reference); or NULL with the error that the daemon sent, or
 * ERR_HOST if it cannot be reached.
 */
json_t *client_call(const char *socket_path, const char *method, const char *target,
		    const char *body, size_t bytes, struct err *e);

/**
 * client_upgrade - asks for a stream of bytes (a guest's console).
 * @early: receives what the stream sent already, at most room bytes; *early_bytes how much
 *
 * Returns the connected socket, or -1 with an error.
 */
int client_upgrade(const char *socket_path, const char *target, const char *protocol, char *early,
		   size_t room, size_t *early_bytes, struct err *e);

/** client_encode - text for use within a target; the caller frees it. */
char *client_encode(const char *text);
