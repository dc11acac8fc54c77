/* SPDX-License-Identifier: MIT */
/*
 * What may stand in a file, as a table: from it come the reader (reader.h), its messages and a JSON
 * Schema for editors. Invariant: a key inside a map, or inside of a list's items, follows the row
 * of that map or list. No lock: constant.
 */
#pragma once

#include <stddef.h>

/** Larger files are refused. */
#define SCHEMA_FILE_BYTES (64u << 10)

enum schema_type {
	SCHEMA_MAP,     /* keys of its own */
	SCHEMA_LIST,    /* maps, at most max, each with the keys whose parent it is */
	SCHEMA_TEXT,    /* any text of at most max bytes */
	SCHEMA_NAME,    /* a guest's name */
	SCHEMA_PATH,    /* a file; relative paths start at the folder of the file they stand in */
	SCHEMA_LINK,    /* a network device of dom0 */
	SCHEMA_LINKS,   /* a list of such, at most max */
	SCHEMA_NUMBER,  /* min to max */
	SCHEMA_SIZE,    /* "512MiB"; min to max in bytes */
	SCHEMA_FLAG,    /* true, false */
	SCHEMA_ACTION,  /* destroy, restart, preserve */
	SCHEMA_BACKEND, /* domus, kernel */
	SCHEMA_FORMAT,  /* raw, qcow2, ... */
	SCHEMA_TARGET,  /* xvda to xvdz */
	SCHEMA_SECTOR,  /* 512, 4096 */
	SCHEMA_MAC,
	SCHEMA_RATE,    /* "100Mbit/s" */
	SCHEMA_ADDRESS, /* "192.168.7.1/24" */
	SCHEMA_RANGE,   /* "192.168.7.100-192.168.7.200" */
	SCHEMA_FORWARD, /* none, nat, route */
};

/** Where a value stands in its file, from 1; line 0: nowhere. */
struct place {
	unsigned int line, column;
};

struct schema_row {
	const char *path;   /* "boot.kernel" */
	const char *parent; /* "boot", or "" at the top */
	const char *name;   /* "kernel" */
	enum schema_type type;
	int required;
	unsigned long long min, max;
	const char *standard; /* what holds when the key is absent; NULL: nothing */
	const char *help;
};

/** All rows of one kind of file. */
struct schema {
	const char *what;    /* "guest file" */
	const char *subject; /* what one of them describes: "guest" */
	const struct schema_row *rows;
	size_t count;
};

/** schema_action_names - the words of SCHEMA_ACTION in the order of enum end_action. */
extern const char *const schema_action_names[3];
/** schema_backend_names - the words of SCHEMA_BACKEND in the order of enum device_backend. */
extern const char *const schema_backend_names[2];
/** schema_forward_names - the words of SCHEMA_FORWARD in the order of enum net_forward. */
extern const char *const schema_forward_names[3];

/** schema_format_names - the words of SCHEMA_FORMAT in the order of enum disk_format. */
extern const char *const schema_format_names[6];

/** schema_words - the words that a value of the type may be, and how many; NULL: not words. */
const char *const *schema_words(enum schema_type type, size_t *count);

/** schema_type_name - what a value of the row must be, in words ("a size such as 512MiB"). */
const char *schema_type_name(enum schema_type type);

/** schema_json - the rows as a JSON Schema document (draft 2020-12); the caller frees it. */
char *schema_json(const struct schema *schema);
