/* SPDX-License-Identifier: MIT */
/* Reads and writes sets of CPUs; see cpulist.h. No lock. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cpulist.h"

static int has(const uint8_t *map, unsigned int cpu)
{
	return map[cpu / 8] >> (cpu % 8) & 1;
}

static void put(uint8_t *map, unsigned int first, unsigned int last, int on)
{
	unsigned int i;

	for (i = first; i <= last; i++) {
		map[i / 8] = on ? map[i / 8] | 1 << (i % 8) : map[i / 8] & ~(1 << (i % 8));
	}
}

static int number(const char **at, unsigned int cpus, unsigned int *n)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)**at)) {
		return -1;
	}
	value = strtoul(*at, &end, 10);
	*at = end;
	*n = value;
	return value < cpus ? 0 : -1;
}

/* One member of the list; *at is behind it. */
static int member(const char **at, uint8_t *map, unsigned int cpus)
{
	unsigned int first = 0, last = cpus - 1;
	int on = **at != '^';

	*at += !on;
	if (strncmp(*at, "all", 3) == 0) {
		*at += 3;
	} else if (number(at, cpus, &first)) {
		return -1;
	} else {
		last = first;
		if (**at == '-') {
			(*at)++;
			if (number(at, cpus, &last) || last < first) {
				return -1;
			}
		}
	}
	put(map, first, last, on);
	return 0;
}

int cpulist_parse(const char *text, uint8_t *map, unsigned int cpus)
{
	unsigned int i, any = 0;

	memset(map, 0, (cpus + 7) / 8);
	for (;; text++) {
		if (member(&text, map, cpus)) {
			return -1;
		}
		if (*text != ',') {
			break;
		}
	}
	for (i = 0; i < cpus; i++) {
		any += has(map, i);
	}
	return *text || !any ? -1 : 0;
}

const char *cpulist_format(const uint8_t *map, unsigned int cpus, char *buf, size_t size)
{
	size_t used = 0;
	unsigned int i, last, count = 0;

	buf[0] = '\0';
	for (i = 0; i < cpus && used < size; i = last + 1) {
		last = i;
		if (!has(map, i)) {
			continue;
		}
		while (last + 1 < cpus && has(map, last + 1)) {
			last++;
		}
		count += last - i + 1;
		used += snprintf(buf + used, size - used, last > i ? "%s%u-%u" : "%s%u",
				 used ? "," : "", i, last);
	}
	if (count == 0 || count == cpus) {
		snprintf(buf, size, count ? "all" : "none");
	}
	return buf;
}
