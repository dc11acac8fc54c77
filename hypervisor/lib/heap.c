/* SPDX-License-Identifier: MIT */
/* Pairing heaps. Whoever owns a heap has a lock for it. */
#include "lib/heap.h"

static struct heap_node *meld(struct heap_node *a, struct heap_node *b)
{
	struct heap_node *low = a, *high = b;

	if (!a || !b) {
		return a ? a : b;
	}
	if (key_before(b->key, a->key)) {
		low = b;
		high = a;
	}
	high->sibling = low->child;
	if (high->sibling) {
		high->sibling->back = high;
	}
	high->back = low;
	low->child = high;
	return low;
}

/* Melds a list of siblings: pairs from left to right, then the pairs from right to left. */
static struct heap_node *meld_list(struct heap_node *list)
{
	struct heap_node *pairs = NULL, *result = NULL;

	while (list) {
		struct heap_node *a = list, *b = a->sibling;

		list = b ? b->sibling : NULL;
		a->sibling = a->back = NULL;
		if (b) {
			b->sibling = b->back = NULL;
		}
		a = meld(a, b);
		a->sibling = pairs;
		pairs = a;
	}
	while (pairs) {
		struct heap_node *next = pairs->sibling;

		pairs->sibling = NULL;
		result = meld(result, pairs);
		pairs = next;
	}
	return result;
}

void heap_insert(struct heap_node **root, struct heap_node *n)
{
	*root = meld(*root, n);
}

void heap_remove(struct heap_node **root, struct heap_node *n)
{
	struct heap_node *rest = meld_list(n->child);

	if (n == *root) {
		*root = rest;
	} else {
		if (n->back->child == n) {
			n->back->child = n->sibling;
		} else {
			n->back->sibling = n->sibling;
		}
		if (n->sibling) {
			n->sibling->back = n->back;
		}
		*root = meld(*root, rest);
	}
	n->child = n->sibling = n->back = NULL;
}
