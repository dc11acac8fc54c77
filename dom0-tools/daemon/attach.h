/* SPDX-License-Identifier: MIT */
/*
 * Devices that come and go while their guest runs. Invariant: what fails leaves the guest with the
 * devices that it had; a detach that is not finished in time stands, and the next one goes on with
 * it. Runs on a worker thread with that thread's handles, one at a time for a guest.
 */
#pragma once

#include <jansson.h>

#include "daemon/devices.h"

/** attach_device - attaches the one device of an item (guest_file_read_item()), under the first
 * free name if it names none. 0, or -1 with an error. */
int attach_device(struct hyper *h, uint32_t domid, const uint8_t uuid[16], struct guest_file *item,
		  struct err *e);

/**
 * detach_device - asks the guest to let go of a device and takes it away.
 * @wait_ms: how long the guest may take; @force: then, take it away without its consent
 *
 * 0, or -1 with an error: ERR_NOT_FOUND, ERR_TIMEOUT.
 */
int detach_device(struct hyper *h, const struct device *d, unsigned int wait_ms, int force,
		  const atomic_int *is_cancelled, struct err *e);

/** attached_find - the device of a guest by the name that people use: "xvdb", or the number of a
 *  network. 0, or -1 with ERR_NOT_FOUND. */
int attached_find(struct hyper *h, uint32_t domid, int is_disk, const char *name, struct device *d,
		  struct err *e);

/** attached_list - the guest's disks or networks as JSON rows. */
json_t *attached_list(struct hyper *h, uint32_t domid, int is_disk);
