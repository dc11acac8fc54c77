/* SPDX-License-Identifier: MIT */
/*
 * Memory that outlives the process: a file that domusd keeps, and hands to a successor. Invariant:
 * it is zero when it is new, and never shrinks. No lock: nothing is shared with another process
 * that runs.
 */
#pragma once

#include <stddef.h>
#include "backend/complaint.h"

/**
 * kept_map - maps the file, which is made as large as need be; without one (-1), memory that does
 * not outlive us: then there is nothing to take up after a kill. NULL with a complaint.
 */
void *kept_map(int fd, size_t bytes, struct complaint *c);
