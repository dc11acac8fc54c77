/* SPDX-License-Identifier: MIT */
/* domus disk ... and domus net ...: devices of a running guest, one request each. No lock. */
#include <stdlib.h>
#include <string.h>

#include "cmd/verb.h"
#include "lib/cells.h"
#include "lib/client.h"

/* The rows under "disks" or "networks", as a table or with -o; drops the answer. */
static int show(const struct call *c, json_t *o, int is_disk)
{
	return is_disk ? verb_table(c, o, "disks", disk_columns, disk_column_count)
		       : verb_table(c, o, "networks", net_columns, net_column_count);
}

static int list(const struct call *c, int is_disk, struct err *e)
{
	char *target = verb_target(c->argv[0], is_disk ? "disks" : "networks");
	json_t *o = target ? verb_get(c, target, e) : NULL;

	free(target);
	return o ? show(c, o, is_disk) : -1;
}

/* Sends the keys of an item as a guest file would have them. */
static int attach(const struct call *c, int is_disk, json_t *item, struct err *e)
{
	char *target = verb_target(c->argv[0], is_disk ? "disks" : "networks");
	char *text = item ? json_dumps(item, JSON_COMPACT) : NULL;
	json_t *o = NULL;

	json_decref(item);
	if (!target || !text) {
		err_set(e, ERR_NO_MEMORY, "out of memory");
	} else {
		o = client_call(c->socket_path, "POST", target, text, strlen(text), e);
	}
	free(target);
	free(text);
	return o ? show(c, o, is_disk) : -1;
}

static void key_set(json_t *item, const char *key, const char *value)
{
	if (value) {
		json_object_set_new(item, key, json_string(value));
	}
}

/* Numbers stay numbers; what is none is domusd's to refuse. */
static void key_set_number(json_t *item, const char *key, const char *value)
{
	char *end;
	long n = value ? strtol(value, &end, 10) : 0;

	if (value) {
		json_object_set_new(item, key,
				    *value && !*end ? json_integer(n) : json_string(value));
	}
}

static void key_set_flag(const struct call *c, json_t *item, const char *key, char letter)
{
	if (verb_option(c, letter)) {
		json_object_set_new(item, key, json_true());
	}
}

static int post(const struct call *c, int is_disk, const char *what, const char *query,
		struct err *e)
{
	json_t *o = verb_post(c, c->argv[0], what, query, e);

	return o ? show(c, o, is_disk) : -1;
}

static int detach(const struct call *c, int is_disk, struct err *e)
{
	char *name = client_encode(c->argv[1]), query[160];
	const char *wait = verb_option(c, 't');

	if (!name || (wait && strspn(wait, "0123456789") != strlen(wait))) {
		free(name);
		err_set(e, ERR_USAGE, "'%s' is no number of seconds", wait ? wait : "");
		return err_fix(e, "use 0 to 600");
	}
	snprintf(query, sizeof(query), "?device=%.64s%s%.8s%s", name, wait ? "&wait=" : "",
		 wait ? wait : "", verb_option(c, 'f') ? "&force=1" : "");
	free(name);
	return post(c, is_disk, is_disk ? "disks/detach" : "networks/detach", query, e);
}

int disk_list_run(const struct call *c, struct err *e)
{
	return list(c, 1, e);
}

int disk_attach_run(const struct call *c, struct err *e)
{
	char *path = realpath(c->argv[1], NULL);
	json_t *item = json_object();

	/* The daemon's folder is another one. What is not there, it can tell better. */
	key_set(item, strstr(c->argv[1], "://") ? "uri" : "path", path ? path : c->argv[1]);
	free(path);
	key_set(item, "format", verb_option(c, 'k'));
	key_set(item, "target", verb_option(c, 't'));
	key_set_number(item, "sector", verb_option(c, 's'));
	key_set(item, "backend", verb_option(c, 'b'));
	key_set_flag(c, item, "readonly", 'r');
	key_set_flag(c, item, "cdrom", 'c');
	key_set_flag(c, item, "shared", 'S');
	return attach(c, 1, item, e);
}

int disk_detach_run(const struct call *c, struct err *e)
{
	return detach(c, 1, e);
}

int disk_resize_run(const struct call *c, struct err *e)
{
	char *name = client_encode(c->argv[1]);
	char *size = c->argc > 2 ? client_encode(c->argv[2]) : NULL, query[160];

	snprintf(query, sizeof(query), "?device=%.64s%s%.40s", name ? name : "",
		 size ? "&size=" : "", size ? size : "");
	free(name);
	free(size);
	return post(c, 1, "disks/resize", query, e);
}

int net_list_run(const struct call *c, struct err *e)
{
	return list(c, 0, e);
}

int net_attach_run(const struct call *c, struct err *e)
{
	json_t *item = json_object();

	key_set(item, "bridge", c->argv[1]);
	key_set(item, "mac", verb_option(c, 'm'));
	key_set_number(item, "mtu", verb_option(c, 'u'));
	key_set(item, "rate", verb_option(c, 'r'));
	key_set(item, "backend", verb_option(c, 'b'));
	return attach(c, 0, item, e);
}

int net_detach_run(const struct call *c, struct err *e)
{
	return detach(c, 0, e);
}
