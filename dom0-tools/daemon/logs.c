/* SPDX-License-Identifier: MIT */
/* Serves console logs, the rotated file before the present one; see logs.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/logs.h"

struct piece {
	char text[LOGS_PIECE_BYTES + 1];
	ssize_t bytes;
	unsigned long long file; /* inode: a rotated file keeps it */
	long long size;
};

static int log_open(const char *dir, const char *name, const char *suffix, struct piece *p)
{
	struct stat st;
	char *path;
	int fd;

	if (asprintf(&path, "%s/%s.log%s", dir, name, suffix) < 0) {
		return -1;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	if (fd >= 0 && fstat(fd, &st)) {
		close(fd);
		return -1;
	}
	p->file = st.st_ino;
	p->size = st.st_size;
	return fd;
}

/* Leaves out a character that is not whole yet: the log is UTF-8, the piece's end is not. */
static void cut_at_character(struct piece *p)
{
	ssize_t i = p->bytes, back = 0;

	while (i > 0 && back < 3 && ((unsigned char)p->text[i - 1] & 0xc0) == 0x80) {
		i--;
		back++;
	}
	if (i > 0 && (unsigned char)p->text[i - 1] >= 0xc0) {
		unsigned char lead = p->text[i - 1];
		ssize_t want = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;

		if (back < want) {
			p->bytes = i - 1;
		}
	}
}

static void piece_read(struct piece *p, int fd, long long offset)
{
	p->bytes = pread(fd, p->text, LOGS_PIECE_BYTES, offset);
	if (p->bytes < 0) {
		p->bytes = 0;
	}
	cut_at_character(p);
	close(fd);
}

json_t *logs_read(const char *dir, const char *name, unsigned long long file, long long offset,
		  struct err *e)
{
	struct piece old = {.file = 0}, now = {.file = 0}, *p = &now;
	int old_fd = log_open(dir, name, ".1", &old), now_fd = log_open(dir, name, "", &now);

	if (now_fd < 0) {
		err_set(e, ERR_NOT_FOUND, "there is no console log of %s", name);
		if (old_fd >= 0) {
			close(old_fd);
		}
		return NULL;
	}
	if (file != now.file) {
		/* Somewhere in the rotated file, or at the very beginning. */
		offset = file == old.file ? offset : 0;
		if (old_fd >= 0 && offset < old.size) {
			p = &old;
		} else {
			offset = 0;
		}
	}
	piece_read(p, p == &old ? old_fd : now_fd, offset);
	if (p == &old) {
		close(now_fd);
	} else if (old_fd >= 0) {
		close(old_fd);
	}
	return json_pack("{s:s%, s:I, s:I, s:b}", "text", p->text, (size_t)p->bytes, "file",
			 (json_int_t)p->file, "offset", (json_int_t)(offset + p->bytes), "more",
			 p->bytes && (p == &old || offset + p->bytes < p->size));
}
