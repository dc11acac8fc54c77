/* SPDX-License-Identifier: MIT */
/* libxenevtchn and libxengnttab, with one handle each; see xen.h. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <xen/grant_table.h>

#include "backend/loop.h"
#include "backend/xen.h"

enum { EVENTS_AT_ONCE = 64 };

static struct {
	uint16_t domid;
	xenevtchn_handle *events;
	xengnttab_handle *grants;
	struct port *ports;
	struct loop_watch watch;
} xen;

static struct port *port_find(int local)
{
	struct port *p = xen.ports;

	while (p && p->local != local) {
		p = p->next;
	}
	return p;
}

/* A bounded number a turn: a guest that never stops notifying must not hold up the loop. */
static void events_ready(struct loop_watch *w)
{
	struct port *p;
	int i, local;

	(void)w;
	for (i = 0; i < EVENTS_AT_ONCE && (local = xenevtchn_pending(xen.events)) > 0; i++) {
		/* Before it is looked after: what comes from now on is told again. */
		xenevtchn_unmask(xen.events, local);
		p = port_find(local);
		if (p) {
			p->fired(p);
		}
	}
}

int xen_open(uint16_t domid, struct complaint *c)
{
	int fd;

	xen.domid = domid;
	xen.events = xenevtchn_open(NULL, 0);
	if (!xen.events) {
		return complain(c, errno, "event channels cannot be used (/dev/xen/evtchn)");
	}
	if (xenevtchn_restrict(xen.events, domid)) {
		return complain(c, errno, "event channels cannot be limited to one guest");
	}
	fd = xenevtchn_fd(xen.events);
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK)) {
		return complain(c, errno, "/dev/xen/evtchn would block");
	}
	xen.grants = xengnttab_open(NULL, 0);
	if (!xen.grants) {
		return complain(c, errno, "grants cannot be used (/dev/xen/gntdev)");
	}
	loop_watch(&xen.watch, fd, events_ready);
	return 0;
}

int port_bind(struct port *p, uint32_t remote, void (*fired)(struct port *p))
{
	int local = xenevtchn_bind_interdomain(xen.events, xen.domid, remote);

	if (local <= 0) {
		return -errno;
	}
	p->local = local;
	p->fired = fired;
	p->next = xen.ports;
	xen.ports = p;
	return 0;
}

void port_unbind(struct port *p)
{
	struct port **at = &xen.ports;

	if (!p->local) {
		return;
	}
	while (*at != p) {
		at = &(*at)->next;
	}
	*at = p->next;
	xenevtchn_unbind(xen.events, p->local);
	p->local = 0;
}

void port_notify(const struct port *p)
{
	xenevtchn_notify(xen.events, p->local);
}

void *grants_map(const uint32_t *grefs, uint32_t count)
{
	return xengnttab_map_domain_grant_refs(xen.grants, count, xen.domid, (uint32_t *)grefs,
					       PROT_READ | PROT_WRITE);
}

void grants_unmap(void *pages, uint32_t count)
{
	xengnttab_unmap(xen.grants, pages, count);
}

void grant_copy_set(xengnttab_grant_copy_segment_t *s, bool to_guest, uint32_t gref,
		    uint16_t offset, void *own, uint16_t bytes)
{
	union xengnttab_copy_ptr guest = {
		.foreign = {.ref = gref, .offset = offset, .domid = xen.domid},
	};

	s->source = s->dest = (union xengnttab_copy_ptr){.virt = own};
	if (to_guest) {
		s->dest = guest;
	} else {
		s->source = guest;
	}
	s->len = bytes;
	s->flags = to_guest ? GNTCOPY_dest_gref : GNTCOPY_source_gref;
	s->status = GNTST_general_error;
}

int grants_copy(xengnttab_grant_copy_segment_t *segments, uint32_t count)
{
	return count && xengnttab_grant_copy(xen.grants, count, segments) ? -errno : 0;
}
