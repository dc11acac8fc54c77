/* SPDX-License-Identifier: MIT */
/*
 * A request while it is being answered. Invariant: the payload stays where it is until then.
 * No lock: one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

struct conn;
struct txn;

struct request {
	struct conn *conn;
	const struct xsd_sockmsg *header;
	const char *payload;
	size_t len;
	struct txn *txn;
	uint32_t offset; /* DIRECTORY_PART */
};

/** Answers one request of a connection: queues exactly one answer. */
void request_handle(struct conn *c, const struct xsd_sockmsg *header, const char *payload);
