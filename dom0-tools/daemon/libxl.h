/* SPDX-License-Identifier: MIT */
/*
 * What Debian's xl (libxl) wants to know of our guests, so that it can give them devices of its
 * own: a file about the guest, and which devices there are already. And what it leaves behind
 * then: it does not hear of the guest's end. Where xl was never installed, nothing is written.
 *
 *	/var/lib/xen/userdata-d.N.UUID.libxl-json    the guest; xl adds devices to it
 *	/libxl/N/device/vbd|vif/HANDLE               a device, ours or xl's
 *
 * No lock: the handles are the calling thread's own; one job at a time is at work in a guest.
 */
#pragma once

#include "daemon/device_nodes.h"

/** libxl_guest_make - writes the guest's file; without it xl refuses, and nothing else is lost. */
void libxl_guest_make(uint32_t domid, const uint8_t uuid[16], const char *name);
/** libxl_guest_end - removes what there is about a guest. */
void libxl_guest_end(struct hyper *h, uint32_t domid, const uint8_t uuid[16]);
/** libxl_has_devices - true if xl knows devices of the guest. */
int libxl_has_devices(struct hyper *h, uint32_t domid);

/** libxl_device_begin - adds the first nodes of a device of ours to a batch; more may be put below
 *  the base that it leaves behind, which is path. 0, or -1: xl is not there. */
int libxl_device_begin(struct pen *p, const struct device *d, char path[NODES_PATH_BYTES]);
/** libxl_device_end - removes those of a device; has the script undo what it did that xl ran for
 * one of its own. While the back end's nodes stand. */
void libxl_device_end(struct hyper *h, const struct device *d);
