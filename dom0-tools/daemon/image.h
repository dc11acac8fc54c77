/* SPDX-License-Identifier: MIT */
/*
 * Files that guests boot from, mapped. What was used last stays mapped for a while, since guests
 * often come in numbers and boot the same kernel: the next one spares the page faults. Invariant: a
 * mapping is of the file as it was when it was looked at last (device, inode, size, times). Any
 * thread; a mutex guards the list.
 */
#pragma once

#include <stddef.h>

struct image {
	const void *data; /* read only; a file cut short while it is used ends the daemon */
	size_t bytes;
};

/** image_get - maps a regular file with something in it. NULL with errno set, which is 0 if the
 *  path names no such thing. */
const struct image *image_get(const char *path);

/** image_put - the caller is done with it; NULL is ignored. */
void image_put(const struct image *image);

/** image_expire - unmaps what nobody uses and nobody got within the last ten seconds, so that no
 *  file system is kept busy for long. Returns when to come again, in ms; 0: nothing is left. */
unsigned int image_expire(void);
