/* SPDX-License-Identifier: MIT */
/* How large dom0 is to be: dom0_mem and dom0_max_vcpus. */
#pragma once

#include "lib/types.h"

/* A size as the user gave it: all but `bytes` (negative), or bytes plus percent of the host's RAM.
 */
struct mem_size {
	bool set, negative;
	u64 bytes;
	u32 percent;
};

struct dom0_mem {
	struct mem_size size, min, max;
};

#define DOM0_NO_LIMIT 0x7fffffffull /* pages */

/* "[<size>][,min:<size>][,max:<size>]", a size being [-]<n>[BKMGT] or [<n>[BKMGT]+]<n>%. -EINVAL.
 */
int dom0_mem_parse(const char *s, void *dom0_mem);
/*
 * Decides on dom0's pages and its limit, from the host's RAM and from what of it is available.
 * False: more is wanted than is available.
 */
bool dom0_mem_decide(const struct dom0_mem *o, u64 total, u64 available, u64 *pages, u64 *limit);
struct dom0_vcpus {
	unsigned int min, max;
};

/* "<n>", "<min>-<max>", "-<max>", "<min>-". -EINVAL. */
int dom0_vcpus_parse(const char *s, void *dom0_vcpus);

/* As given on the command line. */
extern struct dom0_mem dom0_mem_option;
unsigned int dom0_vcpus_wanted(unsigned int host_cpus);
