/* SPDX-License-Identifier: MIT */
/*
 * New back-end processes for guests that run: after the last one has ended, or instead of one that
 * cannot do what a further disk needs. What is served is read from the store. No lock: one job at a
 * time is at work in a guest.
 */
#pragma once

#include "daemon/device_nodes.h"

/** revival_run - starts a new process for all devices of a guest that the store says are ours; what
 *  is left of the old one is reaped. 0, or -1 with an error. */
int revival_run(struct hyper *h, uint32_t domid, const char *name, struct err *e);

/** revival_prepare - starts the guest's process if disks of a file, whose nodes stand, need one
 * that can speak to servers. One that cannot is replaced, and the other devices are served on. 0,
 * or -1 with an error. */
int revival_prepare(struct hyper *h, uint32_t domid, const struct guest_file *g, struct err *e);
