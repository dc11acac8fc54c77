/* SPDX-License-Identifier: MIT */
/*
 * Names of nodes. Invariant: behind path_canonical() every path is absolute, has only valid
 * characters, no empty component and no trailing slash; the other modules rely on that. No lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define PATH_INTRODUCE "@introduceDomain"
#define PATH_RELEASE   "@releaseDomain"

/* The names that begin with '@': they carry permissions and watches but are not in the tree. */
enum special { SPECIAL_NONE = -1, SPECIAL_INTRODUCE, SPECIAL_RELEASE, SPECIAL_COUNT };

/** Which special name this is, or SPECIAL_NONE. */
enum special path_special(const char *path);
/**
 * Turns what a client sent into an absolute path: a relative one gets prefix ("" or
 * "/local/domain/N") and a slash in front. Returns 0 and a path to free, or -EINVAL.
 */
int path_canonical(const char *path, const char *prefix, char **canonical);
/** The number of components: 0 for "/", 2 for "/a/b". */
unsigned int path_depth(const char *path);
/** The length of the parent's path: 1 ("/") for "/a", 2 for "/a/b". Not for "/" itself. */
size_t path_parent_len(const char *path);
