/* SPDX-License-Identifier: MIT */
/*
 * Memory and log of the store; see util.h for the invariant. No lock: one thread.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

#define GUEST_LINES_PER_SECOND 10
#define PROGRAM                "domus-xenstored: "

/* Routine lines are for the journal; on a terminal or in a plain file they are noise. */
static enum log_level max_level = LOG_LEVEL_WARNING;
static bool is_journal;

static void out_of_memory(size_t size)
{
	fprintf(stderr, "%sout of memory: the host refused %zu bytes; the store ends\n",
		is_journal ? "<2>" : PROGRAM, size);
	exit(EXIT_MEMORY);
}

void *mem_alloc(size_t size)
{
	/* Not calloc(): glibc's does not look where each thread keeps what was freed last. */
	void *p = malloc(size ? size : 1);

	if (!p) {
		out_of_memory(size);
	}
	return memset(p, 0, size);
}

void *mem_resize(void *old, size_t count, size_t size)
{
	void *p = reallocarray(old, count, size);

	if (!p && count) {
		out_of_memory(count * size);
	}
	return p;
}

char *mem_strndup(const char *s, size_t len)
{
	char *copy = mem_alloc(len + 1);

	memcpy(copy, s, len);
	return copy;
}

void log_init(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	/* systemd names the file that leads to the journal; stderr may be another one by now. */
	is_journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		     fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
	if (is_journal) {
		max_level = LOG_LEVEL_INFO;
	}
}

void log_set_level(enum log_level level)
{
	max_level = level;
}

static void log_write(enum log_level level, const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	if (is_journal) {
		fprintf(stderr, "<%d>%s\n", level, text);
	} else {
		fprintf(stderr, PROGRAM "%s\n", text);
	}
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list args;

	if (level > max_level) {
		return;
	}
	va_start(args, format);
	log_write(level, format, args);
	va_end(args);
}

void log_guest(enum log_level level, const char *format, ...)
{
	static time_t second;
	static unsigned int lines, lost;
	time_t now = time(NULL);
	va_list args;

	if (level > max_level) {
		return;
	}
	if (now != second) {
		if (lost) {
			log_line(LOG_LEVEL_WARNING, "%u messages about guests left out", lost);
		}
		second = now;
		lines = lost = 0;
	}
	if (lines >= GUEST_LINES_PER_SECOND) {
		lost++;
		return;
	}
	lines++;
	va_start(args, format);
	log_write(level, format, args);
	va_end(args);
}

uint64_t hash_bytes(const void *data, size_t len)
{
	static uint64_t key;
	const unsigned char *p = data;
	uint64_t h;

	while (!key) {
		if (getrandom(&key, sizeof(key), GRND_NONBLOCK) != sizeof(key)) {
			/* Too early in the boot for the pool: the clock is unguessable enough. */
			struct timespec t;

			clock_gettime(CLOCK_MONOTONIC, &t);
			key = (uint64_t)t.tv_nsec * 0x9e3779b97f4a7c15u | 1;
		}
	}
	h = key;
	for (size_t i = 0; i < len; i++) {
		h = (h ^ p[i]) * 0x100000001b3u;
	}
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return h ^ (h >> 32);
}
