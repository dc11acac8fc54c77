/* SPDX-License-Identifier: MIT */
/*
 * The daemon's state and its scheduler; see server.h for the invariant. No lock: one thread.
 */
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "domain.h"
#include "server.h"
#include "util.h"

void server_init(struct server *s, const struct xen_ops *xen, void *xen_ctx)
{
	memset(s, 0, sizeof(*s));
	store_init(&s->store);
	list_init(&s->conns);
	list_init(&s->ready);
	s->domains = mem_alloc(DOMAIN_LIMIT * sizeof(s->domains[0]));
	s->xen = xen;
	s->xen_ctx = xen_ctx;
}

void server_free(struct server *s)
{
	domain_free_all(s);
	while (!list_empty(&s->conns)) {
		conn_free(list_entry(s->conns.next, struct conn, link));
	}
	store_free(&s->store);
	free(s->domains);
	free(s->ports);
}

bool server_run(struct server *s)
{
	/* Connections that become ready from here on come behind the mark: the next run's. */
	struct list mark;

	list_append(&s->ready, &mark);
	while (s->ready.next != &mark) {
		struct conn *c = list_entry(s->ready.next, struct conn, ready);

		list_remove(&c->ready);
		conn_turn(c);
	}
	list_remove(&mark);
	return !list_empty(&s->ready);
}

void server_announce(struct server *s, enum special what, uint16_t domid)
{
	watch_fire_special(&s->store.watches,
			   what == SPECIAL_RELEASE ? PATH_RELEASE : PATH_INTRODUCE, domid,
			   s->store.special[what], s->store.owners);
}
