/* SPDX-License-Identifier: MIT */
/*
 * Xen's libraries behind struct xen_ops; see xenio.h for the invariant. The order at a start
 * matters to dom0's kernel: map its page, bind its port, then notify it; with that first event
 * it takes the store for alive and probes its devices. No lock: one thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xen/grant_table.h>

#include "domain.h"
#include "hostpage.h"
#include "loop.h"
#include "util.h"
#include "xenio.h"

#define PAGE_BYTES      4096
#define EVENTS_AT_ONCE  256
#define DOMAINS_AT_ONCE 128

struct xenio {
	struct loop_item item; /* first: the handler casts */
	struct server *server;
	xenevtchn_handle *evtchn;
	xengnttab_handle *gnttab;
	xc_interface *xc;
	int virq_port;
	void *host_page;
};

/* ---- struct xen_ops ---- */

static void *xenio_ring_map(void *ctx, uint16_t domid)
{
	struct xenio *x = ctx;

	if (!x->gnttab) {
		errno = ENODEV;
		return NULL;
	}
	return xengnttab_map_grant_ref(x->gnttab, domid, GNTTAB_RESERVED_XENSTORE,
				       PROT_READ | PROT_WRITE);
}

static void xenio_ring_unmap(void *ctx, void *page)
{
	struct xenio *x = ctx;

	if (page == x->host_page) {
		munmap(page, PAGE_BYTES);
	} else {
		xengnttab_unmap(x->gnttab, page, 1);
	}
}

static int xenio_port_bind(void *ctx, uint16_t domid, uint32_t remote_port)
{
	struct xenio *x = ctx;
	int port = xenevtchn_bind_interdomain(x->evtchn, domid, remote_port);

	return port < 0 ? -errno : port;
}

static void xenio_port_unbind(void *ctx, uint32_t port)
{
	struct xenio *x = ctx;

	xenevtchn_unbind(x->evtchn, port);
}

static void xenio_port_notify(void *ctx, uint32_t port)
{
	struct xenio *x = ctx;

	xenevtchn_notify(x->evtchn, port);
}

static int xenio_domains(void *ctx, uint16_t first, struct domain_info *info, uint32_t max)
{
	xc_domaininfo_t list[DOMAINS_AT_ONCE];
	struct xenio *x = ctx;
	int count;

	if (!x->xc) {
		return -ENODEV;
	}
	max = max < DOMAINS_AT_ONCE ? max : DOMAINS_AT_ONCE;
	count = xc_domain_getinfolist(x->xc, first, max, list);
	for (int i = 0; i < count; i++) {
		info[i] = (struct domain_info){
			.domid = list[i].domain,
			.dying = list[i].flags & XEN_DOMINF_dying,
			.shutdown = list[i].flags & XEN_DOMINF_shutdown,
		};
	}
	return count < 0 ? -errno : count;
}

const struct xen_ops xenio_ops = {
	.ring_map = xenio_ring_map,
	.ring_unmap = xenio_ring_unmap,
	.port_bind = xenio_port_bind,
	.port_unbind = xenio_port_unbind,
	.port_notify = xenio_port_notify,
	.domains = xenio_domains,
};

/* ---- start ---- */

struct xenio *xenio_open(void)
{
	struct xenio *x = mem_alloc(sizeof(*x));
	int fd;

	x->virq_port = -1;
	x->evtchn = xenevtchn_open(NULL, 0);
	if (!x->evtchn) {
		log_line(LOG_LEVEL_ERROR, "/dev/xen/evtchn: %s; is the module xen-evtchn loaded?",
			 strerror(errno));
		free(x);
		return NULL;
	}
	fd = xenevtchn_fd(x->evtchn);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	x->gnttab = xengnttab_open(NULL, 0);
	if (!x->gnttab) {
		log_line(LOG_LEVEL_WARNING,
			 "/dev/xen/gntdev: %s; no guest can use the store: load xen-gntdev",
			 strerror(errno));
	}
	x->xc = xc_interface_open(NULL, NULL, 0);
	if (!x->xc) {
		log_line(LOG_LEVEL_WARNING,
			 "/dev/xen/privcmd: %s; no guest can use the store: load xen-privcmd",
			 strerror(errno));
	}
	return x;
}

/* Takes dom0's kernel in. */
static int start_host(struct xenio *x)
{
	void *page = NULL;
	int remote = hostpage_map(&page), local;

	if (remote < 0) {
		return remote;
	}
	local = xenio_port_bind(x, 0, remote);
	if (local < 0) {
		log_line(LOG_LEVEL_ERROR, "dom0's store port %d cannot be bound: %s", remote,
			 strerror(-local));
		munmap(page, PAGE_BYTES);
		return local;
	}
	x->host_page = page;
	domain_attach_host(x->server, page, local);
	log_line(LOG_LEVEL_INFO, "dom0's kernel is connected: its port %d, here %d", remote, local);
	return 0;
}

static void xenio_event(struct loop_item *item, uint32_t events)
{
	struct xenio *x = (struct xenio *)item;
	bool ends = false;

	(void)events;
	for (int i = 0; i < EVENTS_AT_ONCE; i++) {
		int port = xenevtchn_pending(x->evtchn);

		if (port < 0) {
			break;
		}
		/* Unmasked before the ring is looked at: what comes later is a new event. */
		xenevtchn_unmask(x->evtchn, port);
		if (port == x->virq_port) {
			ends = true;
		} else {
			domain_event(x->server, port);
		}
	}
	if (ends) {
		domain_scan(x->server);
	}
}

int xenio_start(struct xenio *x, struct loop *l, struct server *s)
{
	int err;

	x->server = s;
	x->item.fd = xenevtchn_fd(x->evtchn);
	x->item.handle = xenio_event;
	err = loop_add(l, &x->item, EPOLLIN);
	if (err) {
		log_line(LOG_LEVEL_ERROR, "event channels cannot be waited for: %s",
			 strerror(-err));
		return err;
	}
	x->virq_port = xenevtchn_bind_virq(x->evtchn, VIRQ_DOM_EXC);
	if (x->virq_port < 0) {
		log_line(LOG_LEVEL_ERROR, "the end of guests cannot be noticed (VIRQ_DOM_EXC): %s",
			 strerror(errno));
	}
	return start_host(x);
}

void xenio_close(struct xenio *x)
{
	if (x->xc) {
		xc_interface_close(x->xc);
	}
	if (x->gnttab) {
		xengnttab_close(x->gnttab);
	}
	xenevtchn_close(x->evtchn);
	free(x);
}
