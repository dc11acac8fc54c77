/* SPDX-License-Identifier: MIT */
/*
 * People who watch a console through a stream socket. Invariant: each has a bounded buffer;
 * what does not fit is lost to that viewer alone, who is told. Event loop's thread only.
 */
#pragma once

#include "daemon/console.h"

/**
 * viewer_add - shows a console on a connected, non-blocking stream socket.
 * @early: input that came along with the request
 * @closed: called with its argument once the viewer is done with fd; closes it
 */
int viewer_add(struct console *c, int fd, const char *early, size_t early_bytes,
	       void (*closed)(void *arg), void *arg);

/** viewers_show - sends output to all viewers of a console. */
void viewers_show(struct console *c, const char *data, size_t bytes);

/** viewers_listen - reads their input, or not while input waits for the guest. */
void viewers_listen(struct console *c);

/** viewers_end - closes each once it has what was sent so far. */
void viewers_end(struct console *c);
