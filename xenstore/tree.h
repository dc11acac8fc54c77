/* SPDX-License-Identifier: MIT */
/*
 * The store's tree: nodes with a name, a value, permissions and children, reference counted and
 * shared between versions of the tree. Invariant: a node that more than one reference reaches is
 * never changed; an edit copies the nodes from the root down to the edited one (those that are
 * not shared are edited in place) and shares the rest. A version of the tree is therefore one
 * reference to its root, and a snapshot costs nothing. No lock: one thread.
 *
 *   root v1 ──┐      ┌── root v2 (after a write to /a/x)
 *             ▼      ▼
 *             a      a'          the children of a node form an AVL tree by name:
 *            / \    / \          lookup and edit are O(log children) at each level
 *           x   \  x'  |
 *                `──y──´         y, and all below it, is shared
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that never change once made. */
struct blob {
	uint32_t refs;
	uint32_t len;
	char data[];
};

struct perms;

struct node {
	uint32_t refs;
	uint8_t height;      /* of the AVL tree of siblings that this node is the root of */
	uint32_t kids_count; /* children of this node */
	uint64_t kids_gen;   /* changes whenever a child is added or removed */
	struct blob *name;
	struct blob *value;
	struct perms *perms;
	struct node *left, *right; /* siblings with smaller and greater names */
	struct node *kids;         /* the root of the children's AVL tree */
};

/* Walks children in the order of their names. An AVL tree of 2^32 nodes is at most 46 high. */
struct node_iter {
	const struct node *stack[48];
	unsigned int depth;
};

/** Makes a blob with one reference from len bytes. */
struct blob *blob_new(const void *data, size_t len);
struct blob *blob_ref(struct blob *b);
void blob_put(struct blob *b);
bool blob_equal(const struct blob *a, const struct blob *b);

struct node *node_ref(struct node *n);
/** Drops a reference; with the last one the node and what only it reached are freed. */
void node_put(struct node *n);
/** True if both have children of the same names. */
bool node_same_names(const struct node *a, const struct node *b);
/** Starts a walk over the children of n. */
void node_iter_init(struct node_iter *it, const struct node *n);
/** The next child, or NULL after the last. The tree must not be edited during a walk. */
const struct node *node_iter_next(struct node_iter *it);
/** Bytes that the node itself accounts for: structure, name, value, permissions. */
size_t node_bytes(const struct node *n);

/** A tree of one node, "/". Takes over the reference to perms. */
struct node *tree_new(struct perms *perms);
/** The node at a canonical absolute path, or NULL. The reference stays the tree's. */
struct node *tree_get(struct node *root, const char *path);
/**
 * The deepest existing node on the way to path (the node itself, if it exists); *missing gets
 * the number of path components below it.
 */
struct node *tree_nearest(struct node *root, const char *path, unsigned int *missing);
/**
 * Makes the nodes from the root to path unshared and returns the last one for editing its value
 * or permissions. It must exist. *root may be replaced.
 */
struct node *tree_edit(struct node **root, const char *path);
/** As tree_edit(); missing nodes are created, each with an empty value and these permissions. */
struct node *tree_put(struct node **root, const char *path, struct perms *perms);
/** Takes the existing node at path (not "/") out; returns it, with all below it. */
struct node *tree_remove(struct node **root, const char *path);
/** Replaces a value or permissions of a node got by tree_edit(); takes over the reference. */
void node_set_value(struct node *n, struct blob *value);
void node_set_perms(struct node *n, struct perms *perms);
/** True if every invariant of the tree holds (order, balance, counts). For tests and `check`. */
bool tree_check(const struct node *root, uint64_t *node_count);
