/* SPDX-License-Identifier: MIT */
/* Edit distance with swaps of neighbours (optimal string alignment), for suggestions. Pure. */
#include <string.h>

#include "nearest.h"

enum { WORD_LIMIT = 63 };

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned int nearest_distance(const char *a, const char *b)
{
	unsigned char row[3][WORD_LIMIT + 2];
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > WORD_LIMIT || lb > WORD_LIMIT) {
		return WORD_LIMIT + 1;
	}
	for (j = 0; j <= lb; j++) {
		row[0][j] = j;
	}
	for (i = 1; i <= la; i++) {
		unsigned char *now = row[i % 3], *last = row[(i + 2) % 3],
			      *before = row[(i + 1) % 3];

		now[0] = i;
		for (j = 1; j <= lb; j++) {
			now[j] = min3(last[j] + 1, now[j - 1] + 1,
				      last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j]) {
				now[j] = before[j - 2] + 1;
			}
		}
	}
	return row[la % 3][lb];
}

const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
	size_t len = strlen(word), i, prefixes = 0;
	unsigned int best = len < 4 ? 1 : len < 8 ? 2 : 3, d;
	const char *found = NULL, *prefix = NULL;

	for (i = 0; i < count; i++) {
		d = nearest_distance(word, candidates[i]);
		if (d < best || (d == best && !found)) {
			best = d;
			found = candidates[i];
		}
		if (len && strncmp(word, candidates[i], len) == 0) {
			prefix = candidates[i];
			prefixes++;
		}
	}
	return prefixes == 1 && (!found || best > 1) ? prefix : found;
}
