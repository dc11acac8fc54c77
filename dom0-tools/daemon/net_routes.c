/* SPDX-License-Identifier: MIT */
/* Answers requests about networks: with what became of them, or why nothing did. */
#include "daemon/net_routes.h"
#include "daemon/networks.h"

/* What was done, as the list of all. */
static void answer(struct request *r, int ret, const struct err *e)
{
	if (ret) {
		http_reply_error(r, e);
	} else {
		http_reply(r, 200, networks_list());
	}
}

void route_networks_list(struct request *r, const char *name)
{
	(void)name;
	answer(r, 0, NULL);
}

void route_networks_reload(struct request *r, const char *name)
{
	struct err e ERR_CLEANUP = {0};

	(void)name;
	answer(r, networks_reload(&e), &e);
}

void route_network_show(struct request *r, const char *name)
{
	struct err e ERR_CLEANUP = {0};
	json_t *o = networks_show(name, &e);

	if (o) {
		http_reply(r, 200, o);
	} else {
		http_reply_error(r, &e);
	}
}

void route_network_start(struct request *r, const char *name)
{
	struct err e ERR_CLEANUP = {0};

	answer(r, networks_start(name, &e), &e);
}

void route_network_stop(struct request *r, const char *name)
{
	struct err e ERR_CLEANUP = {0};

	answer(r, networks_stop(name, http_query(r, "force") != NULL, &e), &e);
}
