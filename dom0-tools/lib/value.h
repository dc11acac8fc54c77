/* SPDX-License-Identifier: MIT */
/*
 * Single values, from the text at a key: each function gives one kind, or refuses it with -1 and an
 * error that says what would be right. No lock.
 */
#pragma once

#include <stdint.h>

#include "reader.h"

/** value_refuse - "KEY must be WHAT, not 'TEXT'", with its place; returns -1. */
int value_refuse(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		 const char *text);
/** value_number - a whole number between the row's min and max; out may be NULL. */
int value_number(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
		 const char *text, uint64_t *out);
/** value_size - a size in whole pages between the row's min and max. */
int value_size(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
	       const char *text, uint64_t *out);
/** value_word - the index of one of the type's words. */
int value_word(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
	       const char *text, unsigned int *out);
/** value_flag - true or false. */
int value_flag(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
	       const char *text, int *out);
/** value_text - a text, a path or the name of a network device; the caller frees *out. */
int value_text(struct reader *r, const struct schema_row *row, const yaml_node_t *node,
	       const char *text, char **out);
