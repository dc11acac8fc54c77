/* SPDX-License-Identifier: MIT */
/*
 * The system calls that the process makes once it has opened all that it needs: no other, no other
 * ioctl, and no memory that can be run. One that is not on the list ends the process at once, by
 * SIGSYS, which domusd tells. What io_uring does does not pass by here; loop.h says what it may.
 */
#pragma once

#include "backend/complaint.h"

/** syscalls_limit - for good; one thread may run. 0, or -errno. */
int syscalls_limit(struct complaint *c);
