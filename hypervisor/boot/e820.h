/* SPDX-License-Identifier: MIT */
/* The memory map, made regular. */
#pragma once

#include "boot/boot.h"

/* Reads raw[count] (unknown types are rewritten to reserved), writes at most `max` entries to out.
 * Returns their number, or max + 1 when they do not fit. */
unsigned int e820_normalise(struct boot_e820 *raw, unsigned int count, struct boot_e820 *out,
			    unsigned int max);
