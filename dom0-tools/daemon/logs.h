/* SPDX-License-Identifier: MIT */
/*
 * Reading console logs piece by piece. A reader says where it stopped; the daemon keeps nothing
 * about readers, so one that goes away costs nothing. Event loop's thread only.
 */
#pragma once

#include <jansson.h>

#include "lib/err.h"

/** Most text in one answer. */
#define LOGS_PIECE_BYTES (32u << 10)

/**
 * logs_read - text of a guest's log from a position on.
 * @file, @offset: where the last piece ended, from its answer; 0, 0: from the beginning
 *
 * Returns {"text", "file", "offset", "more"}, or NULL with ERR_NOT_FOUND.
 */
json_t *logs_read(const char *dir, const char *name, unsigned long long file, long long offset,
		  struct err *e);
