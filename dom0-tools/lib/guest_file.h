/* SPDX-License-Identifier: MIT */
/*
 * A guest file as a value. Invariant: one that was read without error keeps every rule of the
 * table in guest_schema.c, and knows where each key stood, so that later trouble with a value
 * (a missing kernel) can still name its line. No lock: values belong to their owners.
 */
#pragma once

#include <stdint.h>

#include "err.h"
#include "guest_device.h"
#include "guest_schema.h"

enum end_action { END_DESTROY, END_RESTART, END_PRESERVE };

struct guest_file {
	char *file; /* as messages name it */
	char *name;
	uint64_t memory_bytes; /* a multiple of 4096 */
	uint64_t vcpus;
	char *kernel;
	char *ramdisk; /* NULL: none */
	char *cmdline; /* NULL: none */
	enum end_action on_poweroff, on_reboot, on_crash;
	struct guest_disk *disks; /* each with an index of its own */
	struct guest_net *nets;
	unsigned int disk_count, net_count;
	struct place at[KEY_COUNT]; /* line 0: absent; of items' keys, those of the last item */
};

#define GUEST_FILE_CLEANUP __attribute__((cleanup(guest_file_free)))

/**
 * guest_file_read - reads a guest file's text.
 * @file: path for messages; relative paths inside the text start at its folder.
 *
 * Returns 0; or -1 with ERR_CONFIG naming file, line, column, key and, for a mistyped word, the
 * nearest valid one. *g is to be freed in either case.
 */
int guest_file_read(struct guest_file *g, const char *file, const char *text, size_t bytes,
		    struct err *e);

/** guest_file_read_item - reads the text of a single item of disks or networks (JSON is YAML, too)
 *  into a guest file that has nothing else; otherwise as guest_file_read(). */
int guest_file_read_item(struct guest_file *g, enum guest_key list, const char *text, size_t bytes,
			 struct err *e);

/** guest_file_blame - adds the place of a key to an error about its value; returns -1. */
int guest_file_blame(const struct guest_file *g, enum guest_key key, struct err *e);

/** guest_file_blame_at - the same with the place of an item's key. */
int guest_file_blame_at(const struct guest_file *g, struct place at, enum guest_key key,
			struct err *e);

/** guest_file_free - releases what the value holds and clears it. */
void guest_file_free(struct guest_file *g);

/** guest_name_valid - true if the text may name a guest. */
int guest_name_valid(const char *name);
