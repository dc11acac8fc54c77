/* SPDX-License-Identifier: MIT */
/*
 * Disks that grow while their guest runs. Runs on a worker thread with that thread's handles, one
 * at a time for a guest.
 */
#pragma once

#include "daemon/device_nodes.h"

/**
 * resize_disk - makes a disk's file so large (0: it is already as large as wanted) and tells the
 * guest. @name: of the guest, for the log of a back end that is started. 0, or -1 with an error.
 */
int resize_disk(struct hyper *h, const char *name, const struct device *d, uint64_t bytes,
		struct err *e);
