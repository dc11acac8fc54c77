/* SPDX-License-Identifier: MIT */
/* The columns of domus list, vcpu-list, sched, disk list, net list and network list.
 * Pure: a row in, text out. No
 * lock. */
#pragma once

#include "lib/output.h"

extern const struct column list_columns[];
extern const size_t list_column_count;
extern const struct column vcpu_columns[];
extern const size_t vcpu_column_count;
extern const struct column disk_columns[];
extern const size_t disk_column_count;
extern const struct column net_columns[];
extern const size_t net_column_count;
extern const struct column host_net_columns[];
extern const size_t host_net_column_count;
extern const struct column share_columns[];
extern const size_t share_column_count;
