/* SPDX-License-Identifier: MIT */
/*
 * The life of introduced domains, and the ring as a transport; domain.h has the invariant. What
 * Xen does is behind struct xen_ops. No lock: one thread.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "util.h"

#define SCAN_BATCH 128

/* Local ports are numbered by the hypervisor; the ABI's largest table has this many. */
#define PORT_LIMIT (1u << 17)

struct domain *domain_get(const struct server *s, uint32_t domid)
{
	return domid < DOMAIN_LIMIT ? s->domains[domid] : NULL;
}

/* ---- the ring as a transport ---- */

static ssize_t ring_conn_read(struct conn *c, void *data, size_t size)
{
	struct domain *d = c->io_ctx;

	return ring_read(&d->ring, data, size);
}

static ssize_t ring_conn_write(struct conn *c, const void *data, size_t size)
{
	struct domain *d = c->io_ctx;

	return ring_write(&d->ring, data, size);
}

static void ring_conn_settle(struct conn *c)
{
	struct domain *d = c->io_ctx;
	struct server *s = d->server;

	if (d->ring.moved) {
		d->ring.moved = false;
		s->xen->port_notify(s->xen_ctx, d->port);
	}
}

static void ring_conn_broke(struct conn *c, int err)
{
	struct domain *d = c->io_ctx;

	log_guest(LOG_LEVEL_WARNING, "domain %u broke the ring protocol (%s): it is ignored",
		  d->domid, strerror(-err));
	ring_report(&d->ring, XENSTORE_ERROR_RINGIDX);
	ring_conn_settle(c);
}

static const struct transport ring_transport = {
	.read = ring_conn_read,
	.write = ring_conn_write,
	.settle = ring_conn_settle,
	.broke = ring_conn_broke,
	.may_lose = true,
};

/* ---- introduction ---- */

static void port_remember(struct server *s, uint32_t port, struct domain *d)
{
	if (port >= s->port_limit) {
		uint32_t count = port * 2 + 64;

		s->ports = mem_resize(s->ports, count, sizeof(s->ports[0]));
		memset(s->ports + s->port_limit, 0, (count - s->port_limit) * sizeof(s->ports[0]));
		s->port_limit = count;
	}
	s->ports[port] = d;
}

static void domain_add(struct server *s, uint16_t domid, void *page, uint32_t port)
{
	struct domain *d = mem_alloc(sizeof(*d));
	char prefix[32];

	*d = (struct domain){.server = s, .domid = domid, .page = page, .port = port};
	snprintf(prefix, sizeof(prefix), "/local/domain/%u", domid);
	ring_attach(&d->ring, page);
	d->conn =
		conn_new(s, (struct who){.domid = domid, .target = -1}, prefix, &ring_transport, d);
	s->domains[domid] = d;
	s->store.owners[domid].mentioned = true;
	port_remember(s, port, d);
}

static bool domain_alive(struct server *s, uint16_t domid)
{
	struct domain_info info;

	return s->xen->domains(s->xen_ctx, domid, &info, 1) == 1 && info.domid == domid &&
	       !info.dying;
}

static int domain_rebind(struct server *s, struct domain *d, uint32_t remote_port)
{
	int port;

	/* The old binding must go first: it may hold the very same remote port. */
	s->ports[d->port] = NULL;
	s->xen->port_unbind(s->xen_ctx, d->port);
	port = s->xen->port_bind(s->xen_ctx, d->domid, remote_port);
	if (port < 0 || (uint32_t)port >= PORT_LIMIT) {
		log_line(LOG_LEVEL_ERROR, "domain %u: port %u cannot be bound again", d->domid,
			 remote_port);
		domain_release(s, d->domid);
		return -EINVAL;
	}
	d->port = port;
	port_remember(s, port, d);
	if (d->conn->broken) {
		ring_attach(&d->ring, d->page);
		conn_reset(d->conn);
	}
	conn_ready(d->conn);
	return 0;
}

int domain_introduce(struct server *s, uint32_t domid, uint32_t remote_port)
{
	struct domain *d = domain_get(s, domid);
	void *page;
	int port;

	if (domid == 0 || domid >= DOMAIN_LIMIT || !remote_port) {
		return -EINVAL;
	}
	if (!s->xen) {
		return -ENOSYS;
	}
	if (d) {
		return domain_rebind(s, d, remote_port);
	}
	if (!domain_alive(s, domid)) {
		return -EINVAL;
	}
	page = s->xen->ring_map(s->xen_ctx, domid);
	if (!page) {
		log_line(LOG_LEVEL_ERROR, "domain %u: its ring cannot be mapped: %s", domid,
			 strerror(errno));
		return -EINVAL;
	}
	port = s->xen->port_bind(s->xen_ctx, domid, remote_port);
	if (port < 0 || (uint32_t)port >= PORT_LIMIT) {
		log_line(LOG_LEVEL_ERROR, "domain %u: port %u cannot be bound: %s", domid,
			 remote_port, strerror(-port));
		s->xen->ring_unmap(s->xen_ctx, page);
		return -EINVAL;
	}
	domain_add(s, domid, page, port);
	server_announce(s, SPECIAL_INTRODUCE, domid);
	return 0;
}

void domain_attach_host(struct server *s, void *page, uint32_t port)
{
	domain_add(s, 0, page, port);
	/* dom0's kernel waits for this event before it uses the store at all. */
	s->xen->port_notify(s->xen_ctx, port);
}

/* ---- release ---- */

static void domain_drop(struct domain *d)
{
	struct server *s = d->server;

	conn_free(d->conn);
	s->domains[d->domid] = NULL;
	if (s->ports[d->port] == d) {
		s->ports[d->port] = NULL;
		s->xen->port_unbind(s->xen_ctx, d->port);
	}
	s->xen->ring_unmap(s->xen_ctx, d->page);
	free(d);
}

/* Nobody stands in for a domain that has gone: its number may soon be another's. */
static void forget_target(struct server *s, uint16_t domid)
{
	struct list *it;

	list_for_each (it, &s->conns) {
		struct conn *c = list_entry(it, struct conn, link);

		if (c->watcher.who.target == domid) {
			c->watcher.who.target = -1;
		}
	}
}

static void domain_gone(struct server *s, uint16_t domid)
{
	struct domain *d = s->domains[domid];

	if (d) {
		domain_drop(d);
	}
	forget_target(s, domid);
	store_forget_domain(&s->store, domid);
	if (d) {
		server_announce(s, SPECIAL_RELEASE, domid);
	}
}

int domain_release(struct server *s, uint32_t domid)
{
	struct domain *d = domain_get(s, domid);

	if (domid == 0) {
		return -EINVAL;
	}
	if (!d) {
		return -ENOENT;
	}
	if (!domain_alive(s, domid)) {
		domain_gone(s, domid);
	} else {
		domain_drop(d);
		server_announce(s, SPECIAL_RELEASE, domid);
	}
	return 0;
}

/* Collects what Xen knows of every domain; false if it does not answer. */
static bool collect(struct server *s, struct domain_info *all, bool *listed)
{
	struct domain_info batch[SCAN_BATCH];
	uint32_t first = 0;
	int count;

	do {
		count = s->xen->domains(s->xen_ctx, first, batch, SCAN_BATCH);
		if (count < 0) {
			log_line(LOG_LEVEL_ERROR, "Xen does not list its domains: %s",
				 strerror(-count));
			return false;
		}
		for (int i = 0; i < count; i++) {
			if (batch[i].domid < DOMAIN_LIMIT) {
				all[batch[i].domid] = batch[i];
				listed[batch[i].domid] = true;
				first = batch[i].domid + 1;
			}
		}
	} while (count == SCAN_BATCH);
	return true;
}

void domain_scan(struct server *s)
{
	struct domain_info *all = mem_alloc(DOMAIN_LIMIT * sizeof(*all));
	bool *listed = mem_alloc(DOMAIN_LIMIT * sizeof(*listed));
	bool known = collect(s, all, listed);

	for (uint32_t i = 1; known && i < DOMAIN_LIMIT; i++) {
		struct domain *d = s->domains[i];

		if (!d && !s->store.owners[i].mentioned) {
			continue;
		}
		if (!listed[i] || all[i].dying) {
			domain_gone(s, i);
		} else if (d && all[i].shutdown && !d->shutdown) {
			d->shutdown = true;
			server_announce(s, SPECIAL_RELEASE, i);
		}
	}
	free(all);
	free(listed);
}

/* ---- events ---- */

void domain_event(struct server *s, uint32_t port)
{
	struct domain *d = port < s->port_limit ? s->ports[port] : NULL;

	if (!d) {
		return;
	}
	if (ring_wants_reset(&d->ring)) {
		ring_reset(&d->ring);
		conn_reset(d->conn);
	}
	conn_ready(d->conn);
}

void domain_free_all(struct server *s)
{
	for (uint32_t i = 0; i < DOMAIN_LIMIT; i++) {
		if (s->domains[i]) {
			domain_drop(s->domains[i]);
		}
	}
}
