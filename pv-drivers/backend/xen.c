/* SPDX-License-Identifier: MIT */
/*
 * libxenevtchn and libxengnttab, with one handle each; see xen.h. Events are read, and written
 * back, through the event loop's ring: the protocol of /dev/xen/evtchn is an array of ports.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/grant_table.h>

#include "backend/loop.h"
#include "backend/own_pages.h"
#include "backend/xen.h"

enum { EVENTS_AT_ONCE = 64 };

static struct {
	uint16_t domid;
	xenevtchn_handle *events;
	xengnttab_handle *grants;
	struct port *ports;
	struct loop_event came, wrote;
	uint32_t fired[EVENTS_AT_ONCE], handled[EVENTS_AT_ONCE]; /* ports, as the device has them */
} xen;

static struct port *port_find(int local)
{
	struct port *p = xen.ports;

	while (p && p->local != local) {
		p = p->next;
	}
	return p;
}

static void events_listen(void)
{
	io_uring_prep_read(loop_sqe(&xen.came), xenevtchn_fd(xen.events), xen.fired,
			   sizeof(xen.fired), 0);
}

/* Only a failure is told; the ports stay masked then, and nothing else can be done for them. */
static void events_wrote(struct loop_event *e, int32_t result)
{
	(void)e;
	(void)result;
}

/*
 * Some ports fired; each is masked until it is written back. That happens when the loop goes on,
 * thus after the rings were looked after: what comes until then is told as one event then.
 */
static void events_came(struct loop_event *e, int32_t result)
{
	uint32_t bytes = result > 0 ? (uint32_t)result : 0, i;
	struct io_uring_sqe *sqe;
	struct port *p;

	(void)e;
	memcpy(xen.handled, xen.fired, bytes);
	for (i = 0; i < bytes / sizeof(xen.handled[0]); i++) {
		p = port_find((int)xen.handled[i]);
		if (p) {
			p->fired(p);
		}
	}
	if (bytes) {
		sqe = loop_sqe(&xen.wrote);
		io_uring_prep_write(sqe, xenevtchn_fd(xen.events), xen.handled, bytes, 0);
		io_uring_sqe_set_flags(sqe, IOSQE_CQE_SKIP_SUCCESS);
	}
	events_listen();
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
	own_pages_open();
	xen.came.done = events_came;
	xen.wrote.done = events_wrote;
	events_listen();
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

/* Own memory: by reference where it has one, else by address. Returns the flag, or 0. */
static uint16_t own_side_set(union xengnttab_copy_ptr *side, void *own, uint16_t flag)
{
	uint32_t ref;

	if (!own_page_ref(own, &ref)) {
		side->virt = own;
		return 0;
	}
	side->foreign.ref = ref;
	side->foreign.offset = (uintptr_t)own % GRANT_PAGE_BYTES;
	side->foreign.domid = OWN_DOMID;
	return flag;
}

void grant_copy_set(xengnttab_grant_copy_segment_t *s, bool to_guest, uint32_t gref,
		    uint16_t offset, void *own, uint16_t bytes)
{
	union xengnttab_copy_ptr *guest_side = to_guest ? &s->dest : &s->source;

	guest_side->foreign.ref = gref;
	guest_side->foreign.offset = offset;
	guest_side->foreign.domid = xen.domid;
	if (to_guest) {
		s->flags = GNTCOPY_dest_gref | own_side_set(&s->source, own, GNTCOPY_source_gref);
	} else {
		s->flags = GNTCOPY_source_gref | own_side_set(&s->dest, own, GNTCOPY_dest_gref);
	}
	s->len = bytes;
	s->status = GNTST_general_error;
}

int grants_copy(xengnttab_grant_copy_segment_t *segments, uint32_t count)
{
	return count && xengnttab_grant_copy(xen.grants, count, segments) ? -errno : 0;
}
