/* SPDX-License-Identifier: MIT */
/* Tables, JSON and YAML; see output.h. What is printed comes out the same for the same data. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/output.h"

enum { COLUMN_LIMIT = 16, DEPTH_LIMIT = 32 };

int format_parse(const char *word, enum format *format)
{
	static const char *const words[] = {"table", "json", "yaml"};
	int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(word, words[i]) == 0) {
			*format = i;
			return 0;
		}
	}
	return -1;
}

void output_json(FILE *f, const json_t *value)
{
	json_dumpf(value, f, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
	fputc('\n', f);
}

/* Words that YAML would not read back as this string. */
static int is_plain(const char *s)
{
	static const char *const taken[] = {"null", "true", "false", "yes", "no",
					    "on",   "off",  "y",     "n",   "~"};
	size_t i;

	if (!isalpha((unsigned char)*s) && *s != '/') {
		return 0;
	}
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (strcasecmp(s, taken[i]) == 0) {
			return 0;
		}
	}
	for (; *s; s++) {
		if (!isalnum((unsigned char)*s) && !strchr(" _./()=-", *s)) {
			return 0;
		}
	}
	return s[-1] != ' ';
}

static void yaml_scalar(FILE *f, const json_t *value)
{
	if (json_is_string(value) && is_plain(json_string_value(value))) {
		fputs(json_string_value(value), f);
	} else {
		/* JSON's scalars and its empty containers are YAML as well. */
		json_dumpf(value, f, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
	}
}

static int is_scalar(const json_t *value)
{
	return !(json_is_array(value) && json_array_size(value)) &&
	       !(json_is_object(value) && json_object_size(value));
}

static void yaml_value(FILE *f, const json_t *value, unsigned int depth, int is_item);

static void yaml_object(FILE *f, const json_t *value, unsigned int depth, int is_item)
{
	const char *key;
	json_t *child;

	json_object_foreach ((json_t *)value, key, child) {
		fprintf(f, "%*s%s:", is_item ? 0 : (int)depth * 2, "", key);
		is_item = 0;
		fputc(is_scalar(child) ? ' ' : '\n', f);
		yaml_value(f, child, depth + 1, 0);
	}
}

static void yaml_value(FILE *f, const json_t *value, unsigned int depth, int is_item)
{
	json_t *child;
	size_t i;

	if (is_scalar(value) || depth > DEPTH_LIMIT) {
		yaml_scalar(f, value);
		fputc('\n', f);
	} else if (json_is_object(value)) {
		yaml_object(f, value, depth, is_item);
	} else {
		json_array_foreach ((json_t *)value, i, child) {
			fprintf(f, "%*s- ", (int)depth * 2, "");
			yaml_value(f, child, depth + 1, 1);
		}
	}
}

void output_yaml(FILE *f, const json_t *value)
{
	yaml_value(f, value, 0, 0);
}

/* Characters that a UTF-8 text takes up, each counted as one. */
static int width(const char *s)
{
	int n = 0;

	for (; *s; s++) {
		n += ((unsigned char)*s & 0xc0) != 0x80;
	}
	return n;
}

static void print_cell(FILE *f, const char *text, int wide, int is_right, int is_last)
{
	int pad = wide - width(text);

	if (is_right) {
		fprintf(f, "%*s%s", pad, "", text);
	} else {
		fprintf(f, "%s%*s", text, is_last ? 0 : pad, "");
	}
	fputs(is_last ? "\n" : "  ", f);
}

void output_table(FILE *f, const json_t *rows, const struct column *columns, size_t count)
{
	size_t row_count = json_array_size(rows), i, k;
	char **cells = calloc(row_count * count + 1, sizeof(*cells));
	int wide[COLUMN_LIMIT];

	if (!cells || count > COLUMN_LIMIT) {
		free(cells);
		return;
	}
	for (k = 0; k < count; k++) {
		wide[k] = width(columns[k].title);
		for (i = 0; i < row_count; i++) {
			char *cell = columns[k].cell(json_array_get(rows, i));

			cells[i * count + k] = cell;
			if (cell && width(cell) > wide[k]) {
				wide[k] = width(cell);
			}
		}
	}
	for (k = 0; k < count; k++) {
		print_cell(f, columns[k].title, wide[k], columns[k].is_right, k + 1 == count);
	}
	for (i = 0; i < row_count * count; i++) {
		k = i % count;
		print_cell(f, cells[i] ? cells[i] : "", wide[k], columns[k].is_right,
			   k + 1 == count);
		free(cells[i]);
	}
	free(cells);
}
