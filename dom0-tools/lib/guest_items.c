/* SPDX-License-Identifier: MIT */
/* Lists of disks and networks, and their JSON; see guest_items.h. No lock. */
#include <stdlib.h>
#include <string.h>

#include "lib/guest_items.h"

int guest_items_take(struct guest_file *to, struct guest_file *from)
{
	struct guest_disk *disks =
		reallocarray(to->disks, to->disk_count + from->disk_count + 1, sizeof(*disks));
	struct guest_net *nets;
	unsigned int i;

	to->disks = disks ? disks : to->disks;
	nets = reallocarray(to->nets, to->net_count + from->net_count + 1, sizeof(*nets));
	to->nets = nets ? nets : to->nets;
	if (!disks || !nets) {
		return -1;
	}
	for (i = 0; i < from->disk_count; i++) {
		disks[to->disk_count] = from->disks[i];
		disks[to->disk_count].at = disks[to->disk_count].path_at = (struct place){0, 0};
		disks[to->disk_count++].has_target = 1;
	}
	for (i = 0; i < from->net_count; i++) {
		nets[to->net_count] = from->nets[i];
		nets[to->net_count].at = nets[to->net_count].bridge_at = (struct place){0, 0};
		to->net_count++;
	}
	from->disk_count = from->net_count = 0;
	return 0;
}

void guest_items_lose_disk(struct guest_file *g, unsigned int index)
{
	unsigned int i = 0;

	while (i < g->disk_count && g->disks[i].index != index) {
		i++;
	}
	if (i < g->disk_count) {
		free(g->disks[i].path);
		g->disk_count--;
		memmove(&g->disks[i], &g->disks[i + 1], (g->disk_count - i) * sizeof(*g->disks));
	}
}

void guest_items_lose_net(struct guest_file *g, unsigned int index)
{
	unsigned int i = 0;

	while (i < g->net_count && g->nets[i].index != index) {
		i++;
	}
	if (i < g->net_count) {
		free(g->nets[i].bridge);
		g->net_count--;
		memmove(&g->nets[i], &g->nets[i + 1], (g->net_count - i) * sizeof(*g->nets));
	}
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static json_t *disk_json(const struct guest_disk *d)
{
	char target[DISK_TARGET_BYTES];
	json_t *o = json_object();

	if (d->path) {
		set(o, d->is_uri ? "uri" : "path", json_string(d->path));
	}
	if (d->has_format) {
		set(o, "format", json_string(schema_format_names[d->format]));
	}
	if (d->sector) {
		set(o, "sector", json_integer(d->sector));
	}
	set(o, "target", json_string(disk_target(d->index, target)));
	set(o, "readonly", json_boolean(d->is_readonly));
	set(o, "cdrom", json_boolean(d->is_cdrom));
	set(o, "shared", json_boolean(d->is_shared));
	set(o, "discard", json_boolean(d->is_discard));
	set(o, "backend", json_string(schema_backend_names[d->backend]));
	return o;
}

static json_t *net_json(const struct guest_net *n)
{
	json_t *o = json_object();
	char text[RATE_TEXT_BYTES];

	set(o, "bridge", json_string(n->bridge));
	if (n->has_mac) {
		set(o, "mac", json_string(mac_format(n->mac, text)));
	}
	if (n->mtu) {
		set(o, "mtu", json_integer(n->mtu));
	}
	if (n->rate_bytes_s) {
		set(o, "rate", json_string(rate_format(n->rate_bytes_s, text)));
	}
	set(o, "backend", json_string(schema_backend_names[n->backend]));
	return o;
}

/* Networks have no key for their number: it stands beside the item. */
json_t *guest_items_json(const struct guest_file *g)
{
	json_t *disks = json_array(), *nets = json_array();
	unsigned int i;

	for (i = 0; i < g->disk_count; i++) {
		json_array_append_new(disks, disk_json(&g->disks[i]));
	}
	for (i = 0; i < g->net_count; i++) {
		json_array_append_new(nets, json_pack("{s:i, s:o}", "index", (int)g->nets[i].index,
						      "item", net_json(&g->nets[i])));
	}
	return json_pack("{s:o, s:o}", "disks", disks, "networks", nets);
}

static int item_load(struct guest_file *g, enum guest_key list, const json_t *item, struct err *e)
{
	char *text = json_dumps(item, JSON_COMPACT);
	struct guest_file one GUEST_FILE_CLEANUP = {0};
	int ret;

	if (!text) {
		return err_set(e, ERR_CONFIG, "a device on record is none");
	}
	ret = guest_file_read_item(&one, list, text, strlen(text), e);
	free(text);
	if (ret == 0 && guest_items_take(g, &one)) {
		ret = err_set(e, ERR_NO_MEMORY, "out of memory");
	}
	return ret;
}

static int lists_load(struct guest_file *g, const json_t *lists, struct err *e)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(lists, "disks"), i, row) {
		if (item_load(g, KEY_DISKS, row, e)) {
			return -1;
		}
	}
	json_array_foreach (json_object_get(lists, "networks"), i, row) {
		if (item_load(g, KEY_NETS, json_object_get(row, "item"), e)) {
			return -1;
		}
		g->nets[g->net_count - 1].index = json_integer_value(json_object_get(row, "index"));
	}
	return 0;
}

int guest_items_load(struct guest_file *g, const json_t *lists, struct err *e)
{
	struct guest_file fresh GUEST_FILE_CLEANUP = {0}, old;

	if (lists_load(&fresh, lists, e)) {
		return -1;
	}
	old = *g;
	g->disks = fresh.disks;
	g->disk_count = fresh.disk_count;
	g->nets = fresh.nets;
	g->net_count = fresh.net_count;
	fresh.disks = old.disks;
	fresh.disk_count = old.disk_count;
	fresh.nets = old.nets;
	fresh.net_count = old.net_count;
	return 0;
}
