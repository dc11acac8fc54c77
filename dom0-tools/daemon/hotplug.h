/* SPDX-License-Identifier: MIT */
/*
 * Requests about the devices of a running guest. What may take long is a job for a worker, one at a
 * time for a guest. Invariant: a guest's domain is not ended while such a job is at work in it; the
 * job is told to hurry, and what waited goes on behind it. Event loop's thread only.
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

/** hotplug_before - runs a job of the guest as soon as no hotplug job is at work in it. */
void hotplug_before(struct guest *g, struct job *job);
