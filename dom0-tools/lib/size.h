/* SPDX-License-Identifier: MIT */
/* Sizes as people write them: a whole number and one of KiB, MiB, GiB, TiB. Pure, no lock. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** Longest text that size_format() writes, its end included. */
#define SIZE_TEXT_BYTES 32

/** A unit of something and what one of it is. */
struct unit {
	const char *name;
	uint64_t factor;
};

/** unit_parse - a whole number and one of the table's units; a space before it is allowed. 0, or -1
 *  if it is none or exceeds the limit (of at most 2^62). */
int unit_parse(const char *text, const struct unit *table, size_t count, uint64_t limit,
	       uint64_t *out);

/** size_parse - "512MiB" to bytes; a space before the unit is allowed. 0, or -1 if it is no
 *  size, has no unit, or exceeds 2^62 bytes. */
int size_parse(const char *text, uint64_t *bytes);

/** size_format - bytes in the largest unit that divides them; returns buf. */
const char *size_format(uint64_t bytes, char buf[SIZE_TEXT_BYTES]);
