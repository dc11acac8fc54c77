/* SPDX-License-Identifier: MIT */
/* Sizes as people write them: a whole number and one of KiB, MiB, GiB, TiB. Pure, no lock. */
#pragma once

#include <stdint.h>

/** Longest text that size_format() writes, its end included. */
#define SIZE_TEXT_BYTES 32

/** size_parse - "512MiB" to bytes; a space before the unit is allowed. 0, or -1 if it is no
 *  size, has no unit, or exceeds 2^62 bytes. */
int size_parse(const char *text, uint64_t *bytes);

/** size_format - bytes in the largest unit that divides them; returns buf. */
const char *size_format(uint64_t bytes, char buf[SIZE_TEXT_BYTES]);
