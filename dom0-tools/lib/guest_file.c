/* SPDX-License-Identifier: MIT */
/*
 * Reads guest files: libyaml finds the structure and the places, the table in guest_schema.c
 * says what is right. Invariant: nothing outside the table is ever accepted. No lock.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "guest_value.h"
#include "nearest.h"

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

/* The row of a key within a map; NULL if there is none. */
static const struct schema_row *row_find(const char *parent, const char *name)
{
	int i;

	for (i = 0; i < KEY_COUNT; i++) {
		if (strcmp(guest_schema[i].parent, parent) == 0 &&
		    strcmp(guest_schema[i].name, name) == 0) {
			return &guest_schema[i];
		}
	}
	return NULL;
}

static int unknown_key(struct reader *r, const char *parent, const yaml_node_t *node)
{
	const char *names[KEY_COUNT], *name = (const char *)node->data.scalar.value, *near;
	size_t count = 0;
	int i;

	for (i = 0; i < KEY_COUNT; i++) {
		if (strcmp(guest_schema[i].parent, parent) == 0) {
			names[count++] = guest_schema[i].name;
		}
	}
	err_set(r->e, ERR_CONFIG, "unknown key '%s'%s%s", name, *parent ? " in " : "", parent);
	near = nearest_word(name, names, count);
	if (near) {
		err_fix(r->e, "did you mean '%s'?", near);
	} else {
		for (i = 0; i < KEY_COUNT && !near; i++) {
			if (strcmp(guest_schema[i].name, name) == 0) {
				near = guest_schema[i].path;
			}
		}
		if (near) {
			err_fix(r->e, "the key belongs elsewhere: %s", near);
		}
	}
	return value_blame(r, node->start_mark, name);
}

static int read_map(struct reader *r, const char *parent, const yaml_node_t *map);
static int read_list(struct reader *r, const struct schema_row *row, const yaml_node_t *list);

/* Room for one more item of a list, with what holds for absent keys; 0, or -1 with an error. */
static int item_add(struct reader *r, int is_disk, struct place at)
{
	struct guest_file *g = r->g;
	void *items = is_disk ? reallocarray(g->disks, g->disk_count + 1, sizeof(*g->disks))
			      : reallocarray(g->nets, g->net_count + 1, sizeof(*g->nets));

	if (!items) {
		return err_set(r->e, ERR_NO_MEMORY, "out of memory");
	}
	if (is_disk) {
		g->disks = items;
		g->disks[g->disk_count++] =
			(struct guest_disk){.at = at, .is_discard = 1, .backend = DEVICE_BY_KERNEL};
	} else {
		g->nets = items;
		g->nets[g->net_count] = (struct guest_net){
			.at = at, .index = g->net_count, .backend = DEVICE_BY_KERNEL};
		g->net_count++;
	}
	return 0;
}

/* What the keys of one disk must be among each other, and to the disks before it. */
static int disk_check(struct reader *r, const yaml_node_t *node)
{
	struct guest_file *g = r->g;
	struct guest_disk *disk = &g->disks[g->disk_count - 1];
	unsigned int i;

	if (!disk->path && !disk->is_cdrom) {
		err_set(r->e, ERR_CONFIG, "the key disks.path is missing");
		err_fix(r->e, "add path: the path of a file; or cdrom: true for an empty drive");
		return value_blame(r, node->start_mark, guest_schema[KEY_DISK_PATH].path);
	}
	disk->is_readonly |= disk->is_cdrom;
	disk->is_discard &= !disk->is_readonly;
	for (i = 0; disk->has_target && i + 1 < g->disk_count; i++) {
		if (g->disks[i].has_target && g->disks[i].index == disk->index) {
			err_set(r->e, ERR_CONFIG, "the disk in line %u has this target, too",
				g->disks[i].at.line);
			return err_at(r->e, g->file, disk->at.line, disk->at.column,
				      guest_schema[KEY_DISK_TARGET].path);
		}
	}
	return 0;
}

static int read_item(struct reader *r, const struct schema_row *list, const yaml_node_t *node)
{
	struct place at = {node->start_mark.line + 1, node->start_mark.column + 1};
	int is_disk = list == &guest_schema[KEY_DISKS], i;

	if (node->type != YAML_MAPPING_NODE) {
		err_set(r->e, ERR_CONFIG, "each item of %s must be a map of keys", list->path);
		return value_blame(r, node->start_mark, list->path);
	}
	/* Places of the keys of the item before. */
	for (i = 0; i < KEY_COUNT; i++) {
		if (strcmp(guest_schema[i].parent, list->name) == 0) {
			r->g->at[i].line = 0;
		}
	}
	if (item_add(r, is_disk, at) || read_map(r, list->name, node)) {
		return -1;
	}
	return is_disk ? disk_check(r, node) : 0;
}

/* Disks that name no target get the first names that are left over. */
static void targets_fill(struct guest_file *g)
{
	uint32_t used = 0;
	unsigned int i, next = 0;

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

static int read_list(struct reader *r, const struct schema_row *row, const yaml_node_t *list)
{
	const yaml_node_item_t *item;

	if ((size_t)(list->data.sequence.items.top - list->data.sequence.items.start) > row->max) {
		err_set(r->e, ERR_CONFIG, "%s has more than %llu items", row->path, row->max);
		return value_blame(r, list->start_mark, row->path);
	}
	for (item = list->data.sequence.items.start; item < list->data.sequence.items.top; item++) {
		if (read_item(r, row, yaml_document_get_node(&r->doc, *item))) {
			return -1;
		}
	}
	targets_fill(r->g);
	return 0;
}

static int read_value(struct reader *r, const struct schema_row *row, const yaml_node_t *node)
{
	static const char *const kinds[] = {"nothing", "a single value", "a list", "a map of keys"};
	enum yaml_node_type_e want = row->type == SCHEMA_MAP    ? YAML_MAPPING_NODE
				     : row->type == SCHEMA_LIST ? YAML_SEQUENCE_NODE
								: YAML_SCALAR_NODE;

	if (node->type != want) {
		return value_refuse(r, row, node, kinds[node->type & 3]);
	}
	if (row->type == SCHEMA_MAP) {
		return read_map(r, row->name, node);
	}
	if (row->type == SCHEMA_LIST) {
		return read_list(r, row, node);
	}
	return value_set(r, row, node);
}

static int read_pair(struct reader *r, const char *parent, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(&r->doc, pair->key);
	const yaml_node_t *value = yaml_document_get_node(&r->doc, pair->value);
	const struct schema_row *row;
	int i;

	if (key->type != YAML_SCALAR_NODE) {
		err_set(r->e, ERR_CONFIG, "a key must be a word");
		return value_blame(r, key->start_mark, NULL);
	}
	row = row_find(parent, (const char *)key->data.scalar.value);
	if (!row) {
		return unknown_key(r, parent, key);
	}
	i = row - guest_schema;
	if (r->g->at[i].line) {
		err_set(r->e, ERR_CONFIG, "%s is given twice, first in line %u", row->path,
			r->g->at[i].line);
		return value_blame(r, key->start_mark, row->path);
	}
	r->g->at[i].line = value->start_mark.line + 1;
	r->g->at[i].column = value->start_mark.column + 1;
	return read_value(r, row, value);
}

static int read_map(struct reader *r, const char *parent, const yaml_node_t *map)
{
	const yaml_node_pair_t *pair;
	int i;

	for (pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top; pair++) {
		if (read_pair(r, parent, pair)) {
			return -1;
		}
	}
	for (i = 0; i < KEY_COUNT; i++) {
		if (guest_schema[i].required && !r->g->at[i].line &&
		    strcmp(guest_schema[i].parent, parent) == 0) {
			err_set(r->e, ERR_CONFIG, "the key %s is missing", guest_schema[i].path);
			err_fix(r->e, "add %s: %s", guest_schema[i].name,
				schema_type_name(guest_schema[i].type));
			return value_blame(r, map->start_mark, guest_schema[i].path);
		}
	}
	return 0;
}

static int syntax_error(struct reader *r, const yaml_parser_t *p)
{
	err_set(r->e, ERR_CONFIG, "this is not YAML: %s",
		p->problem ? p->problem : "out of memory");
	return err_at(r->e, r->g->file, p->problem_mark.line + 1, p->problem_mark.column + 1, NULL);
}

/* One file, one guest: what follows the first document would be silently lost. */
static int check_no_more(struct reader *r, yaml_parser_t *p)
{
	yaml_document_t more;
	const yaml_node_t *root;
	int ret = 0;

	if (!yaml_parser_load(p, &more)) {
		return syntax_error(r, p);
	}
	root = yaml_document_get_root_node(&more);
	if (root) {
		err_set(r->e, ERR_CONFIG, "a second document follows the first");
		err_fix(r->e, "put each guest into a file of its own");
		ret = value_blame(r, root->start_mark, NULL);
	}
	yaml_document_delete(&more);
	return ret;
}

static int read_root(struct reader *r, const struct schema_row *list, const yaml_node_t *root)
{
	if (list && root) {
		return read_item(r, list, root);
	}
	if (!list && root && root->type == YAML_MAPPING_NODE) {
		return read_map(r, "", root);
	}
	err_set(r->e, ERR_CONFIG, "a guest file must be a map of keys");
	err_fix(r->e, "start it with 'domus: 1'");
	return err_at(r->e, r->g->file, 1, 1, NULL);
}

/* list: the text is one item of it; NULL: a whole guest file. */
static int read_document(struct reader *r, const struct schema_row *list, yaml_parser_t *p)
{
	int ret;

	if (!yaml_parser_load(p, &r->doc)) {
		return syntax_error(r, p);
	}
	ret = read_root(r, list, yaml_document_get_root_node(&r->doc));
	yaml_document_delete(&r->doc);
	return ret ? ret : check_no_more(r, p);
}

static int read_text(struct guest_file *g, const struct schema_row *list, const char *file,
		     const char *text, size_t bytes, struct err *e)
{
	struct reader r = {.g = g, .e = e};
	yaml_parser_t parser;
	int ret;

	memset(g, 0, sizeof(*g));
	g->file = strdup(file);
	g->vcpus = 1;
	g->on_reboot = END_RESTART;
	if (!g->file || !yaml_parser_initialize(&parser)) {
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	}
	if (bytes > GUEST_FILE_LIMIT_BYTES) {
		err_set(e, ERR_CONFIG, "the guest file is larger than 64KiB");
		ret = err_at(e, file, 0, 0, NULL);
	} else {
		yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
		ret = read_document(&r, list, &parser);
	}
	yaml_parser_delete(&parser);
	return ret;
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
