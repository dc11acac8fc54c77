/* SPDX-License-Identifier: MIT */
/*
 * Pairing heaps with the links embedded in the objects: the lowest key is at the root, insertion
 * costs O(1), removal O(log n) amortised. Keys are compared by their difference, so they may wrap,
 * as long as those of one heap lie within half of their range.
 */
#pragma once

#include "lib/types.h"

struct heap_node {
	struct heap_node *child, *sibling;
	struct heap_node *back; /* the left sibling, or the parent, or NULL for the root */
	u64 key;
};

static inline bool key_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}
/* The node's key is set; it is in no heap. */
void heap_insert(struct heap_node **root, struct heap_node *n);
void heap_remove(struct heap_node **root, struct heap_node *n);
