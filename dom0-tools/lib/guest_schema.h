/* SPDX-License-Identifier: MIT */
/*
 * What may stand in a guest file: one table, from which come the reader, its messages and the
 * JSON Schema for editors (config/schema/guest.schema.json; a unit test compares them).
 * Invariant: rows are in the order of enum guest_key; a key inside a map, or inside of a list's
 * items, follows the row of that map or list.
 */
#pragma once

#include "schema.h"

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
	KEY_DISK_FORMAT,
	KEY_DISK_URI,
	KEY_DISK_TARGET,
	KEY_DISK_READONLY,
	KEY_DISK_CDROM,
	KEY_DISK_SHARED,
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

/** A guest's name: letters, digits, and . _ - inside; not digits alone, which would be an id. */
#define SCHEMA_NAME_BYTES 63

extern const struct schema_row guest_schema[KEY_COUNT];
extern const struct schema guest_file_schema;
