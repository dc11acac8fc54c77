/* SPDX-License-Identifier: MIT */
/* domus network ...: the networks of the host, one request each. No lock. */
#include <stdlib.h>

#include "cmd/verb.h"
#include "lib/cells.h"
#include "lib/client.h"

/* "/v1/networks/NAME[/what]"; the caller frees it. NULL with an error. */
static char *target(const char *network, const char *what, struct err *e)
{
	char *name = client_encode(network), *path = NULL;

	if (!name || asprintf(&path, "/v1/networks/%s%s", name, what) < 0) {
		path = NULL;
		err_set(e, ERR_NO_MEMORY, "out of memory");
	}
	free(name);
	return path;
}

static int show_list(const struct call *c, json_t *o)
{
	return verb_table(c, o, "networks", host_net_columns, host_net_column_count);
}

static int post(const struct call *c, const char *what, struct err *e)
{
	char *path = target(c->argv[0], what, e);
	json_t *o = path ? client_call(c->socket_path, "POST", path, NULL, 0, e) : NULL;

	free(path);
	return show_list(c, o);
}

int network_list_run(const struct call *c, struct err *e)
{
	return show_list(c, verb_get(c, "/v1/networks", e));
}

int network_show_run(const struct call *c, struct err *e)
{
	char *path = target(c->argv[0], "", e);
	json_t *o = path ? verb_get(c, path, e) : NULL;

	free(path);
	return verb_data(c, o);
}

int network_start_run(const struct call *c, struct err *e)
{
	return post(c, "/start", e);
}

int network_stop_run(const struct call *c, struct err *e)
{
	return post(c, verb_option(c, 'f') ? "/stop?force=1" : "/stop", e);
}

int network_reload_run(const struct call *c, struct err *e)
{
	return show_list(c, client_call(c->socket_path, "POST", "/v1/networks/reload", NULL, 0, e));
}
