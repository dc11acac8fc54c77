/* SPDX-License-Identifier: MIT */
/*
 * Reads guest files: libyaml finds the structure and the places, the table in guest_schema.c
 * says what is right. Invariant: nothing outside the table is ever accepted. No lock.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "guest_file.h"
#include "nearest.h"
#include "size.h"

#define PAGE_BYTES 4096u

struct reader {
	yaml_document_t doc;
	struct guest_file *g;
	struct err *e;
};

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

static int blame_mark(struct reader *r, yaml_mark_t mark, const char *key)
{
	return err_at(r->e, r->g->file, mark.line + 1, mark.column + 1, key);
}

int guest_file_blame(const struct guest_file *g, enum guest_key key, struct err *e)
{
	return err_at(e, g->file, g->at[key].line, g->at[key].column, guest_schema[key].path);
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
	return blame_mark(r, node->start_mark, name);
}

static int bad_value(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		     const char *seen)
{
	err_set(r->e, ERR_CONFIG, "%s must be %s, not %s", row->path, schema_type_name(row->type),
		seen);
	return blame_mark(r, node->start_mark, row->path);
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
		return bad_value(r, row, node, quoted);
	}
	if (n < row->min || n > row->max) {
		if (row->min == row->max) {
			err_set(r->e, ERR_CONFIG, "%s must be %llu, not %llu", row->path, row->min,
				n);
		} else {
			err_set(r->e, ERR_CONFIG, "%s must be between %llu and %llu, not %llu",
				row->path, row->min, row->max, n);
		}
		return blame_mark(r, node->start_mark, row->path);
	}
	if (out) {
		*out = n;
	}
	return 0;
}

static int set_size(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		    const char *text, uint64_t *out)
{
	char quoted[80], low[SIZE_TEXT_BYTES], high[SIZE_TEXT_BYTES];
	uint64_t n;

	if (size_parse(text, &n)) {
		snprintf(quoted, sizeof(quoted), "'%.60s'", text);
		bad_value(r, row, node, quoted);
		return err_fix(r->e,
			       "write a whole number with one of the units KiB, MiB, GiB, TiB");
	}
	if (n < row->min || n > row->max || n % PAGE_BYTES) {
		err_set(r->e, ERR_CONFIG, "%s must be between %s and %s, in whole pages of 4KiB",
			row->path, size_format(row->min, low), size_format(row->max, high));
		return blame_mark(r, node->start_mark, row->path);
	}
	*out = n;
	return 0;
}

static int set_action(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		      const char *text, enum end_action *out)
{
	const char *near;
	char quoted[80];
	int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(text, schema_action_names[i]) == 0) {
			*out = i;
			return 0;
		}
	}
	snprintf(quoted, sizeof(quoted), "'%.60s'", text);
	bad_value(r, row, node, quoted);
	near = nearest_word(text, schema_action_names, 3);
	return near ? err_fix(r->e, "did you mean '%s'?", near) : -1;
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
		return bad_value(r, row, node, "one with a zero byte in it");
	}
	if (strlen(text) < row->min || strlen(text) > row->max) {
		err_set(r->e, ERR_CONFIG, "%s must have %llu to %llu characters, not %zu",
			row->path, row->min, row->max, strlen(text));
		return blame_mark(r, node->start_mark, row->path);
	}
	if (row->type == SCHEMA_NAME && !guest_name_valid(text)) {
		err_set(r->e, ERR_CONFIG, "'%s' cannot name a guest", text);
		err_fix(r->e, "use letters, digits and . _ - inside, and not digits alone");
		return blame_mark(r, node->start_mark, row->path);
	}
	*out = row->type == SCHEMA_PATH ? path_resolve(r->g->file, text) : strdup(text);
	return *out ? 0 : err_set(r->e, ERR_NO_MEMORY, "out of memory");
}

static int set_scalar(struct reader *r, const struct schema_row *row, const yaml_node_t *node)
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
		return set_action(r, row, node, text, &g->on_poweroff);
	case KEY_POLICY_REBOOT:
		return set_action(r, row, node, text, &g->on_reboot);
	default:
		return set_action(r, row, node, text, &g->on_crash);
	}
}

static int read_map(struct reader *r, const char *parent, const yaml_node_t *map);

static int read_value(struct reader *r, const struct schema_row *row, const yaml_node_t *node)
{
	static const char *const kinds[] = {"nothing", "a single value", "a list", "a map of keys"};
	enum yaml_node_type_e want = row->type == SCHEMA_MAP ? YAML_MAPPING_NODE : YAML_SCALAR_NODE;

	if (node->type != want) {
		return bad_value(r, row, node, kinds[node->type & 3]);
	}
	if (row->type == SCHEMA_MAP) {
		return read_map(r, row->name, node);
	}
	return set_scalar(r, row, node);
}

static int read_pair(struct reader *r, const char *parent, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(&r->doc, pair->key);
	const yaml_node_t *value = yaml_document_get_node(&r->doc, pair->value);
	const struct schema_row *row;
	int i;

	if (key->type != YAML_SCALAR_NODE) {
		err_set(r->e, ERR_CONFIG, "a key must be a word");
		return blame_mark(r, key->start_mark, NULL);
	}
	row = row_find(parent, (const char *)key->data.scalar.value);
	if (!row) {
		return unknown_key(r, parent, key);
	}
	i = row - guest_schema;
	if (r->g->at[i].line) {
		err_set(r->e, ERR_CONFIG, "%s is given twice, first in line %u", row->path,
			r->g->at[i].line);
		return blame_mark(r, key->start_mark, row->path);
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
			return blame_mark(r, map->start_mark, guest_schema[i].path);
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
		ret = blame_mark(r, root->start_mark, NULL);
	}
	yaml_document_delete(&more);
	return ret;
}

static int read_document(struct reader *r, yaml_parser_t *p)
{
	const yaml_node_t *root;
	int ret;

	if (!yaml_parser_load(p, &r->doc)) {
		return syntax_error(r, p);
	}
	root = yaml_document_get_root_node(&r->doc);
	if (!root || root->type != YAML_MAPPING_NODE) {
		err_set(r->e, ERR_CONFIG, "a guest file must be a map of keys");
		err_fix(r->e, "start it with 'domus: 1'");
		ret = err_at(r->e, r->g->file, 1, 1, NULL);
	} else {
		ret = read_map(r, "", root);
	}
	yaml_document_delete(&r->doc);
	return ret ? ret : check_no_more(r, p);
}

int guest_file_read(struct guest_file *g, const char *file, const char *text, size_t bytes,
		    struct err *e)
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
		ret = read_document(&r, &parser);
	}
	yaml_parser_delete(&parser);
	return ret;
}

void guest_file_free(struct guest_file *g)
{
	free(g->file);
	free(g->name);
	free(g->kernel);
	free(g->ramdisk);
	free(g->cmdline);
	memset(g, 0, sizeof(*g));
}
