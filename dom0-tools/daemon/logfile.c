/* SPDX-License-Identifier: MIT */
/* Appends guests' output to files that cannot grow without end; see logfile.h. No lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/logfile.h"

enum { CHUNK_BYTES = 1024 };

static int reopen(struct logfile *l)
{
	struct stat st;

	l->fd = open(l->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (l->fd < 0) {
		return -1;
	}
	l->bytes = fstat(l->fd, &st) ? 0 : st.st_size;
	return 0;
}

int logfile_open(struct logfile *l, const char *dir, const char *name, struct err *e)
{
	memset(l, 0, sizeof(*l));
	l->fd = -1;
	if (asprintf(&l->path, "%s/%s.log", dir, name) < 0) {
		l->path = NULL;
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	}
	if (reopen(l)) {
		err_set(e, ERR_HOST, "the console log %s cannot be written", l->path);
		return err_errno(e, errno, "open");
	}
	return 0;
}

static void rotate(struct logfile *l)
{
	char *old;

	if (asprintf(&old, "%s.1", l->path) < 0) {
		return;
	}
	close(l->fd);
	rename(l->path, old);
	free(old);
	reopen(l);
}

static void append(struct logfile *l, const char *text, size_t bytes)
{
	ssize_t n;

	if (l->fd >= 0 && l->bytes + bytes > LOGFILE_LIMIT_BYTES) {
		rotate(l);
	}
	if (l->fd >= 0) {
		n = write(l->fd, text, bytes);
		l->bytes += n > 0 ? n : 0;
	}
}

void logfile_write(struct logfile *l, const char *data, size_t bytes)
{
	char out[CHUNK_BYTES * HARMLESS_GROWTH];
	size_t piece;

	for (; bytes; data += piece, bytes -= piece) {
		piece = bytes < CHUNK_BYTES ? bytes : CHUNK_BYTES;
		append(l, out, harmless_text(&l->filter, data, piece, out));
	}
}

void logfile_note(struct logfile *l, const char *text)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "[domusd] %s\n", text);

	append(l, line, n < (int)sizeof(line) ? n : (int)sizeof(line) - 1);
}

void logfile_close(struct logfile *l)
{
	if (l->fd >= 0) {
		close(l->fd);
	}
	free(l->path);
	l->path = NULL;
	l->fd = -1;
}
