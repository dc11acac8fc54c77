/* SPDX-License-Identifier: MIT */
/* Dispatch and preemption of hypercalls. The table is hypercall/table.def. */
#ifndef HYPERCALL_HYPERCALL_H
#define HYPERCALL_HYPERCALL_H

#include "lib/types.h"

/*
 * Makes the running hypercall be issued again with these arguments once pending work is done
 * (also inside a multicall). Return its result from the handler: `return hypercall_continue(...)`.
 */
long hypercall_continue(unsigned int nr, unsigned int nargs, const unsigned long *args);
#define HYPERCALL_CONTINUE(nr, ...)                                                                \
	hypercall_continue(nr, sizeof((unsigned long[]){__VA_ARGS__}) / sizeof(unsigned long),     \
			   (unsigned long[]){__VA_ARGS__})
long do_multicall(guest_ptr_t list, unsigned int count);

#endif
