/* SPDX-License-Identifier: MIT */
/* Single values of a guest file, each to its field; see guest_value.h. No lock. */
#include <string.h>

#include "guest_value.h"
#include "value.h"

static int set_name(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		    const char *text, char **out)
{
	if (value_text(r, row, node, text, out)) {
		return -1;
	}
	if (!guest_name_valid(text)) {
		err_set(r->e, ERR_CONFIG, "'%s' cannot name a guest", text);
		err_fix(r->e, "use letters, digits and . _ - inside, and not digits alone");
		return reader_blame(r, node->start_mark, row->path);
	}
	return 0;
}

static int set_sector(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		      const char *text, unsigned int *out)
{
	*out = strcmp(text, "4096") == 0 ? 4096 : 512;
	return *out == 4096 || strcmp(text, "512") == 0 ? 0 : value_refuse(r, row, node, text);
}

static int set_target(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		      const char *text, struct guest_disk *disk)
{
	int index = disk_target_parse(text);

	if (index < 0) {
		return value_refuse(r, row, node, text);
	}
	disk->index = index;
	disk->has_target = 1;
	return 0;
}

static int set_mac(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		   const char *text, struct guest_net *net)
{
	if (mac_parse(text, net->mac)) {
		return value_refuse(r, row, node, text);
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
	value_refuse(r, row, node, text);
	return err_fix(r->e, "write a whole number with one of the units kbit/s, Mbit/s, Gbit/s");
}

/* A disk is in one place. */
static int set_place(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		     const char *text, struct guest_disk *disk)
{
	if (disk->path) {
		err_set(r->e, ERR_CONFIG, "a disk has a path or a uri, not both");
		return reader_blame(r, node->start_mark, row->path);
	}
	disk->is_uri = row == &guest_schema[KEY_DISK_URI];
	disk->path_at.line = node->start_mark.line + 1;
	disk->path_at.column = node->start_mark.column + 1;
	return value_text(r, row, node, text, &disk->path);
}

static int set_disk(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		    const char *text, struct guest_disk *disk)
{
	switch (row - guest_schema) {
	case KEY_DISK_PATH:
	case KEY_DISK_URI:
		return set_place(r, row, node, text, disk);
	case KEY_DISK_FORMAT:
		disk->has_format = 1;
		return value_word(r, row, node, text, &disk->format);
	case KEY_DISK_TARGET:
		return set_target(r, row, node, text, disk);
	case KEY_DISK_READONLY:
		return value_flag(r, row, node, text, &disk->is_readonly);
	case KEY_DISK_CDROM:
		return value_flag(r, row, node, text, &disk->is_cdrom);
	case KEY_DISK_SHARED:
		return value_flag(r, row, node, text, &disk->is_shared);
	case KEY_DISK_SECTOR:
		return set_sector(r, row, node, text, &disk->sector);
	case KEY_DISK_DISCARD:
		return value_flag(r, row, node, text, &disk->is_discard);
	default:
		return value_word(r, row, node, text, &disk->backend);
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
		return value_text(r, row, node, text, &net->bridge);
	case KEY_NET_MAC:
		return set_mac(r, row, node, text, net);
	case KEY_NET_MTU:
		ret = value_number(r, row, node, text, &mtu);
		net->mtu = mtu;
		return ret;
	case KEY_NET_RATE:
		return set_rate(r, row, node, text, &net->rate_bytes_s);
	default:
		return value_word(r, row, node, text, &net->backend);
	}
}

int value_set(struct reader *r, const struct schema_row *row, const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	struct guest_file *g = r->value;

	switch (row - guest_schema) {
	case KEY_DOMUS:
		return value_number(r, row, node, text, NULL);
	case KEY_VCPUS:
		return value_number(r, row, node, text, &g->vcpus);
	case KEY_MEMORY:
		return value_size(r, row, node, text, &g->memory_bytes);
	case KEY_NAME:
		return set_name(r, row, node, text, &g->name);
	case KEY_BOOT_KERNEL:
		return value_text(r, row, node, text, &g->kernel);
	case KEY_BOOT_RAMDISK:
		return value_text(r, row, node, text, &g->ramdisk);
	case KEY_BOOT_CMDLINE:
		return value_text(r, row, node, text, &g->cmdline);
	case KEY_POLICY_POWEROFF:
		return value_word(r, row, node, text, &g->on_poweroff);
	case KEY_POLICY_REBOOT:
		return value_word(r, row, node, text, &g->on_reboot);
	case KEY_POLICY_CRASH:
		return value_word(r, row, node, text, &g->on_crash);
	default:
		return row - guest_schema < KEY_NETS
			       ? set_disk(r, row, node, text, &g->disks[g->disk_count - 1])
			       : set_net(r, row, node, text, &g->nets[g->net_count - 1]);
	}
}
