/* SPDX-License-Identifier: MIT */
/* Parsing of the hypervisor's command line. */
#pragma once

#include "lib/option.h"
#include "lib/types.h"

/*
 * Each word of `cmdline` goes to its handler in table[count]. With `report`, unknown words and bad
 * values are told; handlers may be called again, to the same effect.
 */
void options_apply(const char *cmdline, const struct option *table, size_t count, bool report);

/*
 * A size: a number with suffix B, K, M, G, T or a trailing '%' left alone; without a suffix, KiB.
 * *end is set behind it. -EINVAL: no number, or more than 2^63.
 */
int parse_size(const char *s, const char **end, u64 *bytes);
