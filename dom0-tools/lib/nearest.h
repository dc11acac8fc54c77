/* SPDX-License-Identifier: MIT */
/* The nearest of some words to one that was mistyped. Pure, no lock. */
#pragma once

#include <stddef.h>

/** nearest_distance - insertions, deletions, replacements and swaps of neighbours between two
 *  words; words beyond 63 bytes count as too far apart (returns 64). */
unsigned int nearest_distance(const char *a, const char *b);

/** nearest_word - the candidate that is near enough to have been meant, or NULL. A word that
 *  starts a single candidate counts as meant too. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count);
