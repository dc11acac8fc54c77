/* SPDX-License-Identifier: MIT */
/*
 * The store as a back end needs it: numbers and texts of single nodes, and watches. domusd does it
 * for this process, as far as it concerns the process's own devices (include/backend.h).
 *
 * Invariant: a value that a guest wrote comes out as a number that was checked, or as text of
 * bounded length, or not at all. Event loop's thread only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "backend/complaint.h"

#define STORE_PATH_BYTES 256

/** store_open - begins to listen on BACKEND_STORE_FD. changed is called for each event of a watch;
 *  lost when domusd is gone: whatever is asked from then on is -EPIPE. 0, or -errno. */
int store_open(void (*changed)(const char *path), void (*lost)(void), struct complaint *c);
/** store_read - a node's text, or -errno: -ENOENT if there is none, -EINVAL if it is too long. */
int store_read(const char *folder, const char *node, char *text, size_t bytes);
/** store_read_number - a node's decimal number; -EINVAL if it is none or above max. */
int store_read_number(const char *folder, const char *node, uint64_t max, uint64_t *value);
/** store_number_or - the same, but a value for a node that is not there or senseless. */
uint64_t store_number_or(const char *folder, const char *node, uint64_t max, uint64_t other);
/** store_write - writes a node, printf-like; 0, or -errno. */
int store_write(const char *folder, const char *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/** store_watch - changed(path) whenever the node changes, and once now; 0, or -errno. */
int store_watch(const char *folder, const char *node);
/** store_unwatch - events that were on their way may still come. */
void store_unwatch(const char *folder, const char *node);
