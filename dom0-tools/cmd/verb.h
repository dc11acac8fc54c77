/* SPDX-License-Identifier: MIT */
/*
 * What domus can do: one verb per file, one row per verb in verbs.c, from which help and
 * suggestions are made. Invariant: a verb asks domusd and prints; it decides nothing itself.
 * No lock: one thread, one verb per process.
 */
#pragma once

#include <limits.h>

#include "lib/err.h"
#include "lib/output.h"

struct verb;

/** A command line that was read. */
struct call {
	const struct verb *verb;
	const char *socket_path;
	enum format format;
	int argc; /* arguments left over from options */
	char **argv;
	/* By letter, whatever it is: its value, "" for a flag, NULL if absent. */
	const char *option[UCHAR_MAX + 1];
};

struct verb {
	const char *name; /* one word or two */
	const char *args; /* as help shows them */
	char options[16]; /* letters as for getopt(3), -o and -h left out */
	int min_args, max_args;
	const char *help; /* one line; more lines after a newline */
	int (*run)(const struct call *c, struct err *e);
};

extern const struct verb verbs[];
extern const size_t verb_count;

/** verb_option - the value of an option, "" for a flag; NULL if it was not given. */
const char *verb_option(const struct call *c, char letter);
/** verb_find - the verb of that name, or NULL. */
const struct verb *verb_find(const char *name);
/** verb_read - the verb that the words begin with; *used: how many of them it takes. NULL: none. */
const struct verb *verb_read(int count, char **words, int *used);
/** verb_unknown - the error about a verb that is none, with the nearest one. Returns -1. */
int verb_unknown(const char *name, struct err *e);
/** verb_help - the verb's help; NULL: the list of all. */
void verb_help(FILE *f, const struct verb *verb);

/** verb_get, verb_post - ask domusd; NULL with an error. guest may be NULL; what: "pause". */
json_t *verb_get(const struct call *c, const char *target, struct err *e);
json_t *verb_post(const struct call *c, const char *guest, const char *what, const char *query,
		  struct err *e);
/** verb_target - "/v1/guests/NAME[/what]", encoded; the caller frees it. */
char *verb_target(const char *guest, const char *what);
/** verb_table - prints the rows under a key as a table, or all data with -o; drops the data. */
int verb_table(const struct call *c, json_t *data, const char *key, const struct column *columns,
	       size_t count);
/** verb_print - prints data as JSON or YAML and returns 1; 0: the table is the verb's own. */
int verb_print(const struct call *c, const json_t *data);
/** verb_data - prints all data, for people as YAML; drops it. */
int verb_data(const struct call *c, json_t *data);
/** verb_say - one line for people about a guest ("web: paused"), or its data with -o. */
void verb_say(const struct call *c, const json_t *guest, const char *what);

int create_run(const struct call *c, struct err *e);
int list_run(const struct call *c, struct err *e);
int show_run(const struct call *c, struct err *e);
int console_run(const struct call *c, struct err *e);
int logs_run(const struct call *c, struct err *e);
int pause_run(const struct call *c, struct err *e);
int resume_run(const struct call *c, struct err *e);
int shutdown_run(const struct call *c, struct err *e);
int reboot_run(const struct call *c, struct err *e);
int destroy_run(const struct call *c, struct err *e);
int vcpu_list_run(const struct call *c, struct err *e);
int vcpu_set_run(const struct call *c, struct err *e);
int vcpu_pin_run(const struct call *c, struct err *e);
int sched_run(const struct call *c, struct err *e);
int disk_list_run(const struct call *c, struct err *e);
int disk_attach_run(const struct call *c, struct err *e);
int disk_detach_run(const struct call *c, struct err *e);
int disk_resize_run(const struct call *c, struct err *e);
int net_list_run(const struct call *c, struct err *e);
int net_attach_run(const struct call *c, struct err *e);
int net_detach_run(const struct call *c, struct err *e);
int network_list_run(const struct call *c, struct err *e);
int network_show_run(const struct call *c, struct err *e);
int network_start_run(const struct call *c, struct err *e);
int network_stop_run(const struct call *c, struct err *e);
int network_reload_run(const struct call *c, struct err *e);
int info_run(const struct call *c, struct err *e);
int dmesg_run(const struct call *c, struct err *e);
int version_run(const struct call *c, struct err *e);
int help_run(const struct call *c, struct err *e);

/** console_attach - shows a guest's console until Ctrl-] or its end; 0, or -1 with an error. */
int console_attach(const struct call *c, const char *guest, struct err *e);
