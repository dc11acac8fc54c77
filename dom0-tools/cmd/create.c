/* SPDX-License-Identifier: MIT */
/* domus create FILE: sends the file's text; domusd reads it and does the rest. No lock. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/verb.h"
#include "lib/client.h"
#include "lib/guest_file.h"

static int read_file(const char *path, char *text, size_t room, size_t *bytes, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	*bytes = 0;
	while (fd >= 0 && *bytes < room && (n = read(fd, text + *bytes, room - *bytes)) > 0) {
		*bytes += n;
	}
	if (fd < 0 || n < 0) {
		err_set(e, ERR_CONFIG, "the guest file cannot be read");
		err_errno(e, errno, fd < 0 ? "open" : "read");
		err_at(e, path, 0, 0, NULL);
	}
	if (fd >= 0) {
		close(fd);
	}
	return fd < 0 || n < 0 ? -1 : 0;
}

int create_run(const struct call *c, struct err *e)
{
	static char text[SCHEMA_FILE_BYTES + 1];
	char absolute[PATH_MAX], target[PATH_MAX * 3 + 64], *path;
	const char *name;
	size_t bytes;
	json_t *guest;
	int ret = 0, is_shown;

	if (read_file(c->argv[0], text, sizeof(text), &bytes, e)) {
		return -1;
	}
	/* Paths inside the file start at its folder, which the daemon cannot guess. */
	path = client_encode(realpath(c->argv[0], absolute) ? absolute : c->argv[0]);
	snprintf(target, sizeof(target), "/v1/guests?file=%s%s", path ? path : "",
		 verb_option(c, 'p') ? "&paused=1" : "");
	free(path);
	is_shown = isatty(STDERR_FILENO) && c->format == FORMAT_TABLE;
	if (is_shown) {
		fprintf(stderr, "building %s ...", c->argv[0]);
	}
	guest = client_call(c->socket_path, "POST", target, text, bytes, e);
	if (is_shown) {
		/* Takes the line back: what remains is the result. */
		fputs("\r\033[K", stderr);
	}
	if (!guest) {
		return -1;
	}
	verb_say(c, guest, verb_option(c, 'p') ? "created, paused" : "created");
	name = json_string_value(json_object_get(guest, "name"));
	if (verb_option(c, 'c') && name) {
		fflush(stdout);
		ret = console_attach(c, name, e);
	}
	json_decref(guest);
	return ret;
}
