/* SPDX-License-Identifier: MIT */
/*
 * Reads files by their schema: libyaml finds the structure and the places, the table says what is
 * right. Invariant: nothing outside the table is ever accepted. No lock.
 */
#include <string.h>

#include "nearest.h"
#include "reader.h"

int reader_blame(struct reader *r, yaml_mark_t mark, const char *key)
{
	return err_at(r->e, r->file, mark.line + 1, mark.column + 1, key);
}

int reader_refuse(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		  const char *seen)
{
	err_set(r->e, ERR_CONFIG, "%s must be %s, not %s", row->path, schema_type_name(row->type),
		seen);
	return reader_blame(r, node->start_mark, row->path);
}

/* The row of a key within a map; NULL if there is none. */
static const struct schema_row *row_find(const struct schema *s, const char *parent,
					 const char *name)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		if (strcmp(s->rows[i].parent, parent) == 0 && strcmp(s->rows[i].name, name) == 0) {
			return &s->rows[i];
		}
	}
	return NULL;
}

static int unknown_key(struct reader *r, const char *parent, const yaml_node_t *node)
{
	const char *names[READER_KEYS], *name = (const char *)node->data.scalar.value, *near;
	const struct schema *s = r->kind->schema;
	size_t count = 0, i;

	for (i = 0; i < s->count; i++) {
		if (strcmp(s->rows[i].parent, parent) == 0) {
			names[count++] = s->rows[i].name;
		}
	}
	err_set(r->e, ERR_CONFIG, "unknown key '%s'%s%s", name, *parent ? " in " : "", parent);
	near = nearest_word(name, names, count);
	if (near) {
		err_fix(r->e, "did you mean '%s'?", near);
	} else {
		for (i = 0; i < s->count && !near; i++) {
			if (strcmp(s->rows[i].name, name) == 0) {
				near = s->rows[i].path;
			}
		}
		if (near) {
			err_fix(r->e, "the key belongs elsewhere: %s", near);
		}
	}
	return reader_blame(r, node->start_mark, name);
}

static int read_map(struct reader *r, const char *parent, const yaml_node_t *map);

static int read_item(struct reader *r, const struct schema_row *list, const yaml_node_t *node)
{
	struct place at = {node->start_mark.line + 1, node->start_mark.column + 1};
	const struct schema *s = r->kind->schema;
	size_t i;

	if (node->type != YAML_MAPPING_NODE) {
		err_set(r->e, ERR_CONFIG, "each item of %s must be a map of keys", list->path);
		return reader_blame(r, node->start_mark, list->path);
	}
	/* Places of the keys of the item before. */
	for (i = 0; i < s->count; i++) {
		if (strcmp(s->rows[i].parent, list->name) == 0) {
			r->at[i].line = 0;
		}
	}
	return r->kind->item_add(r, list, at) || read_map(r, list->name, node) ||
			       r->kind->item_check(r, list, at)
		       ? -1
		       : 0;
}

static int read_list(struct reader *r, const struct schema_row *row, const yaml_node_t *list)
{
	const yaml_node_item_t *item;

	if ((size_t)(list->data.sequence.items.top - list->data.sequence.items.start) > row->max) {
		err_set(r->e, ERR_CONFIG, "%s has more than %llu items", row->path, row->max);
		return reader_blame(r, list->start_mark, row->path);
	}
	for (item = list->data.sequence.items.start; item < list->data.sequence.items.top; item++) {
		if (read_item(r, row, yaml_document_get_node(&r->doc, *item))) {
			return -1;
		}
	}
	if (r->kind->list_end) {
		r->kind->list_end(r, row);
	}
	return 0;
}

static int read_value(struct reader *r, const struct schema_row *row, const yaml_node_t *node)
{
	static const char *const kinds[] = {"nothing", "a single value", "a list", "a map of keys"};
	int is_list = row->type == SCHEMA_LIST || row->type == SCHEMA_LINKS;
	enum yaml_node_type_e want = row->type == SCHEMA_MAP ? YAML_MAPPING_NODE
				     : is_list               ? YAML_SEQUENCE_NODE
							     : YAML_SCALAR_NODE;

	if (node->type != want) {
		return reader_refuse(r, row, node, kinds[node->type & 3]);
	}
	if (row->type == SCHEMA_MAP) {
		return read_map(r, row->name, node);
	}
	if (row->type == SCHEMA_LIST) {
		return read_list(r, row, node);
	}
	return r->kind->set(r, row, node);
}

static int read_pair(struct reader *r, const char *parent, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(&r->doc, pair->key);
	const yaml_node_t *value = yaml_document_get_node(&r->doc, pair->value);
	const struct schema_row *row;
	struct place *at;

	if (key->type != YAML_SCALAR_NODE) {
		err_set(r->e, ERR_CONFIG, "a key must be a word");
		return reader_blame(r, key->start_mark, NULL);
	}
	row = row_find(r->kind->schema, parent, (const char *)key->data.scalar.value);
	if (!row) {
		return unknown_key(r, parent, key);
	}
	at = &r->at[row - r->kind->schema->rows];
	if (at->line) {
		err_set(r->e, ERR_CONFIG, "%s is given twice, first in line %u", row->path,
			at->line);
		return reader_blame(r, key->start_mark, row->path);
	}
	at->line = value->start_mark.line + 1;
	at->column = value->start_mark.column + 1;
	return read_value(r, row, value);
}

static int read_map(struct reader *r, const char *parent, const yaml_node_t *map)
{
	const struct schema *s = r->kind->schema;
	const yaml_node_pair_t *pair;
	size_t i;

	for (pair = map->data.mapping.pairs.start; pair < map->data.mapping.pairs.top; pair++) {
		if (read_pair(r, parent, pair)) {
			return -1;
		}
	}
	for (i = 0; i < s->count; i++) {
		const struct schema_row *row = &s->rows[i];

		if (row->required && !r->at[i].line && strcmp(row->parent, parent) == 0) {
			err_set(r->e, ERR_CONFIG, "the key %s is missing", row->path);
			err_fix(r->e, "add %s: %s", row->name, schema_type_name(row->type));
			return reader_blame(r, map->start_mark, row->path);
		}
	}
	return 0;
}

static int syntax_error(struct reader *r, const yaml_parser_t *p)
{
	err_set(r->e, ERR_CONFIG, "this is not YAML: %s",
		p->problem ? p->problem : "out of memory");
	return err_at(r->e, r->file, p->problem_mark.line + 1, p->problem_mark.column + 1, NULL);
}

/* One file, one subject: what follows the first document would be silently lost. */
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
		err_fix(r->e, "put each %s into a file of its own", r->kind->schema->subject);
		ret = reader_blame(r, root->start_mark, NULL);
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
	err_set(r->e, ERR_CONFIG, "a %s must be a map of keys", r->kind->schema->what);
	err_fix(r->e, "start it with 'domus: 1'");
	return err_at(r->e, r->file, 1, 1, NULL);
}

/* list: the text is one item of it; NULL: a whole file. */
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

int reader_run(struct reader *r, const struct schema_row *list, const char *text, size_t bytes)
{
	yaml_parser_t parser;
	int ret;

	if (bytes > SCHEMA_FILE_BYTES) {
		err_set(r->e, ERR_CONFIG, "the %s is larger than 64KiB", r->kind->schema->what);
		return err_at(r->e, r->file, 0, 0, NULL);
	}
	if (!yaml_parser_initialize(&parser)) {
		return err_set(r->e, ERR_NO_MEMORY, "out of memory");
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
	ret = read_document(r, list, &parser);
	yaml_parser_delete(&parser);
	return ret;
}
