/* SPDX-License-Identifier: MIT */
/* Writes and reads networks as JSON; what stands is written as a host file, see net_record.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/dhcp.h"
#include "daemon/links.h"
#include "daemon/nat.h"
#include "daemon/net_record.h"
#include "lib/paths.h"

#define RECORD_PATH DOMUS_RUN_DIR "/networks.json"

enum { LEASE_LINES = 4096 };

/* The keys of a host file. */
static json_t *net_json(const struct host_net *n)
{
	json_t *o = json_pack("{s:s, s:[]}", "name", n->name, "ports");
	char text[IPV4_TEXT_BYTES], last[IPV4_TEXT_BYTES];
	unsigned int i;

	for (i = 0; i < n->port_count; i++) {
		json_array_append_new(json_object_get(o, "ports"), json_string(n->port[i]));
	}
	if (n->vlan) {
		json_object_set_new(o, "vlan", json_integer(n->vlan));
	}
	if (n->mtu) {
		json_object_set_new(o, "mtu", json_integer(n->mtu));
	}
	if (n->address.prefix) {
		ipv4_format_prefix(&n->address, 0, text);
		json_object_set_new(o, "address", json_string(text));
	}
	if (n->dhcp.last) {
		ipv4_format(n->dhcp.first, text);
		ipv4_format(n->dhcp.last, last);
		json_object_set_new(o, "dhcp", json_sprintf("%s-%s", text, last));
	}
	json_object_set_new(o, "forward", json_string(schema_forward_names[n->forward]));
	return o;
}

void net_record_write(const struct net_record *r)
{
	json_t *nets = json_array(), *stopped = json_array(), *o;
	const struct network *n;

	for (n = r->list; n; n = n->next) {
		if (n->is_up) {
			json_array_append_new(nets, net_json(&n->is));
		}
		if (n->is_stopped) {
			json_array_append_new(stopped, json_string(n->want.name));
		}
	}
	o = json_pack("{s:b, s:o, s:{s:i, s:o}}", "forwarding", r->is_forwarding, "stopped",
		      stopped, "file", "domus", 1, "networks", nets);
	if (!o || json_dump_file(o, RECORD_PATH ".new", JSON_INDENT(1)) ||
	    rename(RECORD_PATH ".new", RECORD_PATH)) {
		perror("domusd: " RECORD_PATH " cannot be written");
	}
	json_decref(o);
}

struct network *net_add(struct network **list, const char *name)
{
	struct network **at = list;

	while (*at && strcmp((*at)->want.name, name) != 0) {
		at = &(*at)->next;
	}
	if (!*at && (*at = calloc(1, sizeof(**at)))) {
		snprintf((*at)->want.name, sizeof(link_name), "%s", name);
	}
	return *at;
}

/* Ports that are gone were taken away by somebody else. */
static void standing(struct network *n, const struct host_net *was)
{
	struct link_facts facts;
	link_name device;
	unsigned int i;

	n->is = *was;
	n->is.port_count = 0;
	n->is_up = link_is_bridge(was->name);
	for (i = 0; i < was->port_count; i++) {
		if (link_ask(host_net_port(was, i, device), &facts) == 0) {
			strcpy(n->is.port[n->is.port_count++], was->port[i]);
		}
	}
}

static void file_read(struct net_record *r, const json_t *file)
{
	struct host_file h HOST_FILE_CLEANUP = {0};
	struct err e ERR_CLEANUP = {0};
	char *text = json_dumps(file, JSON_COMPACT);
	struct network *n;
	unsigned int i;

	if (text && host_file_read(&h, RECORD_PATH, text, strlen(text), &e) == 0) {
		for (i = 0; i < h.net_count; i++) {
			n = net_add(&r->list, h.nets[i].name);
			if (n) {
				standing(n, &h.nets[i]);
			}
		}
	}
	free(text);
}

int net_record_read(struct net_record *r)
{
	json_t *o = json_load_file(RECORD_PATH, 0, NULL), *name;
	struct network *n;
	size_t i;

	if (!o) {
		return 0;
	}
	r->is_forwarding = json_is_true(json_object_get(o, "forwarding"));
	file_read(r, json_object_get(o, "file"));
	json_array_foreach (json_object_get(o, "stopped"), i, name) {
		n = json_is_string(name) ? net_add(&r->list, json_string_value(name)) : NULL;
		if (n) {
			n->is_stopped = 1;
		}
	}
	json_decref(o);
	return 1;
}

static const char *state(const struct network *n)
{
	if (n->is_up) {
		return !n->is_wanted ? "undeclared" : n->err.what_count ? "incomplete" : "up";
	}
	return n->is_stopped ? "stopped" : "failed";
}

static void device_add(const char *name, void *arg)
{
	json_array_append_new(arg, json_string(name));
}

json_t *net_row(const struct network *n)
{
	json_t *o = net_json(n->is_wanted ? &n->want : &n->is), *devices = json_array();
	int pid = dhcp_pid(n->want.name);

	net_guest_links(n, device_add, devices);
	json_object_set_new(o, "state", json_string(state(n)));
	json_object_set_new(o, "guests", devices);
	json_object_set_new(o, "dhcp_server", pid ? json_integer(pid) : json_null());
	if (n->err.what_count) {
		json_object_update_new(o, err_json(&n->err));
	}
	return o;
}

/* A line of dnsmasq's: when it ends, MAC, address, what the guest calls itself or a star. */
static json_t *lease(const char *line)
{
	char mac[32], address[32], name[256];
	long long until;

	if (sscanf(line, "%lld %31s %31s %255s", &until, mac, address, name) != 4) {
		return NULL;
	}
	return json_pack("{s:s, s:s, s:s*, s:I}", "address", address, "mac", mac, "name",
			 strcmp(name, "*") == 0 ? NULL : name, "until", (json_int_t)until);
}

json_t *net_leases(const struct network *n)
{
	json_t *rows = json_array(), *row;
	char path[128], line[1024];
	unsigned int count = 0;
	FILE *f;

	dhcp_leases_path(n->want.name, path, sizeof(path));
	f = n->is.dhcp.last ? fopen(path, "re") : NULL;
	while (f && count++ < LEASE_LINES && fgets(line, sizeof(line), f)) {
		row = lease(line);
		if (row) {
			json_array_append_new(rows, row);
		}
	}
	if (f) {
		fclose(f);
	}
	return rows;
}
