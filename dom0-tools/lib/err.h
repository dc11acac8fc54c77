/* SPDX-License-Identifier: MIT */
/*
 * Errors of the tools: one value that collects a chain. The innermost sentence is set where it
 * went wrong, each caller on the way out may wrap it in what it was doing, and *why* (errno,
 * hypercall, store path), *where* (file, line, column, key) and *what to do* hang on it.
 * Invariant: a function that returns -1 and takes a struct err has set it. No lock: a value.
 */
#pragma once

#include <jansson.h>

/** Classes of errors; the numbers are the exit codes of `domus` (docs/domus.md). */
enum err_class {
	ERR_NONE = 0,
	ERR_GENERAL = 1,
	ERR_USAGE = 2,
	ERR_CONFIG = 3,
	ERR_NOT_FOUND = 4,
	ERR_NO_MEMORY = 5,
	ERR_HOST = 6,
	ERR_REMOTE = 7,
	ERR_GUEST = 8,
	ERR_TIMEOUT = 9,
	ERR_CLASS_COUNT
};

/** Wraps beyond this depth are dropped: the innermost sentences matter most. */
#define ERR_DEPTH 8

struct err {
	enum err_class class;
	unsigned int what_count;
	char *what[ERR_DEPTH]; /* innermost first */
	char *why;
	char *fix;
	char *file;
	char *key;
	unsigned int line, column; /* from 1; 0: not known */
};

#define ERR_PRINTF(a, b) __attribute__((format(printf, a, b)))
#define ERR_CLEANUP      __attribute__((cleanup(err_free)))

/** err_set - starts the chain with its innermost sentence. Always returns -1. */
int err_set(struct err *e, enum err_class class, const char *fmt, ...) ERR_PRINTF(3, 4);
/** err_wrap - adds what the caller was doing. Always returns -1. */
int err_wrap(struct err *e, const char *fmt, ...) ERR_PRINTF(2, 3);
/** err_why - the cause in the words of whoever refused. Always returns -1. */
int err_why(struct err *e, const char *fmt, ...) ERR_PRINTF(2, 3);
/** err_errno - the cause as "call: text (NAME)". Always returns -1. */
int err_errno(struct err *e, int errnum, const char *call);
/** err_fix - what a person can do about it. Always returns -1. */
int err_fix(struct err *e, const char *fmt, ...) ERR_PRINTF(2, 3);
/** err_at - the place in a file; line and column count from 1, key may be NULL. Returns -1. */
int err_at(struct err *e, const char *file, unsigned int line, unsigned int column,
	   const char *key);
/** err_free - releases what the chain holds and makes it empty. */
void err_free(struct err *e);
/** err_move - hands the chain over; what dst held is released, src becomes empty. */
void err_move(struct err *dst, struct err *src);

/** err_text - the chain as one readable block that ends in a newline; the caller frees it. */
char *err_text(const struct err *e, const char *program);
/** err_json - the chain as {"error": {...}}; a new reference. */
json_t *err_json(const struct err *e);
/** err_from_json - the inverse of err_json(); 0, or -1 if the object is none of ours. */
int err_from_json(struct err *e, const json_t *object);
/** err_class_name - the word that stands for a class in JSON and in the manual. */
const char *err_class_name(enum err_class class);
