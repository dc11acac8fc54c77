/* SPDX-License-Identifier: MIT */
/* Inside drivers/: the message ring, for printk(). */
#ifndef DRIVERS_CONSOLE_RING_H
#define DRIVERS_CONSOLE_RING_H

#include "lib/types.h"

/* Appends; the oldest bytes give way. Any context that holds no ring lock. */
void ring_write(const char *s, size_t n);

#endif
