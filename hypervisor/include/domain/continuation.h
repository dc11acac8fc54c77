/* SPDX-License-Identifier: MIT */
/* Preempted hypercalls go on by being issued again: how a handler asks for that. */
#pragma once

#include <xen/xen.h>
#include "lib/types.h"

/* The entry of a multicall that is being run. */
struct multicall_state {
	multicall_entry_t entry;
	bool preempted; /* the entry holds the arguments to go on with */
};

/*
 * Makes the running hypercall be issued again with these arguments once pending work is done
 * (also inside a multicall). Return its result from the handler.
 */
long hypercall_continue(unsigned int nr, unsigned int nargs, const unsigned long *args);
#define HYPERCALL_CONTINUE(nr, ...)                                                            \
	hypercall_continue(nr, sizeof((unsigned long[]){__VA_ARGS__}) / sizeof(unsigned long), \
			   (unsigned long[]){__VA_ARGS__})
