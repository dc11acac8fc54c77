/* SPDX-License-Identifier: MIT */
/*
 * Watches guests' back-end processes and has new ones started for those that end, sooner the first
 * time than after many. Invariant: nothing is watched, and no timer runs, while a job that may
 * replace the process is at work in the guest. Event loop's thread only.
 */
#pragma once

#include "daemon/guest.h"

/** reviver_watch - watches the guest's process, if it has one. */
void reviver_watch(struct guest *g);
/** reviver_stop - leaves it alone. */
void reviver_stop(struct guest *g);
/** reviver_found - the guest is from an earlier daemon: what served it ended with that one. */
void reviver_found(struct guest *g);
/** reviver_done - a new process was started; or was not, because of e. */
void reviver_done(struct guest *g, const struct err *e);
/** reviver_free - when the guest is forgotten. */
void reviver_free(struct guest *g);
