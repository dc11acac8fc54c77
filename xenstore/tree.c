/* SPDX-License-Identifier: MIT */
/*
 * The persistent tree; tree.h draws it. Ownership here: a function that takes and returns a
 * `struct node *` consumes one reference and returns one. node_own() is the only place where a
 * shared node is copied; what it returns may be edited. No lock: one thread.
 */
#include <stdlib.h>
#include <string.h>

#include "perms.h"
#include "tree.h"
#include "util.h"

static uint64_t generation;

struct blob *blob_new(const void *data, size_t len)
{
	struct blob *b = mem_alloc(sizeof(*b) + len);

	b->refs = 1;
	b->len = len;
	if (len) {
		memcpy(b->data, data, len);
	}
	return b;
}

struct blob *blob_ref(struct blob *b)
{
	b->refs++;
	return b;
}

void blob_put(struct blob *b)
{
	if (b && --b->refs == 0) {
		free(b);
	}
}

bool blob_equal(const struct blob *a, const struct blob *b)
{
	return a == b || (a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
}

struct node *node_ref(struct node *n)
{
	if (n) {
		n->refs++;
	}
	return n;
}

void node_put(struct node *n)
{
	while (n && --n->refs == 0) {
		struct node *right = n->right;

		node_put(n->left);
		node_put(n->kids);
		blob_put(n->name);
		blob_put(n->value);
		perms_put(n->perms);
		free(n);
		n = right;
	}
}

static struct node *node_new(const char *name, size_t len, struct perms *perms)
{
	struct node *n = mem_alloc(sizeof(*n));

	n->refs = 1;
	n->height = 1;
	n->kids_gen = ++generation;
	n->name = blob_new(name, len);
	n->value = blob_new("", 0);
	n->perms = perms;
	return n;
}

/* Consumes a reference to n and returns the only reference to an equal node. */
static struct node *node_own(struct node *n)
{
	struct node *copy;

	if (n->refs == 1) {
		return n;
	}
	copy = mem_alloc(sizeof(*copy));
	*copy = *n;
	copy->refs = 1;
	blob_ref(copy->name);
	blob_ref(copy->value);
	perms_ref(copy->perms);
	node_ref(copy->left);
	node_ref(copy->right);
	node_ref(copy->kids);
	n->refs--;
	return copy;
}

size_t node_bytes(const struct node *n)
{
	return sizeof(*n) + n->name->len + n->value->len + perms_bytes(n->perms);
}

void node_set_value(struct node *n, struct blob *value)
{
	blob_put(n->value);
	n->value = value;
}

void node_set_perms(struct node *n, struct perms *perms)
{
	perms_put(n->perms);
	n->perms = perms;
}

/* ---- the AVL tree of siblings ---- */

static int name_compare(const char *name, size_t len, const struct blob *b)
{
	size_t common = len < b->len ? len : b->len;
	int order = memcmp(name, b->data, common);

	if (order) {
		return order;
	}
	return len < b->len ? -1 : len > b->len;
}

static int height(const struct node *n)
{
	return n ? n->height : 0;
}

static void update(struct node *n)
{
	int l = height(n->left), r = height(n->right);

	n->height = 1 + (l > r ? l : r);
}

static struct node *rotate_right(struct node *n)
{
	struct node *top = node_own(n->left);

	n->left = top->right;
	top->right = n;
	update(n);
	update(top);
	return top;
}

static struct node *rotate_left(struct node *n)
{
	struct node *top = node_own(n->right);

	n->right = top->left;
	top->left = n;
	update(n);
	update(top);
	return top;
}

static struct node *balance(struct node *n)
{
	if (height(n->left) > height(n->right) + 1) {
		n->left = node_own(n->left);
		if (height(n->left->left) < height(n->left->right)) {
			n->left = rotate_left(n->left);
		}
		return rotate_right(n);
	}
	if (height(n->right) > height(n->left) + 1) {
		n->right = node_own(n->right);
		if (height(n->right->right) < height(n->right->left)) {
			n->right = rotate_right(n->right);
		}
		return rotate_left(n);
	}
	update(n);
	return n;
}

static struct node *sibling_insert(struct node *at, struct node *added)
{
	if (!at) {
		return added;
	}
	at = node_own(at);
	if (name_compare(added->name->data, added->name->len, at->name) < 0) {
		at->left = sibling_insert(at->left, added);
	} else {
		at->right = sibling_insert(at->right, added);
	}
	return balance(at);
}

static struct node *sibling_take_first(struct node *at, struct node **first)
{
	struct node *rest;

	at = node_own(at);
	if (at->left) {
		at->left = sibling_take_first(at->left, first);
		return balance(at);
	}
	rest = at->right;
	at->right = NULL;
	*first = at;
	return rest;
}

static struct node *sibling_take(struct node *at, const char *name, size_t len, struct node **taken)
{
	struct node *left, *right, *top;
	int order;

	at = node_own(at);
	order = name_compare(name, len, at->name);
	if (order < 0) {
		at->left = sibling_take(at->left, name, len, taken);
		return balance(at);
	}
	if (order > 0) {
		at->right = sibling_take(at->right, name, len, taken);
		return balance(at);
	}
	left = at->left;
	right = at->right;
	at->left = at->right = NULL;
	at->height = 1;
	*taken = at;
	if (!left || !right) {
		return left ? left : right;
	}
	right = sibling_take_first(right, &top);
	top->left = left;
	top->right = right;
	return balance(top);
}

static struct node *sibling_find(struct node *at, const char *name, size_t len)
{
	while (at) {
		int order = name_compare(name, len, at->name);

		if (order == 0) {
			return at;
		}
		at = order < 0 ? at->left : at->right;
	}
	return NULL;
}

/* Unshares the way to a sibling that exists. */
static struct node *sibling_edit(struct node **slot, const char *name, size_t len)
{
	for (;;) {
		int order;

		*slot = node_own(*slot);
		order = name_compare(name, len, (*slot)->name);
		if (order == 0) {
			return *slot;
		}
		slot = order < 0 ? &(*slot)->left : &(*slot)->right;
	}
}

/* ---- walks ---- */

static void iter_descend(struct node_iter *it, const struct node *n)
{
	for (; n; n = n->left) {
		it->stack[it->depth++] = n;
	}
}

void node_iter_init(struct node_iter *it, const struct node *n)
{
	it->depth = 0;
	iter_descend(it, n->kids);
}

const struct node *node_iter_next(struct node_iter *it)
{
	const struct node *n;

	if (!it->depth) {
		return NULL;
	}
	n = it->stack[--it->depth];
	iter_descend(it, n->right);
	return n;
}

bool node_same_names(const struct node *a, const struct node *b)
{
	struct node_iter ia, ib;
	const struct node *na;

	if (a->kids_gen == b->kids_gen) {
		return true;
	}
	if (a->kids_count != b->kids_count) {
		return false;
	}
	node_iter_init(&ia, a);
	node_iter_init(&ib, b);
	while ((na = node_iter_next(&ia))) {
		if (!blob_equal(na->name, node_iter_next(&ib)->name)) {
			return false;
		}
	}
	return true;
}

/* ---- paths ---- */

/* The next component of a canonical path: *path is moved behind it. NULL at the end. */
static const char *path_part(const char **path, size_t *len)
{
	const char *start = *path;

	if (*start == '/') {
		start++;
	}
	if (!*start) {
		return NULL;
	}
	*path = strchrnul(start, '/');
	*len = *path - start;
	return start;
}

struct node *tree_new(struct perms *perms)
{
	return node_new("", 0, perms);
}

struct node *tree_nearest(struct node *root, const char *path, unsigned int *missing)
{
	const char *part;
	size_t len;

	*missing = 0;
	while ((part = path_part(&path, &len))) {
		struct node *kid = *missing ? NULL : sibling_find(root->kids, part, len);

		if (kid) {
			root = kid;
		} else {
			++*missing;
		}
	}
	return root;
}

struct node *tree_get(struct node *root, const char *path)
{
	const char *part;
	size_t len;

	while (root && (part = path_part(&path, &len))) {
		root = sibling_find(root->kids, part, len);
	}
	return root;
}

struct node *tree_edit(struct node **root, const char *path)
{
	struct node *n = *root = node_own(*root);
	const char *part;
	size_t len;

	while ((part = path_part(&path, &len))) {
		n = sibling_edit(&n->kids, part, len);
	}
	return n;
}

struct node *tree_put(struct node **root, const char *path, struct perms *perms)
{
	struct node *n = *root = node_own(*root);
	const char *part;
	size_t len;

	while ((part = path_part(&path, &len))) {
		if (sibling_find(n->kids, part, len)) {
			n = sibling_edit(&n->kids, part, len);
		} else {
			struct node *added = node_new(part, len, perms_ref(perms));

			n->kids = sibling_insert(n->kids, added);
			n->kids_count++;
			n->kids_gen = ++generation;
			n = added;
		}
	}
	return n;
}

struct node *tree_remove(struct node **root, const char *path)
{
	struct node *n = *root = node_own(*root), *taken = NULL;
	const char *part, *next;
	size_t len = 0, next_len;

	part = path_part(&path, &len);
	while ((next = path_part(&path, &next_len))) {
		n = sibling_edit(&n->kids, part, len);
		part = next;
		len = next_len;
	}
	n->kids = sibling_take(n->kids, part, len, &taken);
	n->kids_count--;
	n->kids_gen = ++generation;
	return taken;
}

/* Checks the siblings below n and what hangs off them; returns their count, or -1. */
static int64_t check_siblings(const struct node *n, uint64_t *total)
{
	int64_t left, right;
	int skew;

	if (!n) {
		return 0;
	}
	left = check_siblings(n->left, total);
	right = check_siblings(n->right, total);
	skew = height(n->left) - height(n->right);
	if (left < 0 || right < 0 || !n->refs || skew < -1 || skew > 1 ||
	    n->height != 1 + (skew > 0 ? height(n->left) : height(n->right)) ||
	    (n->left && name_compare(n->left->name->data, n->left->name->len, n->name) >= 0) ||
	    (n->right && name_compare(n->right->name->data, n->right->name->len, n->name) <= 0) ||
	    check_siblings(n->kids, total) != n->kids_count) {
		return -1;
	}
	++*total;
	return left + right + 1;
}

bool tree_check(const struct node *root, uint64_t *node_count)
{
	*node_count = 0;
	return check_siblings(root, node_count) == 1;
}
