/* SPDX-License-Identifier: MIT */
/*
 * Reads YAML by a schema into a value of its owner's. Every refusal names file, line, column, key
 * and, for a mistyped word, the nearest valid one. No lock.
 */
#pragma once

#include <yaml.h>

#include "err.h"
#include "schema.h"

/** No schema has more rows. */
#define READER_KEYS 64

struct reader;

/** What is read, and who takes it over. A list's item is added, gets its keys, and is checked. */
struct reader_kind {
	const struct schema *schema;
	int (*item_add)(struct reader *r, const struct schema_row *list, struct place at);
	int (*item_check)(struct reader *r, const struct schema_row *list, struct place at);
	void (*list_end)(struct reader *r, const struct schema_row *list); /* or NULL */
	/** Takes over the value of a row that is neither a map nor a list of maps. */
	int (*set)(struct reader *r, const struct schema_row *row, const yaml_node_t *node);
};

/** A file while it is read. The keys of a list's items go to the list's last item. */
struct reader {
	const struct reader_kind *kind;
	const char *file; /* as messages name it */
	void *value;      /* that is filled; its owner's */
	struct place *at; /* of each row's key; of items' keys, those of the last item */
	struct err *e;
	yaml_document_t doc;
};

/** reader_run - reads a text: one item of the list, or with NULL a whole file. 0, or -1. */
int reader_run(struct reader *r, const struct schema_row *list, const char *text, size_t bytes);

/** reader_blame - adds a place in the file to the error; returns -1. */
int reader_blame(struct reader *r, yaml_mark_t mark, const char *key);

/** reader_refuse - "KEY must be WHAT, not SEEN", with its place; returns -1. */
int reader_refuse(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		  const char *seen);
