/* SPDX-License-Identifier: MIT */
/*
 * Devices that come and go while their guest runs. Invariant: what fails leaves the guest with the
 * devices that it had; a detach that is given up stands, and the next one goes on with it. Runs on
 * a worker thread with that thread's handles, one at a time for a guest.
 */
#pragma once

#include <jansson.h>

#include "daemon/devices.h"

/** attach_device - attaches the one device of an item (guest_file_read_item()), under the first
 * free name if it names none. 0, or -1 with an error. */
int attach_device(struct hyper *h, uint32_t domid, const uint8_t uuid[16], struct guest_file *item,
		  struct err *e);

enum detach_force { DETACH_ASK, DETACH_FORCE, DETACH_AT_LAST };

/**
 * detach_device - asks the guest to let go of a device, and takes the device away when it has;
 * with force, without its consent, as soon as nothing is on its way to the disk; at last, what is
 * on its way to a server that does not answer is given up. Waits for nobody: is to be called again.
 *
 * 0: it is gone; 1 with ERR_TIMEOUT: not yet; or -1 with an error.
 */
int detach_device(struct hyper *h, const struct device *d, enum detach_force force, struct err *e);

/** attached_find - the device of a guest by the name that people use: "xvdb", or the number of a
 *  network. 0, or -1 with ERR_NOT_FOUND. */
int attached_find(struct hyper *h, uint32_t domid, int is_disk, const char *name, struct device *d,
		  struct err *e);

/** attached_list - the guest's disks or networks as JSON rows. */
json_t *attached_list(struct hyper *h, uint32_t domid, int is_disk);
