/* SPDX-License-Identifier: MIT */
/* The entry code once more, for CPUs that run guests with page-table isolation. */
#define ISOLATED
#include "entry.S"
