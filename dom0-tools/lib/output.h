/* SPDX-License-Identifier: MIT */
/* Prints data for people and programs: a table, JSON, or YAML. Pure but for the stream. */
#pragma once

#include <jansson.h>
#include <stdio.h>

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_YAML };

/** format_parse - the format that a word names; 0, or -1. */
int format_parse(const char *word, enum format *format);

/** output_json - the value as indented JSON and a newline. */
void output_json(FILE *f, const json_t *value);

/** output_yaml - the value as block-style YAML; strings that need it are quoted. */
void output_yaml(FILE *f, const json_t *value);

/** A column of a table: its title and how a cell is made from a row. */
struct column {
	const char *title;
	int is_right; /* numbers are flush right */
	/** Returns the cell's text; the caller frees it. */
	char *(*cell)(const json_t *row);
};

/** output_table - one line per row under a line of titles; columns are as wide as needed. */
void output_table(FILE *f, const json_t *rows, const struct column *columns, size_t count);
