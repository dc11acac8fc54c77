/* SPDX-License-Identifier: MIT */
/*
 * The devices of a guest, from its file to their back ends and away again. Invariant: what can be
 * refused (a file, a bridge that is not there) is refused before a domain exists; what is taken
 * away is gone from dom0's kernel, too, when the call returns in time. Runs on a worker thread with
 * that thread's handles.
 *
 *	devices_open()      files are open, loop devices stand         undone by devices_close()
 *	device_nodes_put()  with the domain's other nodes              undone by devices_end()
 *	devices_connect()   back ends took them up, bridges know them  undone by devices_end()
 *	devices_close()     the back ends hold what they need themselves
 */
#pragma once

#include "daemon/device_nodes.h"

/** devices_open - opens what is behind a guest's devices; *media has one element a disk, NULL
 *  without disks. To be closed in either case. */
int devices_open(const struct guest_file *g, struct disk_medium **media, struct err *e);

/** devices_close - closes and frees it. */
void devices_close(const struct guest_file *g, struct disk_medium *media);

/** devices_connect - waits until the back ends have taken the devices of a file up, and does
 *  what they wait for; ours are started. 0, or -1 with ERR_HOST. */
int devices_connect(struct hyper *h, uint32_t domid, const struct guest_file *g,
		    const struct disk_medium *media, struct err *e);

/** devices_end - takes all devices of a guest away without asking it; returns when dom0's kernel
 * has let go of them. */
void devices_end(struct hyper *h, uint32_t domid);

/** device_drop - takes one device away without asking the guest; returns when dom0's kernel has let
 *  go of it. */
void device_drop(struct hyper *h, const struct device *d);
