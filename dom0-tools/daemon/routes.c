/* SPDX-License-Identifier: MIT */
/*
 * The API, one row per route. A path's "*" is a guest, by name or domain number; the handler
 * gets it found. Invariant: each handler answers, or hands the request to life.c, which does.
 * Event loop's thread only.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/attach.h"
#include "daemon/host.h"
#include "daemon/hotplug.h"
#include "daemon/life.h"
#include "daemon/logs.h"
#include "daemon/net_routes.h"
#include "daemon/routes.h"
#include "daemon/vcpus.h"
#include "daemon/view.h"
#include "daemon/viewer.h"

enum { NAME_BYTES = SCHEMA_NAME_BYTES + 1, WAIT_LIMIT_S = 86400 };

static struct {
	struct hyper *h;
	const char *log_dir;
} api;

static void answer(struct request *r, json_t *body, const struct err *e)
{
	if (body) {
		http_reply(r, 200, body);
	} else {
		http_reply_error(r, e);
	}
}

static void get_list(struct request *r, struct guest *g)
{
	struct err e ERR_CLEANUP = {0};

	(void)g;
	answer(r, host_list(api.h, &e), &e);
}

static void get_host(struct request *r, struct guest *g)
{
	struct err e ERR_CLEANUP = {0};

	(void)g;
	answer(r, host_info(api.h, &e), &e);
}

static void get_dmesg(struct request *r, struct guest *g)
{
	struct err e ERR_CLEANUP = {0};

	(void)g;
	answer(r, host_dmesg(api.h, &e), &e);
}

static void get_version(struct request *r, struct guest *g)
{
	struct err e ERR_CLEANUP = {0};

	(void)g;
	answer(r, host_version(api.h, &e), &e);
}

static void post_create(struct request *r, struct guest *g)
{
	const char *file = http_query(r, "file"), *paused = http_query(r, "paused"), *text;
	size_t bytes;

	(void)g;
	text = http_body(r, &bytes);
	life_create(file ? file : "(request)", text, bytes, paused && strcmp(paused, "1") == 0, r);
}

static void get_guest(struct request *r, struct guest *g)
{
	xc_domaininfo_t info;
	int has = g->domid != DOMID_INVALID &&
		  xc_domain_getinfolist(api.h->xch, g->domid, 1, &info) == 1 &&
		  info.domain == g->domid;
	json_t *o = view_details(g, has ? &info : NULL);

	if (has) {
		json_object_set_new(o, "disks", attached_list(api.h, g->domid, 1));
		json_object_set_new(o, "networks", attached_list(api.h, g->domid, 0));
	}
	http_reply(r, 200, o);
}

static long wait_seconds(const struct request *r)
{
	const char *wait = http_query(r, "wait");
	long s = wait ? strtol(wait, NULL, 10) : -1;

	return s > WAIT_LIMIT_S ? WAIT_LIMIT_S : s;
}

static void post_shutdown(struct request *r, struct guest *g)
{
	life_ask(g, "poweroff", wait_seconds(r), r);
}

static void post_reboot(struct request *r, struct guest *g)
{
	life_ask(g, "reboot", wait_seconds(r), r);
}

static void post_pause(struct request *r, struct guest *g)
{
	life_pause(g, 1, r);
}

static void post_resume(struct request *r, struct guest *g)
{
	life_pause(g, 0, r);
}

static void post_destroy(struct request *r, struct guest *g)
{
	life_destroy(g, r);
}

static void get_log(struct request *r, struct guest *g)
{
	const char *file = http_query(r, "file"), *offset = http_query(r, "offset");
	struct err e ERR_CLEANUP = {0};

	answer(r,
	       logs_read(api.log_dir, g->file.name, file ? strtoull(file, NULL, 10) : 0,
			 offset ? strtoll(offset, NULL, 10) : 0, &e),
	       &e);
}

static void console_ready(void *arg, int fd, const char *early, size_t bytes, void *handle)
{
	char *name = arg;
	struct guest *g = guest_find(name);

	/* The guest may have gone between the answer and now. */
	if (!g || !g->console ||
	    viewer_add(g->console, fd, early, bytes, http_upgrade_close, handle)) {
		http_upgrade_close(handle);
	}
	free(name);
}

static void get_console(struct request *r, struct guest *g)
{
	struct err e ERR_CLEANUP = {0};
	char *name = strdup(g->file.name);

	if (!g->console || !name) {
		err_set(&e, ERR_GUEST, "guest %s has no console now", g->file.name);
		err_fix(&e, "its log is there: domus logs %s", g->file.name);
		http_reply_error(r, &e);
		free(name);
		return;
	}
	http_reply_upgrade(r, "domus-console", name, console_ready);
}

static void get_vcpus(struct request *r, uint32_t domid)
{
	struct err e ERR_CLEANUP = {0};

	answer(r, vcpus_list(api.h, domid, &e), &e);
}

static void get_shares(struct request *r, uint32_t domid)
{
	struct err e ERR_CLEANUP = {0};

	answer(r, shares_list(api.h, domid, &e), &e);
}

static void get_disks(struct request *r, struct guest *g)
{
	hotplug_list(api.h, g, 1, r);
}

static void post_disk(struct request *r, struct guest *g)
{
	hotplug_start(g, PLUG_ATTACH, 1, r);
}

static void post_disk_detach(struct request *r, struct guest *g)
{
	hotplug_start(g, PLUG_DETACH, 1, r);
}

static void post_disk_resize(struct request *r, struct guest *g)
{
	hotplug_start(g, PLUG_RESIZE, 1, r);
}

static void get_nets(struct request *r, struct guest *g)
{
	hotplug_list(api.h, g, 0, r);
}

static void post_net(struct request *r, struct guest *g)
{
	hotplug_start(g, PLUG_ATTACH, 0, r);
}

static void post_net_detach(struct request *r, struct guest *g)
{
	hotplug_start(g, PLUG_DETACH, 0, r);
}

/* The argument of a request that cannot do without it. */
static const char *needed(const struct request *r, const char *name, struct err *e)
{
	const char *value = http_query(r, name);

	if (!value) {
		err_set(e, ERR_USAGE, "the request lacks the argument '%s'", name);
	}
	return value;
}

static void post_vcpus(struct request *r, uint32_t domid)
{
	struct err e ERR_CLEANUP = {0};
	const char *count = needed(r, "count", &e);
	int ok = count && vcpus_set(api.h, domid, count, &e) == 0;

	answer(r, ok ? vcpus_list(api.h, domid, &e) : NULL, &e);
}

static void post_pin(struct request *r, uint32_t domid)
{
	struct err e ERR_CLEANUP = {0};
	const char *vcpu = needed(r, "vcpu", &e);
	int ok = vcpu && vcpus_pin(api.h, domid, vcpu, http_query(r, "hard"), http_query(r, "soft"),
				   &e) == 0;

	answer(r, ok ? vcpus_list(api.h, domid, &e) : NULL, &e);
}

static void post_shares(struct request *r, uint32_t domid)
{
	struct err e ERR_CLEANUP = {0};
	int ok = shares_set(api.h, domid, http_query(r, "weight"), http_query(r, "cap"), &e) == 0;

	answer(r, ok ? shares_list(api.h, domid, &e) : NULL, &e);
}

static const struct route {
	const char *method, *path;
	void (*run)(struct request *r, struct guest *g);
	void (*run_domain)(struct request *r, uint32_t domid);    /* or: of any domain */
	void (*run_network)(struct request *r, const char *name); /* or: "*" is a network */
} table[] = {
	{"GET", "/v1/guests", .run = get_list},
	{"POST", "/v1/guests", .run = post_create},
	{"GET", "/v1/guests/*", .run = get_guest},
	{"POST", "/v1/guests/*/pause", .run = post_pause},
	{"POST", "/v1/guests/*/resume", .run = post_resume},
	{"POST", "/v1/guests/*/shutdown", .run = post_shutdown},
	{"POST", "/v1/guests/*/reboot", .run = post_reboot},
	{"POST", "/v1/guests/*/destroy", .run = post_destroy},
	{"GET", "/v1/guests/*/log", .run = get_log},
	{"GET", "/v1/guests/*/console", .run = get_console},
	{"GET", "/v1/guests/*/disks", .run = get_disks},
	{"POST", "/v1/guests/*/disks", .run = post_disk},
	{"POST", "/v1/guests/*/disks/detach", .run = post_disk_detach},
	{"POST", "/v1/guests/*/disks/resize", .run = post_disk_resize},
	{"GET", "/v1/guests/*/networks", .run = get_nets},
	{"POST", "/v1/guests/*/networks", .run = post_net},
	{"POST", "/v1/guests/*/networks/detach", .run = post_net_detach},
	{"GET", "/v1/networks", .run_network = route_networks_list},
	{"POST", "/v1/networks/reload", .run_network = route_networks_reload},
	{"GET", "/v1/networks/*", .run_network = route_network_show},
	{"POST", "/v1/networks/*/start", .run_network = route_network_start},
	{"POST", "/v1/networks/*/stop", .run_network = route_network_stop},
	{"GET", "/v1/vcpus", .run_domain = get_vcpus},
	{"GET", "/v1/domains/*/vcpus", .run_domain = get_vcpus},
	{"POST", "/v1/domains/*/vcpus", .run_domain = post_vcpus},
	{"POST", "/v1/domains/*/pin", .run_domain = post_pin},
	{"GET", "/v1/shares", .run_domain = get_shares},
	{"GET", "/v1/domains/*/shares", .run_domain = get_shares},
	{"POST", "/v1/domains/*/shares", .run_domain = post_shares},
	{"GET", "/v1/host", .run = get_host},
	{"GET", "/v1/host/dmesg", .run = get_dmesg},
	{"GET", "/v1/version", .run = get_version},
};

/* True if the path fits; what stands for "*" goes to name. */
static int path_matches(const char *pattern, const char *path, char name[NAME_BYTES])
{
	const char *star = strchr(pattern, '*');
	size_t head = star ? (size_t)(star - pattern) : 0, len;

	name[0] = '\0';
	if (!star) {
		return strcmp(pattern, path) == 0;
	}
	if (strncmp(pattern, path, head) != 0) {
		return 0;
	}
	len = strcspn(path + head, "/");
	if (len == 0 || len >= NAME_BYTES || strcmp(path + head + len, star + 1) != 0) {
		return 0;
	}
	memcpy(name, path + head, len);
	name[len] = '\0';
	return 1;
}

/* Our guest by name or number, or any domain by its number or "Domain-0"; 0, or -1. */
static int domain_find(const char *name, uint32_t *domid)
{
	const struct guest *g = guest_find(name);
	unsigned long number;
	char *end;

	if (g) {
		*domid = g->domid;
		return g->domid == DOMID_INVALID ? -1 : 0;
	}
	if (strcmp(name, "Domain-0") == 0) {
		*domid = 0;
		return 0;
	}
	number = strtoul(name, &end, 10);
	*domid = number;
	return *end || number >= DOMID_INVALID ? -1 : 0;
}

static void run(const struct route *route, struct request *r, const char *name)
{
	struct guest *g = *name ? guest_find(name) : NULL;
	uint32_t domid = DOMID_INVALID;
	struct err e ERR_CLEANUP = {0};

	if (route->run_network) {
		route->run_network(r, name);
		return;
	}
	if (*name && (route->run_domain ? domain_find(name, &domid) : !g)) {
		err_set(&e, ERR_NOT_FOUND, "there is no %s '%s'%s",
			route->run_domain ? "domain" : "guest", name, g ? " running" : "");
		err_fix(&e, "see 'domus list'%s",
			route->run_domain ? ""
					  : "; guests of other tools and dom0 are only listed");
		http_reply_error(r, &e);
	} else if (route->run_domain) {
		route->run_domain(r, domid);
	} else {
		route->run(r, g);
	}
}

void routes_request(struct request *r)
{
	struct err e ERR_CLEANUP = {0};
	char name[NAME_BYTES];
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].method, http_method(r)) == 0 &&
		    path_matches(table[i].path, http_path(r), name)) {
			run(&table[i], r, name);
			return;
		}
	}
	err_set(&e, ERR_USAGE, "domusd knows no request %s %s", http_method(r), http_path(r));
	err_fix(&e, "use a client of the same version");
	http_reply_error(r, &e);
}

void routes_init(struct hyper *h, const char *log_dir)
{
	api.h = h;
	api.log_dir = log_dir;
}
