/* SPDX-License-Identifier: MIT */
/*
 * The event loop: one io_uring, whose completions call back. Files are read and written through it,
 * descriptors are watched through it. After each run of callbacks the settlers run: they do at once
 * what piled up meanwhile (copies, answers, notifications), before the process sleeps.
 *
 * Invariant: all callbacks run on the one thread that runs loop_run(), one at a time; an event
 * that was queued is called back exactly once, so it stays where it is until then.
 */
#pragma once

#include <liburing.h>
#include <stdint.h>

/** Something that is awaited, embedded in what it belongs to. */
struct loop_event {
	/* result: what the system call would have returned, or -errno */
	void (*done)(struct loop_event *e, int32_t result);
};

/** A descriptor that is watched for input, embedded in what it belongs to. */
struct loop_watch {
	struct loop_event event;
	int fd; /* ready() may set it to -1: it is not watched any more */
	void (*ready)(struct loop_watch *w);
};

/** Work that is done when no more completions are there; it may queue events. */
struct loop_settler {
	struct loop_settler *next;
	void (*settle)(struct loop_settler *s);
};

/** loop_init - to be called once, first; 0, or -errno. */
int loop_init(void);
/**
 * loop_limit - to be called once, after loop_fix() and before loop_run(): from now on the kernel
 * takes no other requests from the ring than those that loop.c lists, whoever fills them in. 0, or
 * -errno.
 */
int loop_limit(void);
/** loop_sqe - a place for a request whose end calls e->done; to be filled in at once. */
struct io_uring_sqe *loop_sqe(struct loop_event *e);
/** The index of memory that was fixed, for io_uring_prep_read_fixed() and its like. */
#define LOOP_FIXED 0
/** loop_fix - keeps memory at hand for reads and writes, once; 0, or -errno: it is used as any
 * other. */
int loop_fix(void *memory, size_t bytes);
/** loop_watch - calls ready whenever fd has input, or its other end closed. */
void loop_watch(struct loop_watch *w, int fd, void (*ready)(struct loop_watch *w));
/** loop_settler_add - settlers run in the order in which they were added. */
void loop_settler_add(struct loop_settler *s, void (*settle)(struct loop_settler *s));
/** loop_again - there is more to settle: settlers run, or run once more, without a wait before. */
void loop_again(void);
/** loop_run - runs callbacks until loop_stop(); 0, or -errno if waiting fails or after loop_fail().
 */
int loop_run(void);
/** loop_stop - makes loop_run() return. */
void loop_stop(void);
/** loop_fail - makes loop_run() return that -errno: the process cannot go on. */
void loop_fail(int rc);
