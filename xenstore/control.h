/* SPDX-License-Identifier: MIT */
/*
 * What an administrator can ask the running daemon (`xenstore-control`). Invariant: only domain 0
 * gets here; nothing here changes nodes. No lock: one thread.
 */
#pragma once

#include <stddef.h>

struct server;

/**
 * Runs the command strings[0] with count - 1 arguments; writes its answer, NUL-terminated, to
 * text. Returns 0, or -EINVAL for an unknown command or argument.
 */
int control_run(struct server *s, const char **strings, unsigned int count, char *text,
		size_t size);
