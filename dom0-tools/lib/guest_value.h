/* SPDX-License-Identifier: MIT */
/*
 * Single values of a guest file: from the text at a key to the field of the guest. What the file
 * looks like around them is guest_file.c's. No lock.
 */
#pragma once

#include <yaml.h>

#include "guest_file.h"

/** A guest file while it is read. The keys of a list's items go to the list's last item. */
struct reader {
	yaml_document_t doc;
	struct guest_file *g;
	struct err *e;
};

/** value_blame - adds a place in the file to the error; returns -1. */
int value_blame(struct reader *r, yaml_mark_t mark, const char *key);

/** value_refuse - "KEY must be WHAT, not SEEN", with its place; returns -1. */
int value_refuse(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		 const char *seen);

/** value_set - takes the scalar at a row's key over into the guest; 0, or -1 with an error. */
int value_set(struct reader *r, const struct schema_row *row, const yaml_node_t *node);
