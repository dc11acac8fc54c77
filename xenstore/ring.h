/* SPDX-License-Identifier: MIT */
/*
 * The page that a domain shares with the store: two rings of 1024 bytes. The domain can write
 * every byte of it at any moment. Invariant: the indexes that are the store's own live here and
 * are only published, never read back; the domain's are read once per use and checked before
 * they are believed; bytes are copied out before anybody looks at them. No lock: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <xen/io/xs_wire.h>

struct ring {
	struct xenstore_domain_interface *page;
	uint32_t req_cons, rsp_prod;
	bool moved; /* an index was published since this was last cleared: the peer must be told */
};

/** Takes the page into use where its indexes stand, and says what the store can do. */
void ring_attach(struct ring *r, struct xenstore_domain_interface *page);
/** Copies at most size request bytes out. Returns how many (0: none there) or -EPROTO. */
ssize_t ring_read(struct ring *r, void *data, size_t size);
/** Copies at most size response bytes in. Returns how many (0: full) or -EPROTO. */
ssize_t ring_write(struct ring *r, const void *data, size_t size);
/** Has the domain asked for a fresh connection? */
bool ring_wants_reset(const struct ring *r);
/** Empties both rings and tells the domain that it is connected. */
void ring_reset(struct ring *r);
/** Leaves an XENSTORE_ERROR_… for the domain to read. */
void ring_report(struct ring *r, uint32_t error);
