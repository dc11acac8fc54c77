/* SPDX-License-Identifier: MIT */
/* Reads single values, each with its refusals; see value.h. No lock. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guest_device.h"
#include "nearest.h"
#include "size.h"
#include "value.h"

#define PAGE_BYTES 4096u

int value_refuse(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		 const char *text)
{
	char quoted[80];

	snprintf(quoted, sizeof(quoted), "'%.60s'", text);
	return reader_refuse(r, row, node, quoted);
}

int value_number(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		 const char *text, uint64_t *out)
{
	int is_text = node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	char *end, quoted[80];
	unsigned long long n;

	snprintf(quoted, sizeof(quoted), "%s'%.60s'", is_text ? "the text " : "", text);
	errno = 0;
	n = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || is_text) {
		return reader_refuse(r, row, node, quoted);
	}
	if (n < row->min || n > row->max) {
		if (row->min == row->max) {
			err_set(r->e, ERR_CONFIG, "%s must be %llu, not %llu", row->path, row->min,
				n);
		} else {
			err_set(r->e, ERR_CONFIG, "%s must be between %llu and %llu, not %llu",
				row->path, row->min, row->max, n);
		}
		return reader_blame(r, node->start_mark, row->path);
	}
	if (out) {
		*out = n;
	}
	return 0;
}

int value_size(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
	       const char *text, uint64_t *out)
{
	char low[SIZE_TEXT_BYTES], high[SIZE_TEXT_BYTES];
	uint64_t n;

	if (size_parse(text, &n)) {
		value_refuse(r, row, node, text);
		return err_fix(r->e,
			       "write a whole number with one of the units KiB, MiB, GiB, TiB");
	}
	if (n < row->min || n > row->max || n % PAGE_BYTES) {
		err_set(r->e, ERR_CONFIG, "%s must be between %s and %s, in whole pages of 4KiB",
			row->path, size_format(row->min, low), size_format(row->max, high));
		return reader_blame(r, node->start_mark, row->path);
	}
	*out = n;
	return 0;
}

int value_word(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
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
	value_refuse(r, row, node, text);
	near = nearest_word(text, words, count);
	return near ? err_fix(r->e, "did you mean '%s'?", near) : -1;
}

int value_flag(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
	       const char *text, int *out)
{
	*out = strcmp(text, "true") == 0;
	return *out || strcmp(text, "false") == 0 ? 0 : value_refuse(r, row, node, text);
}

/* Relative paths start at the folder of the file. */
static char *path_resolve(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	char *out;

	if (*path == '/' || !slash) {
		return strdup(path);
	}
	return asprintf(&out, "%.*s/%s", (int)(slash - file), file, path) < 0 ? NULL : out;
}

int value_text(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
	       const char *text, char **out)
{
	if (strlen(text) != node->data.scalar.length) {
		return reader_refuse(r, row, node, "one with a zero byte in it");
	}
	if (row->max && (strlen(text) < row->min || strlen(text) > row->max)) {
		err_set(r->e, ERR_CONFIG, "%s must have %llu to %llu characters, not %zu",
			row->path, row->min, row->max, strlen(text));
		return reader_blame(r, node->start_mark, row->path);
	}
	if (row->type == SCHEMA_LINK && !link_name_valid(text)) {
		return value_refuse(r, row, node, text);
	}
	*out = row->type == SCHEMA_PATH ? path_resolve(r->file, text) : strdup(text);
	return *out ? 0 : err_set(r->e, ERR_NO_MEMORY, "out of memory");
}
