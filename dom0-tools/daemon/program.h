/* SPDX-License-Identifier: MIT */
/* Other programs: their start, their signals, their descriptors, their end. No lock: nothing is
 * shared. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/** The first descriptor that a program is given beside the standard ones; see program_run(). Our
 * own of these numbers are the event loop's since our start, and never handed out. */
#define PROGRAM_FD 3

/** A descriptor of ours, and its number in the program. fd -1: none. */
struct program_fd {
	int fd, as;
};

/**
 * program_start - starts a program. @env: its environment, NULL: an empty one. What is not listed
 * it gets empty (input), dropped (output) or as ours (errors); no other descriptor of ours, and
 * signals as a program expects them.
 *
 * Returns 0, or an errno.
 */
int program_start(const char *path, char *const argv[], char *const env[],
		  const struct program_fd *fds, unsigned int fd_count, pid_t *pid);

/**
 * program_run - runs a program, by its path argv[0], and waits for its end.
 * @keep: a descriptor that it and what it leaves running keep as PROGRAM_FD; -1: none
 * @text: what it says on its standard error, as far as there is room
 *
 * Returns its exit status (128 if a signal ended it), or -1 with errno: it cannot be started.
 */
int program_run(char *const argv[], char *const env[], int keep, char *text, size_t bytes);
