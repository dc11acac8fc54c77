/* SPDX-License-Identifier: MIT */
/*
 * Checking and completing the names of nodes; see path.h for the invariant. No lock.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "path.h"
#include "util.h"

static const char *const special_names[SPECIAL_COUNT] = {
	[SPECIAL_INTRODUCE] = PATH_INTRODUCE,
	[SPECIAL_RELEASE] = PATH_RELEASE,
};

enum special path_special(const char *path)
{
	for (int i = 0; i < SPECIAL_COUNT; i++) {
		if (strcmp(path, special_names[i]) == 0) {
			return i;
		}
	}
	return SPECIAL_NONE;
}

static bool valid_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '/' || c == '_' || c == '@';
}

static bool valid(const char *path, size_t len)
{
	if (!len || (len > 1 && path[len - 1] == '/')) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!valid_char(path[i]) || (path[i] == '/' && path[i + 1] == '/')) {
			return false;
		}
	}
	return true;
}

int path_canonical(const char *path, const char *prefix, char **canonical)
{
	size_t len = strlen(path), prefix_len = strlen(prefix);
	char *full;

	if (path_special(path) != SPECIAL_NONE) {
		*canonical = mem_strndup(path, len);
		return 0;
	}
	if (*path == '@' || !valid(path, len)) {
		return -EINVAL;
	}
	if (*path == '/') {
		if (len > XENSTORE_ABS_PATH_MAX) {
			return -EINVAL;
		}
		*canonical = mem_strndup(path, len);
		return 0;
	}
	if (len > XENSTORE_REL_PATH_MAX) {
		return -EINVAL;
	}
	full = mem_alloc(prefix_len + len + 2);
	memcpy(full, prefix, prefix_len);
	full[prefix_len] = '/';
	memcpy(full + prefix_len + 1, path, len);
	*canonical = full;
	return 0;
}

unsigned int path_depth(const char *path)
{
	unsigned int depth = 0;

	for (; path[0] && path[1]; path = strchrnul(path + 1, '/')) {
		depth++;
	}
	return depth;
}

size_t path_parent_len(const char *path)
{
	size_t len = strrchr(path, '/') - path;

	return len ? len : 1;
}
