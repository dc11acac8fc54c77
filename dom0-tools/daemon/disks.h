/* SPDX-License-Identifier: MIT */
/*
 * What is behind guests' disks: files and block devices of dom0, or what has an address elsewhere.
 * Invariant: a file that one guest may write is open for no other guest, unless all that
 * write it share it; the lock lasts as long as
 * something holds the file open, a loop device included. No lock of its own: values belong to their
 * callers.
 */
#pragma once

#include "lib/guest_file.h"

struct disk_medium {
	int fd;     /* the file or block device; -1: a drive without a medium, or a URI */
	int device; /* for the kernel's back end: the block device that stands for it; -1: none */
	unsigned int major, minor; /* of that */
	unsigned int sector;       /* bytes */
};

/**
 * disk_open - opens a disk's medium; for the kernel's back end a file gets a loop device, which
 * goes away with the last that has it open. For ours it is opened past dom0's page cache, where the
 * file system can do that.
 * @g: the guest file, for messages.
 *
 * Returns 0, or -1 with ERR_CONFIG or ERR_HOST and the place; to be closed in either case.
 */
int disk_open(const struct guest_file *g, const struct guest_disk *d, struct disk_medium *m,
	      struct err *e);

/** disk_close - closes what is open. */
void disk_close(struct disk_medium *m);
