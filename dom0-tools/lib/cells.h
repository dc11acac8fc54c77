/* SPDX-License-Identifier: MIT */
/* The columns of domus list, vcpu-list and sched. Pure: a row in, text out. No lock. */
#pragma once

#include "lib/output.h"

extern const struct column list_columns[];
extern const size_t list_column_count;
extern const struct column vcpu_columns[];
extern const size_t vcpu_column_count;
extern const struct column share_columns[];
extern const size_t share_column_count;
