/* SPDX-License-Identifier: MIT */
/*
 * Guest files: what is to be right among their keys beyond the table in guest_schema.c. No lock.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "disk_uri.h"
#include "guest_value.h"

int guest_name_valid(const char *name)
{
	size_t len = strlen(name), i, digits = 0;

	if (!len || len > SCHEMA_NAME_BYTES || !isalnum((unsigned char)name[0]) ||
	    !isalnum((unsigned char)name[len - 1])) {
		return 0;
	}
	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i])) {
			return 0;
		}
		digits += !!isdigit((unsigned char)name[i]);
	}
	return digits < len;
}

int guest_file_blame(const struct guest_file *g, enum guest_key key, struct err *e)
{
	return guest_file_blame_at(g, g->at[key], key, e);
}

int guest_file_blame_at(const struct guest_file *g, struct place at, enum guest_key key,
			struct err *e)
{
	return err_at(e, g->file, at.line, at.column, guest_schema[key].path);
}

/* Room for one more item of a list, with what holds for absent keys; 0, or -1 with an error. */
static int item_add(struct reader *r, const struct schema_row *list, struct place at)
{
	struct guest_file *g = r->value;
	int is_disk = list == &guest_schema[KEY_DISKS];
	void *items = is_disk ? reallocarray(g->disks, g->disk_count + 1, sizeof(*g->disks))
			      : reallocarray(g->nets, g->net_count + 1, sizeof(*g->nets));

	if (!items) {
		return err_set(r->e, ERR_NO_MEMORY, "out of memory");
	}
	if (is_disk) {
		g->disks = items;
		g->disks[g->disk_count++] =
			(struct guest_disk){.at = at, .is_discard = 1, .backend = DEVICE_BY_DOMUS};
	} else {
		g->nets = items;
		g->nets[g->net_count] = (struct guest_net){
			.at = at, .index = g->net_count, .backend = DEVICE_BY_DOMUS};
		g->net_count++;
	}
	return 0;
}

/* What only the storage daemon can read comes to the guest through our back end. */
static int storage_check(struct reader *r, struct guest_disk *disk)
{
	struct guest_file *g = r->value;
	json_t *node;

	if (g->at[KEY_DISK_BACKEND].line && disk->backend == DEVICE_BY_KERNEL) {
		err_set(r->e, ERR_CONFIG,
			"the kernel's back end serves raw files and devices only");
		err_fix(r->e, "write backend: domus, or leave it out");
		return guest_file_blame(g, KEY_DISK_BACKEND, r->e);
	}
	disk->backend = DEVICE_BY_DOMUS;
	if (!disk->is_uri) {
		return 0;
	}
	node = disk_uri_node(disk->path, r->e);
	json_decref(node);
	return node ? 0 : guest_file_blame_at(g, disk->path_at, KEY_DISK_URI, r->e);
}

/* What the keys of one disk must be among each other, and to the disks before it. */
static int disk_check(struct reader *r)
{
	struct guest_file *g = r->value;
	struct guest_disk *disk = &g->disks[g->disk_count - 1];
	unsigned int i;

	if (!disk->path && !disk->is_cdrom) {
		err_set(r->e, ERR_CONFIG, "the key disks.path is missing");
		err_fix(r->e, "add path: the path of a file; or cdrom: true for an empty drive");
		return guest_file_blame_at(g, disk->at, KEY_DISK_PATH, r->e);
	}
	if (disk_needs_storage(disk) && storage_check(r, disk)) {
		return -1;
	}
	if (disk->is_shared && disk->format != DISK_RAW) {
		err_set(r->e, ERR_CONFIG, "a %s image cannot be written by two guests",
			schema_format_names[disk->format]);
		err_fix(r->e, "share a raw file or a block device, or leave shared out");
		return guest_file_blame(g, KEY_DISK_SHARED, r->e);
	}
	disk->is_readonly |= disk->is_cdrom;
	disk->is_discard &= !disk->is_readonly;
	for (i = 0; disk->has_target && i + 1 < g->disk_count; i++) {
		if (g->disks[i].has_target && g->disks[i].index == disk->index) {
			err_set(r->e, ERR_CONFIG, "the disk in line %u has this target, too",
				g->disks[i].at.line);
			return guest_file_blame_at(g, disk->at, KEY_DISK_TARGET, r->e);
		}
	}
	return 0;
}

static int item_check(struct reader *r, const struct schema_row *list, struct place at)
{
	(void)at;
	return list == &guest_schema[KEY_DISKS] ? disk_check(r) : 0;
}

/* Disks that name no target get the first names that are left over. */
static void targets_fill(struct reader *r, const struct schema_row *list)
{
	struct guest_file *g = r->value;
	uint32_t used = 0;
	unsigned int i, next = 0;

	(void)list;
	for (i = 0; i < g->disk_count; i++) {
		used |= g->disks[i].has_target ? 1u << g->disks[i].index : 0;
	}
	for (i = 0; i < g->disk_count; i++) {
		if (!g->disks[i].has_target) {
			while (used & 1u << next) {
				next++;
			}
			g->disks[i].index = next++;
		}
	}
}

static const struct reader_kind kind = {&guest_file_schema, item_add, item_check, targets_fill,
					value_set};

static int read_text(struct guest_file *g, const struct schema_row *list, const char *file,
		     const char *text, size_t bytes, struct err *e)
{
	struct reader r = {.kind = &kind, .file = file, .value = g, .at = g->at, .e = e};

	memset(g, 0, sizeof(*g));
	g->file = strdup(file);
	g->vcpus = 1;
	g->on_reboot = END_RESTART;
	if (!g->file) {
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	}
	return reader_run(&r, list, text, bytes);
}

int guest_file_read(struct guest_file *g, const char *file, const char *text, size_t bytes,
		    struct err *e)
{
	return read_text(g, NULL, file, text, bytes, e);
}

int guest_file_read_item(struct guest_file *g, enum guest_key list, const char *text, size_t bytes,
			 struct err *e)
{
	return read_text(g, &guest_schema[list], "(request)", text, bytes, e);
}

void guest_file_free(struct guest_file *g)
{
	unsigned int i;

	for (i = 0; i < g->disk_count; i++) {
		free(g->disks[i].path);
	}
	for (i = 0; i < g->net_count; i++) {
		free(g->nets[i].bridge);
	}
	free(g->disks);
	free(g->nets);
	free(g->file);
	free(g->name);
	free(g->kernel);
	free(g->ramdisk);
	free(g->cmdline);
	memset(g, 0, sizeof(*g));
}
