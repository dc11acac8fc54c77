/* SPDX-License-Identifier: MIT */
/*
 * The networks that the host's file declares: set up when the daemon starts, changed when it is
 * told to read the file again. They stay when it ends; the next daemon finds in /run what stands.
 * Invariant: rules of the firewall and DHCP servers fit the networks that are up after each change.
 * Event loop's thread only.
 */
#pragma once

#include <jansson.h>

#include "lib/err.h"

/** networks_init - finds what an earlier daemon left, and makes it what the file says. Trouble with
 *  single networks goes to stderr, and into networks_list(). */
void networks_init(const char *file);

/** networks_reload - reads the file again and changes what differs. 0, or -1 with the first error:
 *  of the file, and nothing was changed; or of a network, and the others are as they shall be. */
int networks_reload(struct err *e);
/** networks_start, networks_stop - has a network up, or down until it is started or the host boots.
 *  @force: though guests are on it. 0, or -1 with an error. */
int networks_start(const char *name, struct err *e);
int networks_stop(const char *name, int force, struct err *e);

/** networks_list - all networks as JSON rows. */
json_t *networks_list(void);
/** networks_show - all there is to know about one, with its leases; NULL with ERR_NOT_FOUND. */
json_t *networks_show(const char *name, struct err *e);
