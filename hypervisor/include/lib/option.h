/* SPDX-License-Identifier: MIT */
/*
 * Command line options: a constant table that the linker gathers from all rooms. The parser is
 * options_parse() of boot/, which runs before any room looks at what its handlers kept.
 */
#ifndef LIB_OPTION_H
#define LIB_OPTION_H

struct option {
	const char *name;
	int (*parse)(const char *value);
};

/*
 * OPTION("name", handler): the handler gets what stands behind '=' ("" if nothing), up to the
 * next blank; nonzero = bad value, reported with the option's name. It only keeps the value.
 */
#define OPTION(str, fn)                                              \
	static const struct option option_##fn __section(".options") \
		__attribute__((used)) = {str, fn}

#endif
