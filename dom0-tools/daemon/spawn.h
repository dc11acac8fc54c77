/* SPDX-License-Identifier: MIT */
/*
 * What processes of ours are given: their start, their log, the record of their requests. No lock:
 * nothing is shared.
 */
#pragma once

#include <sys/types.h>

#include "daemon/device_nodes.h"

/** What a guest's process can do; each more than the one before, at the cost of memory. */
enum backend_needs {
	BACKEND_NETS,
	BACKEND_DISKS, /* serve disks fast; slowly, all can */
	BACKEND_NBD,   /* speak to servers of disks */
};

/** spawn_backend - starts a guest's process; *fd is our end of the conversation. Its log goes to
 * the journal under the guest's name where there is one. 0, or -1 with ERR_HOST. */
int spawn_backend(uint32_t domid, const char *name, enum backend_needs needs, pid_t *pid, int *fd,
		  struct err *e);

/** spawn_program - starts a program by its path, argv[0]. Its log goes to the journal as
 * domus-KIND-NAME where there is one. 0, or -1 with ERR_HOST. */
int spawn_program(char *const argv[], const char *kind, const char *name, pid_t *pid,
		  struct err *e);

/** spawn_record - the memory file in which a device's requests in flight are recorded; it outlives
 *  the process and us. A descriptor, or -1 with ERR_HOST. */
int spawn_record(const struct device *d, int is_new, struct err *e);
/** spawn_record_remove - removes it. */
void spawn_record_remove(const struct device *d);
