/* SPDX-License-Identifier: MIT */
/* Reads single values of a guest file, each with its refusals; see guest_value.h. No lock. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest_value.h"
#include "nearest.h"
#include "size.h"

#define PAGE_BYTES 4096u

int value_blame(struct reader *r, yaml_mark_t mark, const char *key)
{
	return err_at(r->e, r->g->file, mark.line + 1, mark.column + 1, key);
}

int value_refuse(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		 const char *seen)
{
	err_set(r->e, ERR_CONFIG, "%s must be %s, not %s", row->path, schema_type_name(row->type),
		seen);
	return value_blame(r, node->start_mark, row->path);
}

static int refuse_text(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		       const char *text)
{
	char quoted[80];

	snprintf(quoted, sizeof(quoted), "'%.60s'", text);
	return value_refuse(r, row, node, quoted);
}

static int set_number(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		      const char *text, uint64_t *out)
{
	int is_text = node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	char *end, quoted[80];
	unsigned long long n;

	snprintf(quoted, sizeof(quoted), "%s'%.60s'", is_text ? "the text " : "", text);
	errno = 0;
	n = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || is_text) {
		return value_refuse(r, row, node, quoted);
	}
	if (n < row->min || n > row->max) {
		if (row->min == row->max) {
			err_set(r->e, ERR_CONFIG, "%s must be %llu, not %llu", row->path, row->min,
				n);
		} else {
			err_set(r->e, ERR_CONFIG, "%s must be between %llu and %llu, not %llu",
				row->path, row->min, row->max, n);
		}
		return value_blame(r, node->start_mark, row->path);
	}
	if (out) {
		*out = n;
	}
	return 0;
}

static int set_size(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		    const char *text, uint64_t *out)
{
	char low[SIZE_TEXT_BYTES], high[SIZE_TEXT_BYTES];
	uint64_t n;

	if (size_parse(text, &n)) {
		refuse_text(r, row, node, text);
		return err_fix(r->e,
			       "write a whole number with one of the units KiB, MiB, GiB, TiB");
	}
	if (n < row->min || n > row->max || n % PAGE_BYTES) {
		err_set(r->e, ERR_CONFIG, "%s must be between %s and %s, in whole pages of 4KiB",
			row->path, size_format(row->min, low), size_format(row->max, high));
		return value_blame(r, node->start_mark, row->path);
	}
	*out = n;
	return 0;
}

static int set_word(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		    const char *text, unsigned int *out)
{
	size_t count, i;
	const char *const *words = schema_words(row->type, &count);
	const char *near;

	for (i = 0; i < count; i++) {
		if (strcmp(text, words[i]) == 0) {
			*out = i;
			return 0;
		}
	}
	refuse_text(r, row, node, text);
	near = nearest_word(text, words, count);
	return near ? err_fix(r->e, "did you mean '%s'?", near) : -1;
}

static int set_flag(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		    const char *text, int *out)
{
	*out = strcmp(text, "true") == 0;
	return *out || strcmp(text, "false") == 0 ? 0 : refuse_text(r, row, node, text);
}

static int set_sector(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		      const char *text, unsigned int *out)
{
	*out = strcmp(text, "4096") == 0 ? 4096 : 512;
	return *out == 4096 || strcmp(text, "512") == 0 ? 0 : refuse_text(r, row, node, text);
}

static int set_target(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		      const char *text, struct guest_disk *disk)
{
	int index = disk_target_parse(text);

	if (index < 0) {
		return refuse_text(r, row, node, text);
	}
	disk->index = index;
	disk->has_target = 1;
	return 0;
}

static int set_mac(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		   const char *text, struct guest_net *net)
{
	if (mac_parse(text, net->mac)) {
		return refuse_text(r, row, node, text);
	}
	net->has_mac = 1;
	return 0;
}

static int set_rate(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		    const char *text, uint64_t *out)
{
	if (rate_parse(text, out) == 0) {
		return 0;
	}
	refuse_text(r, row, node, text);
	return err_fix(r->e, "write a whole number with one of the units kbit/s, Mbit/s, Gbit/s");
}

/* Relative paths start at the folder of the guest file. */
static char *path_resolve(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	char *out;

	if (*path == '/' || !slash) {
		return strdup(path);
	}
	return asprintf(&out, "%.*s/%s", (int)(slash - file), file, path) < 0 ? NULL : out;
}

static int set_text(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		    const char *text, char **out)
{
	if (strlen(text) != node->data.scalar.length) {
		return value_refuse(r, row, node, "one with a zero byte in it");
	}
	if (row->max && (strlen(text) < row->min || strlen(text) > row->max)) {
		err_set(r->e, ERR_CONFIG, "%s must have %llu to %llu characters, not %zu",
			row->path, row->min, row->max, strlen(text));
		return value_blame(r, node->start_mark, row->path);
	}
	if (row->type == SCHEMA_NAME && !guest_name_valid(text)) {
		err_set(r->e, ERR_CONFIG, "'%s' cannot name a guest", text);
		err_fix(r->e, "use letters, digits and . _ - inside, and not digits alone");
		return value_blame(r, node->start_mark, row->path);
	}
	if (row->type == SCHEMA_LINK && !link_name_valid(text)) {
		return refuse_text(r, row, node, text);
	}
	*out = row->type == SCHEMA_PATH ? path_resolve(r->g->file, text) : strdup(text);
	return *out ? 0 : err_set(r->e, ERR_NO_MEMORY, "out of memory");
}

static int set_disk(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		    const char *text, struct guest_disk *disk)
{
	switch (row - guest_schema) {
	case KEY_DISK_PATH:
		disk->path_at.line = node->start_mark.line + 1;
		disk->path_at.column = node->start_mark.column + 1;
		return set_text(r, row, node, text, &disk->path);
	case KEY_DISK_TARGET:
		return set_target(r, row, node, text, disk);
	case KEY_DISK_READONLY:
		return set_flag(r, row, node, text, &disk->is_readonly);
	case KEY_DISK_CDROM:
		return set_flag(r, row, node, text, &disk->is_cdrom);
	case KEY_DISK_SECTOR:
		return set_sector(r, row, node, text, &disk->sector);
	case KEY_DISK_DISCARD:
		return set_flag(r, row, node, text, &disk->is_discard);
	default:
		return set_word(r, row, node, text, &disk->backend);
	}
}

static int set_net(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		   const char *text, struct guest_net *net)
{
	uint64_t mtu = 0;
	int ret;

	switch (row - guest_schema) {
	case KEY_NET_BRIDGE:
		net->bridge_at.line = node->start_mark.line + 1;
		net->bridge_at.column = node->start_mark.column + 1;
		return set_text(r, row, node, text, &net->bridge);
	case KEY_NET_MAC:
		return set_mac(r, row, node, text, net);
	case KEY_NET_MTU:
		ret = set_number(r, row, node, text, &mtu);
		net->mtu = mtu;
		return ret;
	case KEY_NET_RATE:
		return set_rate(r, row, node, text, &net->rate_bytes_s);
	default:
		return set_word(r, row, node, text, &net->backend);
	}
}

int value_set(struct reader *r, const struct schema_row *row, const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	struct guest_file *g = r->g;

	switch (row - guest_schema) {
	case KEY_DOMUS:
		return set_number(r, row, node, text, NULL);
	case KEY_VCPUS:
		return set_number(r, row, node, text, &g->vcpus);
	case KEY_MEMORY:
		return set_size(r, row, node, text, &g->memory_bytes);
	case KEY_NAME:
		return set_text(r, row, node, text, &g->name);
	case KEY_BOOT_KERNEL:
		return set_text(r, row, node, text, &g->kernel);
	case KEY_BOOT_RAMDISK:
		return set_text(r, row, node, text, &g->ramdisk);
	case KEY_BOOT_CMDLINE:
		return set_text(r, row, node, text, &g->cmdline);
	case KEY_POLICY_POWEROFF:
		return set_word(r, row, node, text, &g->on_poweroff);
	case KEY_POLICY_REBOOT:
		return set_word(r, row, node, text, &g->on_reboot);
	case KEY_POLICY_CRASH:
		return set_word(r, row, node, text, &g->on_crash);
	default:
		return row - guest_schema < KEY_NETS
			       ? set_disk(r, row, node, text, &g->disks[g->disk_count - 1])
			       : set_net(r, row, node, text, &g->nets[g->net_count - 1]);
	}
}
