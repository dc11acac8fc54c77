/* SPDX-License-Identifier: MIT */
/* Inside drivers/: raw output. */
#ifndef DRIVERS_PRINTK_H
#define DRIVERS_PRINTK_H

#include "lib/types.h"

/* Bytes for the serial line only, not kept in the ring: dom0's console. */
void serial_write(const char *s, size_t n);

#endif
