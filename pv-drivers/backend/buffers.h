/* SPDX-License-Identifier: MIT */
/*
 * Memory for data on its way between guest and disk: runs of whole pages out of one reservation, so
 * that all devices of a guest together never take more. Pages that were never used cost nothing.
 *
 * Invariant: a run belongs to one caller from buffers_get() to buffers_put(). One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUFFERS_PAGES 2048u /* 8 MiB: eight of the largest requests, or 2048 of the smallest */
/* The first of them, 2 MiB, are always there for a guest that starts with disks, so that the kernel
 * need not look them up each time. */
#define BUFFERS_FIXED 512u

struct buffers {
	unsigned char *pages;
	bool is_fixed;                     /* the kernel keeps the first of them */
	uint64_t used[BUFFERS_PAGES / 64]; /* a bit a page */
};

/** buffers_init - 0, or -errno. @is_fixed: the kernel is to keep the first of them. */
int buffers_init(struct buffers *b, bool is_fixed);
/** buffers_get - room for so many bytes, at a page's start; NULL: none now. */
void *buffers_get(struct buffers *b, size_t bytes);
/** buffers_is_fixed - does all of it lie in the pages that the kernel keeps? */
bool buffers_is_fixed(const struct buffers *b, const void *room, size_t bytes);
/** buffers_put - gives it back; the same number of bytes. NULL is allowed. */
void buffers_put(struct buffers *b, void *room, size_t bytes);
