/* SPDX-License-Identifier: MIT */
/*
 * The conversation with domusd; include/backend.h describes it.
 *
 * Invariant: each request has one answer, and answers leave in the order of the requests: those
 * that are ready wait for one that is not. Event loop's thread only.
 */
#pragma once

#include <stdint.h>
#include "backend/complaint.h"

/** control_open - begins to listen on BACKEND_FD; 0, or -errno. */
int control_open(struct complaint *c);
/** control_gone - a device is gone: requests to detach it are answered. */
void control_gone(uint32_t type, uint32_t handle);
