/* SPDX-License-Identifier: MIT */
/*
 * Watches, found by the path that they watch. Invariant: a watch is in exactly two lists, its
 * watcher's and its path's; a path is in the index as long as it has a watch. A change looks up
 * its own path and the paths above it, so its cost does not depend on how many watches there are
 * elsewhere. No lock: one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "list.h"
#include "perms.h"

struct node;
struct owner;
struct watch_path;

struct watch_index {
	struct watch_path **slots; /* slot_count of them, a power of two */
	size_t slot_count, path_count;
};

/* Somebody who watches: a connection. */
struct watcher {
	struct who who;
	struct list watches;
	uint32_t watch_count;
	uint64_t watch_bytes;
	/** Called for each event; must not add or remove watches. */
	void (*event)(struct watcher *w, const char *path, const char *token);
};

/* One change of the live tree. */
struct change {
	char *path;
	struct perms *before, *after; /* of the node at path; either may be NULL */
	struct node *removed;         /* what was taken out of the tree there, or NULL */
};

#define DEPTH_ANY (-1)

void watch_index_init(struct watch_index *x);
/** Frees the index; all watches must be gone. */
void watch_index_free(struct watch_index *x);
void watcher_init(struct watcher *w, struct who who,
		  void (*event)(struct watcher *w, const char *path, const char *token));
/**
 * Adds a watch on a canonical or special path. depth: how many levels below the path count, or
 * DEPTH_ANY. skip: how many bytes of event paths to leave out (the prefix of a relative path).
 * Returns 0, or -EEXIST if this watcher has one with the same path and token.
 */
int watch_add(struct watch_index *x, struct watcher *w, const char *path, const char *token,
	      int depth, size_t skip);
/** Removes a watch; -ENOENT if there is none. */
int watch_remove(struct watch_index *x, struct watcher *w, const char *path, const char *token);
/** Removes all watches of a watcher. */
void watch_remove_all(struct watch_index *x, struct watcher *w);
/**
 * Tells all who watch the changed path, or one above it, and may read the node before or after.
 * For a removal also those who watch a node that went with it.
 */
void watch_fire(struct watch_index *x, const struct change *c, const struct owner *owners);
/**
 * Tells those who watch a special path and may read it. Watches with a depth above 0 are told
 * "NAME/DOMID".
 */
void watch_fire_special(struct watch_index *x, const char *name, uint16_t domid,
			const struct perms *perms, const struct owner *owners);
