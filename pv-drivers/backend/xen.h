/* SPDX-License-Identifier: MIT */
/*
 * Event channels and grants of the one guest that this process serves.
 *
 * Invariant: a port belongs to one struct port from port_bind() to port_unbind(), and its callback
 * runs on the event loop. Copies are made in the order in which they were added.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include "backend/complaint.h"

/** An event channel to the guest, embedded in what it belongs to. */
struct port {
	struct port *next;
	int local; /* 0: not bound */
	void (*fired)(struct port *p);
};

/** xen_open - for a guest; 0, or -errno. */
int xen_open(uint16_t domid, struct complaint *c);

/** port_bind - binds to a port that the guest offers; 0, or -errno. */
int port_bind(struct port *p, uint32_t remote, void (*fired)(struct port *p));
void port_unbind(struct port *p);
void port_notify(const struct port *p);

/** grants_map - pages that the guest grants, writable and adjacent; NULL with errno. */
void *grants_map(const uint32_t *grefs, uint32_t count);
void grants_unmap(void *pages, uint32_t count);

#define GRANT_PAGE_BYTES 4096u

/**
 * grant_copy_set - fills in a copy between a part of a guest's page and own memory, which does not
 * cross the end of a page where it is that of own_pages.h.
 */
void grant_copy_set(xengnttab_grant_copy_segment_t *s, bool to_guest, uint32_t gref,
		    uint16_t offset, void *own, uint16_t bytes);
/** grants_copy - runs them; each has a status then. 0, or -errno: none of them counts. */
int grants_copy(xengnttab_grant_copy_segment_t *segments, uint32_t count);
