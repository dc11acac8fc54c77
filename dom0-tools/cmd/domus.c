/* SPDX-License-Identifier: MIT */
/*
 * domus: asks domusd to do things with guests, and prints what comes back. It is linked
 * statically: a start that has no library to map and relocate is what makes it fast.
 * Invariant: the exit code is the class of the error that is printed, 0 without one. No lock.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/verb.h"
#include "lib/paths.h"

static int fail(const struct call *c, const struct err *e)
{
	if (c->format == FORMAT_JSON) {
		json_t *o = err_json(e);

		output_json(stderr, o);
		json_decref(o);
	} else {
		char *text = err_text(e, "domus");

		fputs(text ? text : "domus: out of memory\n", stderr);
		free(text);
	}
	return e->class;
}

/* The format counts for errors that come before the options are read, too. */
static void format_foresee(struct call *c, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "-o", 2) == 0) {
			const char *word = argv[i][2]     ? argv[i] + 2
					   : i + 1 < argc ? argv[i + 1]
							  : "";

			(void)format_parse(word, &c->format);
		}
	}
}

/* Returns 1 if help was asked for, 0 to go on, -1 with an error. */
static int options_read(struct call *c, int argc, char **argv, struct err *e)
{
	static const struct option longs[] = {
		{"help", no_argument, NULL, 'h'},
		{"force", no_argument, NULL, 'f'},
		{0},
	};
	char letters[sizeof(":ho:") + sizeof(c->verb->options)];
	int opt;

	snprintf(letters, sizeof(letters), ":ho:%s", c->verb->options);
	while ((opt = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (opt == 'h') {
			return 1;
		}
		if (opt == 'f' && !strchr(c->verb->options, 'f')) {
			opt = '?';
			optopt = 'f';
		}
		if (opt == ':' || opt == '?') {
			err_set(e, ERR_USAGE,
				opt == ':' ? "option -%c needs a value" : "there is no option -%c",
				optopt);
			return err_fix(e, "see 'domus help %s'", c->verb->name);
		}
		if (opt != 'o') {
			c->option[(unsigned char)opt] = optarg ? optarg : "";
		} else if (format_parse(optarg, &c->format)) {
			err_set(e, ERR_USAGE, "'%s' is no format", optarg);
			return err_fix(e, "use table, json or yaml");
		}
	}
	c->argc = argc - optind;
	c->argv = argv + optind;
	if (c->argc < c->verb->min_args || c->argc > c->verb->max_args) {
		err_set(e, ERR_USAGE, "'domus %s' takes %s", c->verb->name,
			*c->verb->args ? c->verb->args : "no arguments");
		return err_fix(e, "see 'domus help %s'", c->verb->name);
	}
	return 0;
}

static int run(struct call *c, int argc, char **argv, struct err *e)
{
	int ret, used;

	format_foresee(c, argc, argv);
	if (argc < 2) {
		verb_help(stderr, NULL);
		exit(ERR_USAGE);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		argv[1] = "help";
	} else if (strcmp(argv[1], "--version") == 0) {
		argv[1] = "version";
	}
	c->verb = verb_read(argc - 1, argv + 1, &used);
	if (!c->verb) {
		return verb_unknown(argv[1], e);
	}
	ret = options_read(c, argc - used, argv + used, e);
	if (ret > 0) {
		verb_help(stdout, c->verb);
		return 0;
	}
	return ret ? ret : c->verb->run(c, e);
}

int main(int argc, char **argv)
{
	const char *path = getenv("DOMUS_SOCKET");
	struct call c = {.socket_path = path ? path : DOMUS_SOCKET_PATH};
	struct err e ERR_CLEANUP = {0};

	if (run(&c, argc, argv, &e)) {
		return fail(&c, &e);
	}
	return 0;
}
