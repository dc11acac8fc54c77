/* SPDX-License-Identifier: MIT */
/*
 * What may stand in a guest file: one table, from which come the reader, its messages and the
 * JSON Schema for editors (config/schema/guest.schema.json; a unit test compares them).
 * Invariant: rows are in the order of enum guest_key; a key inside a map, or inside of a list's
 * items, follows the row of that map or list.
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
	KEY_DISKS,
	KEY_DISK_PATH,
	KEY_DISK_TARGET,
	KEY_DISK_READONLY,
	KEY_DISK_CDROM,
	KEY_DISK_SECTOR,
	KEY_DISK_DISCARD,
	KEY_DISK_BACKEND,
	KEY_NETS,
	KEY_NET_BRIDGE,
	KEY_NET_MAC,
	KEY_NET_MTU,
	KEY_NET_RATE,
	KEY_NET_BACKEND,
	KEY_COUNT
};

enum schema_type {
	SCHEMA_MAP,     /* keys of its own */
	SCHEMA_LIST,    /* maps, at most max, each with the keys whose parent it is */
	SCHEMA_TEXT,    /* any text of at most max bytes */
	SCHEMA_NAME,    /* a guest's name */
	SCHEMA_PATH,    /* a file; relative paths start at the guest file's folder */
	SCHEMA_LINK,    /* a network device of dom0 */
	SCHEMA_NUMBER,  /* min to max */
	SCHEMA_SIZE,    /* "512MiB"; min to max in bytes */
	SCHEMA_FLAG,    /* true, false */
	SCHEMA_ACTION,  /* destroy, restart, preserve */
	SCHEMA_BACKEND, /* domus, kernel */
	SCHEMA_TARGET,  /* xvda to xvdz */
	SCHEMA_SECTOR,  /* 512, 4096 */
	SCHEMA_MAC,
	SCHEMA_RATE, /* "100Mbit/s" */
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
/** schema_backend_names - the words of SCHEMA_BACKEND in the order of enum device_backend. */
extern const char *const schema_backend_names[2];

/** schema_words - the words that a value of the type may be, and how many; NULL: not words. */
const char *const *schema_words(enum schema_type type, size_t *count);

/** schema_type_name - what a value of the row must be, in words ("a size such as 512MiB"). */
const char *schema_type_name(enum schema_type type);

/** schema_json - the table as a JSON Schema document (draft 2020-12); the caller frees it. */
char *schema_json(void);
