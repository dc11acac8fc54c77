/* SPDX-License-Identifier: MIT */
/*
 * Single values of a guest file: from the text at a key to the field of the guest. What the file
 * looks like around them is guest_file.c's. No lock.
 */
#pragma once

#include "guest_file.h"
#include "reader.h"

/** value_set - takes the scalar at a row's key over into the guest; 0, or -1 with an error. */
int value_set(struct reader *r, const struct schema_row *row, const yaml_node_t *node);
