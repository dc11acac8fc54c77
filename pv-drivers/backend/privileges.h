/* SPDX-License-Identifier: MIT */
/*
 * What the process gives up once it has opened all that it needs: from then on it is nobody, and
 * what it can still reach are its descriptors.
 */
#pragma once

#include <stdint.h>
#include "backend/complaint.h"

/** privileges_drop - for good; one thread may run. 0, or -errno. */
int privileges_drop(uint16_t domid, struct complaint *c);
