/* SPDX-License-Identifier: MIT */
/* Inside drivers/: raw output, and the message ring. */
#pragma once

#include "lib/types.h"

/* Bytes for the serial line only, not kept in the ring: dom0's console. */
void serial_write(const char *s, size_t n);
/* console_ring.c: appends; the oldest bytes give way. Any context that holds no ring lock. */
void ring_write(const char *s, size_t n);
