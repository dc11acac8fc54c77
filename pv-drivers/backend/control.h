/* SPDX-License-Identifier: MIT */
/*
 * The conversation with domusd; include/backend.h describes it.
 *
 * Invariant: each request has one answer, at once; none waits for what a guest does. Event loop's
 * thread only.
 */
#pragma once

#include "backend/complaint.h"

/** control_open - begins to listen on BACKEND_FD; 0, or -errno. */
int control_open(struct complaint *c);
/** control_socket_check - 0 if the descriptor is a socket of domusd's, or -errno. */
int control_socket_check(int fd, struct complaint *c);
