/* SPDX-License-Identifier: MIT */
/*
 * Command line options: a constant table that the linker gathers from all rooms. The parser is
 * options_parse() of boot/, which runs before any room looks at what its handlers kept.
 */
#pragma once

#include "lib/types.h"

struct option {
	const char *name;
	int (*parse)(const char *value, void *arg);
	void *arg;
};

/*
 * OPTION(name, handler, arg): the handler gets what stands behind '=' ("" if nothing), up to the
 * next blank, and arg; nonzero = bad value, reported with the option's name. It only keeps the
 * value.
 */
#define OPTION(name, fn, arg)                                                       \
	static const struct option option_##name __section(".options") __aligned(8) \
		__attribute__((used)) = {#name, fn, arg}

/* A handler for what is on or off: arg is a bool. */
int option_switch(const char *value, void *arg);
/* A handler for a number that is not 0: arg is a u64. */
int option_number(const char *value, void *arg);
