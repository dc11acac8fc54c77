/* SPDX-License-Identifier: MIT */
/*
 * Introduced domains: ring, port and connection of each. Invariant: a domain is in
 * server->domains exactly while it is introduced; its connection lives as long, broken or not,
 * and its port is in server->ports. No lock: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"
#include "server.h"

struct domain {
	struct server *server;
	uint16_t domid;
	bool shutdown; /* its end was announced */
	struct ring ring;
	void *page;
	uint32_t port; /* local */
	struct conn *conn;
};

/** The introduced domain of this number, or NULL. */
struct domain *domain_get(const struct server *s, uint32_t domid);
/**
 * Maps the domain's ring and binds its port; for a domain that is introduced already, binds the
 * port anew. Announces it. Returns 0, -EINVAL (no such domain or port), -ENOSYS (no Xen).
 */
int domain_introduce(struct server *s, uint32_t domid, uint32_t remote_port);
/** Takes dom0's own kernel in, whose page and port the caller has already. */
void domain_attach_host(struct server *s, void *page, uint32_t port);
/** Ends a domain's connection and announces that. Returns 0, -ENOENT, or -EINVAL for dom0. */
int domain_release(struct server *s, uint32_t domid);
/** Looks at all domains after a VIRQ_DOM_EXC: announces ends, lets go of what is gone. */
void domain_scan(struct server *s);
/** An event came in on a local port. */
void domain_event(struct server *s, uint32_t port);
/** Lets go of all domains without announcing anything: the daemon ends. */
void domain_free_all(struct server *s);
