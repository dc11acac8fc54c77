/* SPDX-License-Identifier: MIT */
/*
 * Xen as the daemon reaches it from dom0: event channels, granted pages, the list of domains, and
 * the page of dom0's own kernel. Invariant: the only module that calls Xen's libraries. No lock.
 */
#pragma once

#include <stdbool.h>

struct loop;
struct server;
struct xenio;
struct xen_ops;

extern const struct xen_ops xenio_ops;

/** Does this kernel run on Xen's interface? */
bool xenio_present(void);
/**
 * Opens the devices. Returns what the functions of xenio_ops want as ctx; NULL, with the reason
 * logged, if event channels cannot be had. Without the grant device or libxenctrl's it goes on,
 * for dom0 alone, and logs that.
 */
struct xenio *xenio_open(void);
/** Connects dom0's kernel and the event channels to the server. Returns 0 or -errno, logged. */
int xenio_start(struct xenio *x, struct loop *l, struct server *s);
/** Closes the devices; the server must be freed before. */
void xenio_close(struct xenio *x);
