/* SPDX-License-Identifier: MIT */
/*
 * Disks that are not plain bytes of a file or a block device: qcow2 and its like, and what is on
 * other hosts. QEMU's storage daemon, one process a disk, knows how to read them and serves them to
 * the guest's back end by NBD.
 *
 *	domusd --starts--> qemu-storage-daemon --opens--> image
 *	   |connects            ^
 *	   `--socket--> domus-backend
 *
 * Invariant: one process a disk, found by its file of pid, whoever started it; the file of a disk
 * is locked (disks.h) as long as it lives. Of a process that is stopped, nothing lands any more. No
 * lock: one job at a time is at work in a guest.
 */
#pragma once

#include "daemon/device_nodes.h"

/** storage_check - 0 if what serves such disks is installed, or -1 with ERR_HOST. */
int storage_check(const struct guest_file *g, const struct guest_disk *disk, struct err *e);

/** storage_start - starts a disk's process afresh; *fd is a connection to it.
 *  @m: the file, whose lock it keeps. 0, or -1 with an error. */
int storage_start(const struct device *d, const struct guest_disk *disk,
		  const struct disk_medium *m, int *fd, struct err *e);

/** storage_stop - ends a disk's process in order, and waits for it; none is no error. */
void storage_stop(const struct device *d);

/** storage_grow - makes an image larger that nobody has open; 0, or -1 with an error. */
int storage_grow(const struct guest_disk *disk, uint64_t bytes, struct err *e);
