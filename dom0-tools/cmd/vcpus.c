/* SPDX-License-Identifier: MIT */
/* domus vcpu-list, vcpu-set, vcpu-pin, sched: virtual CPUs and their shares. No lock. */
#include <stdlib.h>
#include <string.h>

#include "cmd/verb.h"
#include "lib/cells.h"
#include "lib/client.h"

/* Adds "&name=value" to a query that begins with "?"; NULL or "-" as value: nothing. */
static int query_add(char **query, const char *name, const char *value, struct err *e)
{
	char *encoded, *longer = NULL;

	if (!value || strcmp(value, "-") == 0) {
		return 0;
	}
	encoded = client_encode(value);
	if (!encoded || asprintf(&longer, "%s%c%s=%s", *query ? *query : "", *query ? '&' : '?',
				 name, encoded) < 0) {
		free(encoded);
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	}
	free(encoded);
	free(*query);
	*query = longer;
	return 0;
}

/* "/v1/domains/GUEST/what" or, without a guest, "/v1/what". */
static json_t *ask(const struct call *c, const char *method, const char *guest, const char *what,
		   const char *query, struct err *e)
{
	char *name = guest ? client_encode(guest) : NULL, *target = NULL;
	json_t *o = NULL;

	if ((guest && !name) ||
	    asprintf(&target, "/v1/%s%s%s%s%s", guest ? "domains/" : "", guest ? name : "",
		     guest ? "/" : "", what, query ? query : "") < 0) {
		err_set(e, ERR_NO_MEMORY, "out of memory");
	} else {
		o = client_call(c->socket_path, method, target, NULL, 0, e);
		free(target);
	}
	free(name);
	return o;
}

int vcpu_list_run(const struct call *c, struct err *e)
{
	return verb_table(c, ask(c, "GET", c->argc ? c->argv[0] : NULL, "vcpus", NULL, e), "vcpus",
			  vcpu_columns, vcpu_column_count);
}

int vcpu_set_run(const struct call *c, struct err *e)
{
	char *query = NULL;
	json_t *o = NULL;

	if (!query_add(&query, "count", c->argv[1], e)) {
		o = ask(c, "POST", c->argv[0], "vcpus", query, e);
	}
	free(query);
	if (!o) {
		return -1;
	}
	if (!verb_print(c, o)) {
		printf("%s: asked to use %s vCPUs\n", c->argv[0], c->argv[1]);
	}
	json_decref(o);
	return 0;
}

int vcpu_pin_run(const struct call *c, struct err *e)
{
	char *query = NULL;
	json_t *o = NULL;

	if (!query_add(&query, "vcpu", c->argv[1], e) &&
	    !query_add(&query, "hard", c->argv[2], e) &&
	    !query_add(&query, "soft", c->argc > 3 ? c->argv[3] : NULL, e)) {
		o = ask(c, "POST", c->argv[0], "pin", query, e);
	}
	free(query);
	return verb_table(c, o, "vcpus", vcpu_columns, vcpu_column_count);
}

int sched_run(const struct call *c, struct err *e)
{
	const char *weight = verb_option(c, 'w'), *cap = verb_option(c, 'c');
	const char *guest = c->argc ? c->argv[0] : NULL;
	char *query = NULL;
	json_t *o = NULL;

	if ((weight || cap) && !guest) {
		err_set(e, ERR_USAGE, "whose share is to change?");
		return err_fix(e, "name a guest: domus sched GUEST -w 512");
	}
	if (!query_add(&query, "weight", weight, e) && !query_add(&query, "cap", cap, e)) {
		o = ask(c, weight || cap ? "POST" : "GET", guest, "shares", query, e);
	}
	free(query);
	return verb_table(c, o, "shares", share_columns, share_column_count);
}
