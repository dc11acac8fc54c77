/* SPDX-License-Identifier: MIT */
/*
 * What every module of the store uses: memory that cannot fail, and the log. Invariant: what a
 * client can make the store allocate is bounded by quotas, so running out of memory means that
 * the host has none left; the process then says so and exits. No lock: one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Exit codes of the daemon, as its --help lists them. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_GENERAL = 1,
	EXIT_USAGE = 2,
	EXIT_MEMORY = 5,
	EXIT_HOST = 6,
};

/* syslog's priorities, which systemd reads from "<N>" at a line's start. */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/** Allocates size zeroed bytes; ends the process with EXIT_MEMORY if there are none. */
void *mem_alloc(size_t size);
/** Resizes an array to count elements of size bytes; the new part is not zeroed. */
void *mem_resize(void *old, size_t count, size_t size);
/** Copies len bytes of s and appends a NUL. */
char *mem_strndup(const char *s, size_t len);

/** Finds out whether stderr leads to the journal, which gets priorities and routine lines. */
void log_init(void);
/** Only messages up to this level are written. */
void log_set_level(enum log_level level);
/** Writes one line to stderr. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** As log_line(), for what a guest can trigger: at most 10 lines a second, the rest is counted. */
void log_guest(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** A keyed hash of len bytes; the key is drawn once per process. */
uint64_t hash_bytes(const void *data, size_t len);
