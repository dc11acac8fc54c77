/* SPDX-License-Identifier: MIT */
/*
 * Makes one network of the host what it shall be. Invariant: `is` tells what of ours stands in
 * dom0's kernel, and is on record before it does: so an end at any moment leaves nothing behind
 * that nobody knows. What `is` does not name was made by somebody else and is left alone. Event
 * loop's thread only; a change takes some milliseconds.
 */
#pragma once

#include "lib/host_file.h"

struct network {
	struct network *next;
	int is_wanted;        /* the host's file has it */
	int is_stopped;       /* somebody wanted it down for now */
	struct host_net want; /* as the file has it */
	int is_up;            /* its bridge is there */
	struct host_net is;
	struct err err; /* why it is not as wanted */
};

/** net_release - takes from a network what it shall not have any more, which others may want. */
void net_release(struct network *n, void (*record)(void));
/** net_raise - makes it as it shall be; one that was down is down again if that fails. @file: the
 *  host's, for messages. 0, or -1 with an error. */
int net_raise(struct network *n, const char *file, void (*record)(void), struct err *e);
/** net_lower - removes it; refused while guests are on it, but with force. 0, or -1 with an error.
 */
int net_lower(struct network *n, int force, void (*record)(void), struct err *e);

/** net_guest_links - calls for each device of a guest on the network's bridge; how many. */
unsigned int net_guest_links(const struct network *n, void (*each)(const char *name, void *arg),
			     void *arg);
