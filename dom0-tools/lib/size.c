/* SPDX-License-Identifier: MIT */
/* Reads and writes sizes with units; every value that is written reads back. Pure, no lock. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "size.h"

static const struct unit {
	const char *name;
	unsigned int shift;
} units[] = {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}};

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

int size_parse(const char *text, uint64_t *bytes)
{
	const uint64_t limit = 1ull << 62;
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
	for (i = 0; i < UNIT_COUNT; i++) {
		if (strcmp(text, units[i].name) == 0 && n <= limit >> units[i].shift) {
			*bytes = n << units[i].shift;
			return 0;
		}
	}
	return -1;
}

const char *size_format(uint64_t bytes, char buf[SIZE_TEXT_BYTES])
{
	size_t i;

	for (i = 0; i < UNIT_COUNT; i++) {
		if (bytes && bytes % (1ull << units[i].shift) == 0) {
			snprintf(buf, SIZE_TEXT_BYTES, "%" PRIu64 "%s", bytes >> units[i].shift,
				 units[i].name);
			return buf;
		}
	}
	snprintf(buf, SIZE_TEXT_BYTES, "%" PRIu64 "KiB", (bytes + 1023) >> 10);
	return buf;
}
