/* SPDX-License-Identifier: MIT */
/*
 * A libFuzzer target as a unit test: without arguments it runs for three seconds, from a fixed
 * beginning; with FUZZ_SECONDS in the environment that long. What it finds it writes beside itself.
 * The target defines LLVMFuzzerTestOneInput() and includes this header once.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char seconds[64], prefix[4096];
	static char *arguments[] = {NULL,           seconds,          prefix,          "-seed=1",
				    "-verbosity=0", "-len_control=0", "-max_len=4096", NULL};
	const char *wanted = getenv("FUZZ_SECONDS");

	if (*argc == 1) {
		arguments[0] = (*argv)[0];
		snprintf(seconds, sizeof(seconds), "-max_total_time=%s", wanted ? wanted : "3");
		snprintf(prefix, sizeof(prefix), "-artifact_prefix=%s-", (*argv)[0]);
		*argc = sizeof(arguments) / sizeof(arguments[0]) - 1;
		*argv = arguments;
	}
	return 0;
}

/* What must hold whatever the input is. */
static inline void fuzz_check(int is_true, const char *what)
{
	if (!is_true) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
}
#define FUZZ_CHECK(condition) fuzz_check(condition, #condition)
