/* SPDX-License-Identifier: MIT */
/*
 * Guests' back-end processes: one domus-backend a guest that has devices served by us, started with
 * the first of them (include/backend.h is what is said to it). Invariant: one process a domain; it
 * is talked to by the one job that is at work in that guest. The list has a mutex.
 *
 * Nothing of it need be remembered: what a process serves stands in the store, its images are
 * opened anew, and the locks on them tell when a predecessor has let go of the last request.
 */
#pragma once

#include <sys/types.h>

#include "backend.h"
#include "daemon/device_nodes.h"

/**
 * backend_attach_disk, backend_attach_net - has a device served, by a process that is started if
 * there is none. @name: of the guest, for the log; @is_new: nothing of a predecessor is left
 *
 * 0, or -1 with ERR_HOST.
 */
int backend_attach_disk(uint32_t domid, const char *name, const struct guest_disk *disk,
			const struct disk_medium *m, int is_new, struct err *e);
int backend_attach_net(uint32_t domid, const char *name, const struct guest_net *net, int is_new,
		       struct err *e);

/** backend_start_nbd - starts a guest's process if there is none, such that it can speak to servers
 *  of disks (daemon/storage.h). 0, or -1 with ERR_HOST. */
int backend_start_nbd(uint32_t domid, const char *name, struct err *e);
/** backend_has_nbd - whether it can speak to servers of disks; -1: none runs. */
int backend_has_nbd(uint32_t domid);

/** backend_detach - has the guest asked to let go of a device, or takes it away from it, and tells
 *  whether it is gone: 0, 1: not yet, to be asked again; or -1 with ERR_HOST. */
int backend_detach(const struct device *d, int force, struct err *e);

/** backend_resize - tells that what is behind a disk has another size; 0, or -1 with an error. */
int backend_resize(const struct device *d, struct err *e);

/** backend_stop - ends a guest's process, at the end of the guest; none is no error. */
void backend_stop(uint32_t domid);

/** backend_forget - removes what is kept about a device that is gone. */
void backend_forget(const struct device *d);

/** backend_pidfd - a new descriptor that becomes readable when the process ends; -1: none runs. */
int backend_pidfd(uint32_t domid);
