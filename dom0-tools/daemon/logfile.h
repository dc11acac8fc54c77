/* SPDX-License-Identifier: MIT */
/*
 * A guest's console log: NAME.log and, once that is full, the one before as NAME.log.1.
 * Invariant: together never larger than twice LOGFILE_LIMIT_BYTES; harmless for terminals.
 * No lock: the event loop's thread writes it.
 */
#pragma once

#include "lib/err.h"
#include "lib/harmless.h"

#define LOGFILE_LIMIT_BYTES (1u << 20)

struct logfile {
	int fd;
	char *path;
	size_t bytes;
	struct harmless filter;
};

/** logfile_open - opens or makes dir/name.log for appending; 0, or -1 with ERR_HOST. */
int logfile_open(struct logfile *l, const char *dir, const char *name, struct err *e);

/** logfile_write - appends output. A full disk loses log lines, never the guest's console. */
void logfile_write(struct logfile *l, const char *data, size_t bytes);

/** logfile_note - appends a line of the daemon's own. */
void logfile_note(struct logfile *l, const char *text);

/** logfile_close - closes the file and frees what it holds. */
void logfile_close(struct logfile *l);
