/* SPDX-License-Identifier: MIT */
/* Sets of CPUs as people write them: "0-3,8", "all", "all,^2". Pure, no lock. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/**
 * cpulist_parse - sets bit N of the map for each CPU N that the text names.
 * @cpus: CPUs there are; the map has (cpus + 7) / 8 bytes, lowest bit first
 *
 * Commas separate numbers, ranges and "all"; ^ before one takes it out again. 0, or -1 if it is no
 * list, names a CPU that is not there, or leaves none.
 */
int cpulist_parse(const char *text, uint8_t *map, unsigned int cpus);

/** cpulist_format - the map as text, "all" if it has all CPUs, "none" if it has none. What does not
 *  fit into size is cut off. Returns buf. */
const char *cpulist_format(const uint8_t *map, unsigned int cpus, char *buf, size_t size);
