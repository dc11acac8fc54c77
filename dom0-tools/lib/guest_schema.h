/* SPDX-License-Identifier: MIT */
/*
 * What may stand in a guest file: one table, from which come the reader, its messages and the
 * JSON Schema for editors (config/schema/guest.schema.json; a unit test compares them).
 * Invariant: rows are in the order of enum guest_key; a key inside a map follows the map's row.
 */
#pragma once

#include <stddef.h>

enum guest_key {
	KEY_DOMUS,
	KEY_NAME,
	KEY_MEMORY,
	KEY_VCPUS,
	KEY_BOOT,
	KEY_BOOT_KERNEL,
	KEY_BOOT_RAMDISK,
	KEY_BOOT_CMDLINE,
	KEY_POLICY,
	KEY_POLICY_POWEROFF,
	KEY_POLICY_REBOOT,
	KEY_POLICY_CRASH,
	KEY_COUNT
};

enum schema_type {
	SCHEMA_MAP,    /* keys of its own */
	SCHEMA_TEXT,   /* any text of at most max bytes */
	SCHEMA_NAME,   /* a guest's name */
	SCHEMA_PATH,   /* a file; relative paths start at the guest file's folder */
	SCHEMA_NUMBER, /* min to max */
	SCHEMA_SIZE,   /* "512MiB"; min to max in bytes */
	SCHEMA_ACTION, /* destroy, restart, preserve */
};

/** A guest's name: letters, digits, and . _ - inside; not digits alone, which would be an id. */
#define SCHEMA_NAME_BYTES 63

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

extern const struct schema_row guest_schema[KEY_COUNT];

/** schema_action_names - the words of SCHEMA_ACTION in the order of enum end_action. */
extern const char *const schema_action_names[3];

/** schema_type_name - what a value of the row must be, in words ("a size such as 512MiB"). */
const char *schema_type_name(enum schema_type type);

/** schema_json - the table as a JSON Schema document (draft 2020-12); the caller frees it. */
char *schema_json(void);
