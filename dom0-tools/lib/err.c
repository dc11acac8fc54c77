/* SPDX-License-Identifier: MIT */
/*
 * Builds, renders and reads back chains of errors; see err.h. Running out of memory while
 * building one loses sentences, never the class. No lock: values belong to their callers.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

static const char *const class_names[ERR_CLASS_COUNT] = {
	"none",   "general", "usage",  "configuration", "not-found",
	"memory", "host",    "remote", "guest",         "time-out",
};

const char *err_class_name(enum err_class class)
{
	return class < ERR_CLASS_COUNT ? class_names[class] : "general";
}

static void replace(char **slot, const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0) {
		return;
	}
	free(*slot);
	*slot = text;
}

static void push_what(struct err *e, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (e->what_count == ERR_DEPTH) {
		return;
	}
	replace(&text, fmt, ap);
	if (text) {
		e->what[e->what_count++] = text;
	}
}

int err_set(struct err *e, enum err_class class, const char *fmt, ...)
{
	va_list ap;

	err_free(e);
	e->class = class;
	va_start(ap, fmt);
	push_what(e, fmt, ap);
	va_end(ap);
	return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	push_what(e, fmt, ap);
	va_end(ap);
	return -1;
}

int err_why(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	replace(&e->why, fmt, ap);
	va_end(ap);
	return -1;
}

int err_errno(struct err *e, int errnum, const char *call)
{
	const char *name = strerrorname_np(errnum);

	return err_why(e, "%s: %s (%s)", call, strerror(errnum), name ? name : "unknown");
}

int err_fix(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	replace(&e->fix, fmt, ap);
	va_end(ap);
	return -1;
}

int err_at(struct err *e, const char *file, unsigned int line, unsigned int column, const char *key)
{
	free(e->file);
	free(e->key);
	e->file = file ? strdup(file) : NULL;
	e->key = key ? strdup(key) : NULL;
	e->line = line;
	e->column = column;
	return -1;
}

void err_free(struct err *e)
{
	unsigned int i;

	for (i = 0; i < e->what_count; i++) {
		free(e->what[i]);
	}
	free(e->why);
	free(e->fix);
	free(e->file);
	free(e->key);
	memset(e, 0, sizeof(*e));
}

void err_move(struct err *dst, struct err *src)
{
	err_free(dst);
	*dst = *src;
	memset(src, 0, sizeof(*src));
}

static void print_place(FILE *f, const struct err *e)
{
	if (e->file) {
		fprintf(f, "  at: %s", e->file);
		if (e->line) {
			fprintf(f, ":%u:%u", e->line, e->column);
		}
		if (e->key) {
			fprintf(f, ", key %s", e->key);
		}
		fputc('\n', f);
	}
}

char *err_text(const struct err *e, const char *program)
{
	unsigned int i = e->what_count;
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	if (!f) {
		return NULL;
	}
	fprintf(f, "%s: %s\n", program, i ? e->what[--i] : "out of memory");
	while (i) {
		fprintf(f, "  because: %s\n", e->what[--i]);
	}
	if (e->why) {
		fprintf(f, "  because: %s\n", e->why);
	}
	print_place(f, e);
	if (e->fix) {
		fprintf(f, "  do: %s\n", e->fix);
	}
	fclose(f);
	return text;
}

json_t *err_json(const struct err *e)
{
	json_t *o = json_object(), *chain = json_array();
	unsigned int i;

	for (i = e->what_count; i; i--) {
		json_array_append_new(chain, json_string(e->what[i - 1]));
	}
	json_object_set_new(o, "code", json_integer(e->class));
	json_object_set_new(o, "class", json_string(err_class_name(e->class)));
	json_object_set_new(o, "chain", chain);
	if (e->why) {
		json_object_set_new(o, "why", json_string(e->why));
	}
	if (e->file) {
		json_object_set_new(o, "at",
				    json_pack("{s:s, s:i, s:i, s:s*}", "file", e->file, "line",
					      (int)e->line, "column", (int)e->column, "key",
					      e->key));
	}
	if (e->fix) {
		json_object_set_new(o, "fix", json_string(e->fix));
	}
	return json_pack("{s:o}", "error", o);
}

int err_from_json(struct err *e, const json_t *object)
{
	json_t *o = json_object_get(object, "error"), *chain = json_object_get(o, "chain"), *at;
	json_int_t code = json_integer_value(json_object_get(o, "code"));
	const char *text;
	size_t i;

	err_free(e);
	if (code <= ERR_NONE || code >= ERR_CLASS_COUNT || !json_is_array(chain)) {
		return -1;
	}
	e->class = code;
	for (i = json_array_size(chain); i; i--) {
		text = json_string_value(json_array_get(chain, i - 1));
		err_wrap(e, "%s", text ? text : "");
	}
	text = json_string_value(json_object_get(o, "why"));
	if (text) {
		err_why(e, "%s", text);
	}
	text = json_string_value(json_object_get(o, "fix"));
	if (text) {
		err_fix(e, "%s", text);
	}
	at = json_object_get(o, "at");
	if (at) {
		err_at(e, json_string_value(json_object_get(at, "file")),
		       json_integer_value(json_object_get(at, "line")),
		       json_integer_value(json_object_get(at, "column")),
		       json_string_value(json_object_get(at, "key")));
	}
	return 0;
}
