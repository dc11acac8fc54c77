/* SPDX-License-Identifier: MIT */
/* Other programs, started by worker threads. No lock: nothing is shared. */
#pragma once

#include <spawn.h>
#include <stddef.h>

/** The descriptor that a program keeps; see program_run(). */
#define PROGRAM_FD 3

/** program_attributes - signals as a program expects them; a thread of ours blocks all of them. */
void program_attributes(posix_spawnattr_t *attributes);

/**
 * program_run - runs a program and waits for its end.
 * @keep: a descriptor that it and what it leaves running keep as PROGRAM_FD; -1: none
 * @text: what it says on its standard error, as far as there is room
 *
 * Returns its exit status (128 if a signal ended it), or -1 with errno: it cannot be started.
 */
int program_run(char *const argv[], int keep, char *text, size_t bytes);
