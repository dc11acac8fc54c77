/* SPDX-License-Identifier: MIT */
/*
 * The whole state of the daemon in one place: the store, the connections, the domains, and the
 * outside world as tables of functions, so that tests can stand in for it. Invariant: a
 * connection with work to do is in `ready`; server_run() gives each one there one bounded turn.
 * No lock: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "store.h"

struct conn;
struct domain;

/* What the hypervisor says of a domain. */
struct domain_info {
	uint16_t domid;
	bool dying, shutdown;
};

/* What the store needs from Xen. All return -errno on failure. */
struct xen_ops {
	/** Maps the ring page that the domain granted to the store; NULL on failure. */
	void *(*ring_map)(void *ctx, uint16_t domid);
	void (*ring_unmap)(void *ctx, void *page);
	/** Binds a local port to the domain's port; returns the local port. */
	int (*port_bind)(void *ctx, uint16_t domid, uint32_t remote_port);
	void (*port_unbind)(void *ctx, uint32_t port);
	void (*port_notify)(void *ctx, uint32_t port);
	/** Domains from number first on, ascending; returns how many. */
	int (*domains)(void *ctx, uint16_t first, struct domain_info *info, uint32_t max);
};

struct server {
	struct store store;
	struct list conns, ready;
	uint32_t conn_count;
	struct domain **domains; /* by number, DOMAIN_LIMIT of them */
	struct domain **ports;   /* by local port */
	uint32_t port_limit;
	const struct xen_ops *xen; /* NULL: no guests here */
	void *xen_ctx;
	uint64_t request_count;
};

void server_init(struct server *s, const struct xen_ops *xen, void *xen_ctx);
/** Ends all connections and frees everything. */
void server_free(struct server *s);
/** Gives each ready connection one turn. Returns true if some still have work to do. */
bool server_run(struct server *s);
/** Tells those who watch a special name that something happened to a domain. */
void server_announce(struct server *s, enum special what, uint16_t domid);
