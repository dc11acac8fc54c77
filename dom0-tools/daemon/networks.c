/* SPDX-License-Identifier: MIT */
/* Keeps the list of networks and what belongs to all of them; see networks.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/dhcp.h"
#include "daemon/firewall.h"
#include "daemon/nat.h"
#include "daemon/net_record.h"
#include "daemon/networks.h"

static struct {
	const char *file;
	struct net_record standing;
	char *rules; /* that nftables has; NULL: not known */
} nets;

static void record(void)
{
	net_record_write(&nets.standing);
}

/* The host file, empty if there is none. */
static int file_read(struct host_file *h, struct err *e)
{
	static char text[SCHEMA_FILE_BYTES + 1];
	FILE *f = fopen(nets.file, "re");
	size_t bytes = f ? fread(text, 1, sizeof(text), f) : 0;
	int errnum = errno, is_read = f && !ferror(f);

	if (f) {
		fclose(f);
	}
	if (!f && errnum == ENOENT) {
		return 0;
	}
	if (!is_read) {
		err_set(e, ERR_CONFIG, "%s cannot be read", nets.file);
		return err_errno(e, errnum, "open");
	}
	return host_file_read(h, nets.file, text, bytes, e);
}

static int want(const struct host_file *h, struct err *e)
{
	struct network *n;
	unsigned int i;

	for (n = nets.standing.list; n; n = n->next) {
		n->is_wanted = 0;
	}
	for (i = 0; i < h->net_count; i++) {
		n = net_add(&nets.standing.list, h->nets[i].name);
		if (!n) {
			return err_set(e, ERR_NO_MEMORY, "out of memory");
		}
		n->want = h->nets[i];
		n->is_wanted = 1;
	}
	return 0;
}

/* Those after it first: they may be VLANs on its bridge. */
static void lower_unwanted(struct network *n)
{
	if (!n) {
		return;
	}
	lower_unwanted(n->next);
	if (!n->is_wanted && n->is_up) {
		err_free(&n->err);
		net_lower(n, 0, record, &n->err);
	}
}

/* Nobody needs to know of them any more. */
static void forget_unwanted(void)
{
	struct network **at = &nets.standing.list, *n;

	while ((n = *at)) {
		if (n->is_wanted || n->is_up) {
			at = &n->next;
			continue;
		}
		*at = n->next;
		dhcp_unwant(n->want.name);
		err_free(&n->err);
		free(n);
	}
}

static void raise_wanted(void)
{
	struct network *n;

	for (n = nets.standing.list; n; n = n->next) {
		if (n->is_wanted && !n->is_stopped) {
			err_free(&n->err);
			net_release(n, record);
		}
	}
	for (n = nets.standing.list; n; n = n->next) {
		if (n->is_wanted && !n->is_stopped) {
			net_raise(n, nets.file, record, &n->err);
		}
	}
}

static int forwarding(int is_needed, struct err *e)
{
	if (is_needed && !forwarding_get()) {
		nets.standing.is_forwarding = 1;
		record();
		return forwarding_set(1, e);
	}
	if (!is_needed && nets.standing.is_forwarding) {
		nets.standing.is_forwarding = 0;
		forwarding_set(0, e);
		record();
	}
	return e->what_count ? -1 : 0;
}

/* Rules before packets flow, and as long as they do. */
static int surroundings(struct err *e)
{
	const struct host_net *up[HOST_NET_LIMIT * 2];
	const struct network *n;
	size_t count = 0;
	char *rules;

	for (n = nets.standing.list; n; n = n->next) {
		if (n->is_up && count < sizeof(up) / sizeof(up[0])) {
			up[count++] = &n->is;
			dhcp_want(&n->is);
		} else {
			dhcp_unwant(n->want.name);
		}
	}
	rules = nat_rules(up, count);
	if (!rules) {
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	}
	if (nets.rules && strcmp(nets.rules, rules) == 0) {
		free(rules);
	} else if (firewall_run(rules, e)) {
		free(rules);
		return -1;
	} else {
		free(nets.rules);
		nets.rules = rules;
	}
	return forwarding(nat_forwards(up, count), e);
}

static void complain(const struct err *e)
{
	char *text = err_text(e, "domusd");

	fputs(text ? text : "", stderr);
	free(text);
}

/* A copy: the list keeps its own. */
static int error_of(const struct network *n, struct err *e)
{
	json_t *o;

	if (!n || !n->err.what_count) {
		return 0;
	}
	o = err_json(&n->err);
	err_from_json(e, o);
	json_decref(o);
	return err_wrap(e, "network %s is not as the host's file has it", n->want.name);
}

static const struct network *first_in_trouble(void)
{
	const struct network *n = nets.standing.list;

	while (n && !n->err.what_count) {
		n = n->next;
	}
	return n;
}

int networks_reload(struct err *e)
{
	struct host_file h HOST_FILE_CLEANUP = {0};

	if (file_read(&h, e)) {
		return err_wrap(e, "the host's networks stay as they are");
	}
	if (want(&h, e)) {
		return -1;
	}
	lower_unwanted(nets.standing.list);
	raise_wanted();
	forget_unwanted();
	return surroundings(e) || error_of(first_in_trouble(), e) ? -1 : 0;
}

static struct network *find(const char *name, struct err *e)
{
	struct network *n = nets.standing.list;

	while (n && strcmp(n->want.name, name) != 0) {
		n = n->next;
	}
	if (!n) {
		err_set(e, ERR_NOT_FOUND, "the host has no network '%s'", name);
		err_fix(e, "see 'domus network list'; they are declared in %s", nets.file);
	}
	return n;
}

int networks_start(const char *name, struct err *e)
{
	struct network *n = find(name, e);

	if (!n) {
		return -1;
	}
	if (!n->is_wanted) {
		err_set(e, ERR_CONFIG, "network %s is not declared any more", name);
		return err_fix(e, "declare it in %s, then 'domus network reload'", nets.file);
	}
	n->is_stopped = 0;
	err_free(&n->err);
	net_raise(n, nets.file, record, &n->err);
	return surroundings(e) || error_of(n, e) ? -1 : 0;
}

int networks_stop(const char *name, int force, struct err *e)
{
	struct network *n = find(name, e);

	if (!n || net_lower(n, force, record, e)) {
		return n ? err_wrap(e, "network %s stays up", name) : -1;
	}
	n->is_stopped = n->is_wanted;
	err_free(&n->err);
	forget_unwanted();
	record();
	return surroundings(e);
}

json_t *networks_list(void)
{
	json_t *rows = json_array();
	const struct network *n;

	for (n = nets.standing.list; n; n = n->next) {
		json_array_append_new(rows, net_row(n));
	}
	return json_pack("{s:o}", "networks", rows);
}

json_t *networks_show(const char *name, struct err *e)
{
	const struct network *n = find(name, e);
	json_t *o = n ? net_row(n) : NULL;

	if (o) {
		json_object_set_new(o, "leases", net_leases(n));
	}
	return o;
}

void networks_init(const char *file)
{
	struct err e ERR_CLEANUP = {0}, other ERR_CLEANUP = {0};
	const struct host_net *none = NULL;

	nets.file = file;
	if (!net_record_read(&nets.standing)) {
		/* Nothing of ours is there, so nftables need not be asked: most hosts never load
		 * it. */
		nets.rules = nat_rules(&none, 0);
	}
	if (networks_reload(&e)) {
		complain(&e);
		surroundings(&other); /* of what stands, also if the file says nothing */
	}
}
