/* SPDX-License-Identifier: MIT */
/*
 * Requests about the devices of a running guest. Each is a job for a worker, or several: a guest
 * that is asked to let go of a device is looked after again and again, and others have their turns
 * in between. Invariant: one such job at a time is at work in a guest, in the order in which they
 * came; its domain is not ended meanwhile: what waits then is refused, and the end goes on behind
 * the job. Event loop's thread only.
 */
#pragma once

#include "daemon/guest.h"
#include "daemon/http.h"
#include "daemon/worker.h"

enum plug_op { PLUG_ATTACH, PLUG_DETACH, PLUG_RESIZE, PLUG_REVIVE };

/** hotplug_list - answers with the guest's disks or networks. */
void hotplug_list(struct hyper *h, struct guest *g, int is_disk, struct request *r);

/** hotplug_start - does what the request asks for and answers it with the list afterwards. */
void hotplug_start(struct guest *g, enum plug_op op, int is_disk, struct request *r);

/** hotplug_revive - starts a new back-end process for the guest; reviver_done() tells the end. */
void hotplug_revive(struct guest *g);

/** hotplug_before - runs the job that ends the guest's domain, as soon as no other is at work. */
void hotplug_before(struct guest *g, struct job *job);
