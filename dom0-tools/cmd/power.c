/* SPDX-License-Identifier: MIT */
/* domus pause, resume, shutdown, reboot, destroy: one request each, one line back. No lock. */
#include <stdlib.h>

#include "cmd/verb.h"

static int post_and_say(const struct call *c, const char *what, const char *query, const char *said,
			struct err *e)
{
	json_t *o = verb_post(c, c->argv[0], what, query, e);

	if (!o) {
		return -1;
	}
	verb_say(c, o, said);
	json_decref(o);
	return 0;
}

int pause_run(const struct call *c, struct err *e)
{
	return post_and_say(c, "pause", NULL, "paused", e);
}

int resume_run(const struct call *c, struct err *e)
{
	return post_and_say(c, "resume", NULL, "running", e);
}

int destroy_run(const struct call *c, struct err *e)
{
	return post_and_say(c, "destroy", NULL, "destroyed", e);
}

static int ask(const struct call *c, const char *what, const char *asked, const char *done,
	       struct err *e)
{
	const char *limit = verb_option(c, 't');
	char query[32], *end;
	long seconds = 60;

	if (!verb_option(c, 'w') && !limit) {
		return post_and_say(c, what, NULL, asked, e);
	}
	if (limit) {
		seconds = strtol(limit, &end, 10);
		if (end == limit || *end || seconds < 0 || seconds > 86400) {
			err_set(e, ERR_USAGE, "'%s' is no number of seconds", limit);
			return err_fix(e, "use 0 to 86400");
		}
	}
	snprintf(query, sizeof(query), "?wait=%ld", seconds);
	return post_and_say(c, what, query, done, e);
}

int shutdown_run(const struct call *c, struct err *e)
{
	return ask(c, "shutdown", "asked to switch itself off", "down", e);
}

int reboot_run(const struct call *c, struct err *e)
{
	return ask(c, "reboot", "asked to reboot", "up again", e);
}
