/* SPDX-License-Identifier: MIT */
/* Hypercalls that are a family of operations, each with one structure as its argument. */
#pragma once

#include "lib/types.h"

#define SUBOP_BYTES_MAX 64u

enum subop_flags {
	SUBOP_OUT = 1,  /* the structure also carries results: copied back after success */
	SUBOP_DOM0 = 2, /* for the privileged domain alone */
};

struct subop {
	long (*fn)(void *arg); /* arg: a copy of the structure, read once */
	u8 bytes;              /* of the structure, at most SUBOP_BYTES_MAX */
	u8 flags;
};

/* Runs operation `cmd` of a table. -ENOSYS: there is none, -EPERM, -EFAULT, or what fn says. */
long subop_run(const struct subop *table, unsigned int count, unsigned int cmd, guest_ptr_t arg);
/* Reads a call of dom0's tools or its kernel; those have two words in front, the command and the
 * version of the interface. -EPERM, -EFAULT; -EACCES: another version. */
long tools_call_read(void *op, size_t bytes, guest_ptr_t arg, u32 version);
