/* SPDX-License-Identifier: MIT */
/*
 * domus logs GUEST: prints the console log piece by piece; -f asks again and again. The daemon
 * has made the text harmless for terminals before it wrote it. No lock.
 */
#include <stdlib.h>
#include <time.h>

#include "cmd/verb.h"

static const struct timespec poll_interval = {.tv_nsec = 250 * 1000 * 1000};

static json_t *piece(const struct call *c, json_int_t file, json_int_t offset, struct err *e)
{
	char *path = verb_target(c->argv[0], "log"), *target = NULL;
	json_t *o = NULL;

	if (path && asprintf(&target, "%s?file=%lld&offset=%lld", path, (long long)file,
			     (long long)offset) > 0) {
		o = verb_get(c, target, e);
		free(target);
	}
	free(path);
	return o;
}

int logs_run(const struct call *c, struct err *e)
{
	json_int_t file = 0, offset = 0;
	int more = 1;
	json_t *o, *text;

	while (more || verb_option(c, 'f')) {
		if (!more) {
			nanosleep(&poll_interval, NULL);
		}
		o = piece(c, file, offset, e);
		if (!o) {
			return -1;
		}
		text = json_object_get(o, "text");
		fwrite(json_string_value(text), 1, json_string_length(text), stdout);
		fflush(stdout);
		file = json_integer_value(json_object_get(o, "file"));
		offset = json_integer_value(json_object_get(o, "offset"));
		more = json_is_true(json_object_get(o, "more"));
		json_decref(o);
		if (ferror(stdout)) {
			return 0;
		}
	}
	return 0;
}
