/* SPDX-License-Identifier: MIT */
/*
 * The daemon's event loop: file descriptors and timers call back. Invariant: all callbacks run
 * on the one thread that runs loop_run(), one at a time; so what they touch needs no lock.
 */
#pragma once

#include <stdint.h>
#include <sys/epoll.h>

/** A watched descriptor, embedded in what it belongs to. */
struct loop_source {
	int fd; /* -1: not watched */
	uint32_t events;
	void (*ready)(struct loop_source *s, uint32_t events);
};

/** A one-shot timer, embedded in what it belongs to; all zeroes is a valid, unset one. */
struct loop_timer {
	struct loop_timer *next;
	uint64_t due_ms;
	int is_set;
	void (*expired)(struct loop_timer *t);
};

/** loop_init - to be called once, first; 0, or -1 with errno. */
int loop_init(void);
/** loop_add - watches fd for EPOLL events; 0, or -1 with errno. */
int loop_add(struct loop_source *s, int fd, uint32_t events,
	     void (*ready)(struct loop_source *s, uint32_t events));
/** loop_change - watches for other events from now on. */
void loop_change(struct loop_source *s, uint32_t events);
/** loop_remove - stops watching; no callback comes after it. The descriptor stays open. */
void loop_remove(struct loop_source *s);

/** loop_timer_set - calls expired after so many milliseconds; replaces an earlier setting. */
void loop_timer_set(struct loop_timer *t, uint64_t ms, void (*expired)(struct loop_timer *t));
/** loop_timer_clear - takes the timer back; harmless if it is not set. */
void loop_timer_clear(struct loop_timer *t);

/** loop_on_idle - sets what runs before each wait; it returns the longest wait in ms, or -1. */
void loop_on_idle(int (*idle)(void));
/** loop_run - runs callbacks until loop_stop(); 0, or -1 with errno if waiting fails. */
int loop_run(void);
/** loop_stop - makes loop_run() return after the present callback. */
void loop_stop(void);
/** loop_now_ms - milliseconds of the monotonic clock. */
uint64_t loop_now_ms(void);
