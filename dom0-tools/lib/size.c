/* SPDX-License-Identifier: MIT */
/* Reads and writes sizes with units; every value that is written reads back. Pure, no lock. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "size.h"

#define SIZE_LIMIT_BYTES (1ull << 62)

/* From the largest, of which size_format() takes the first that fits. */
static const struct unit units[] = {
	{"TiB", 1ull << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}};

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

int unit_parse(const char *text, const struct unit *table, size_t count, uint64_t limit,
	       uint64_t *out)
{
	uint64_t n = 0;
	size_t i;

	if (!isdigit((unsigned char)*text)) {
		return -1;
	}
	for (; isdigit((unsigned char)*text); text++) {
		n = n * 10 + (*text - '0');
		if (n > limit) {
			return -1;
		}
	}
	while (*text == ' ') {
		text++;
	}
	for (i = 0; i < count; i++) {
		if (strcmp(text, table[i].name) == 0 && n <= limit / table[i].factor) {
			*out = n * table[i].factor;
			return 0;
		}
	}
	return -1;
}

int size_parse(const char *text, uint64_t *bytes)
{
	return unit_parse(text, units, UNIT_COUNT, SIZE_LIMIT_BYTES, bytes);
}

const char *size_format(uint64_t bytes, char buf[SIZE_TEXT_BYTES])
{
	size_t i;

	for (i = 0; i < UNIT_COUNT; i++) {
		if (bytes && bytes % units[i].factor == 0) {
			snprintf(buf, SIZE_TEXT_BYTES, "%" PRIu64 "%s", bytes / units[i].factor,
				 units[i].name);
			return buf;
		}
	}
	snprintf(buf, SIZE_TEXT_BYTES, "%" PRIu64 "KiB", (bytes + 1023) >> 10);
	return buf;
}
