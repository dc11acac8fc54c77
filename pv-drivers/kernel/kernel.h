/* SPDX-License-Identifier: MIT */
/*
 * The reference kernel beyond base.h: memory, grants, events, threads and the store client. What
 * front ends ask of it is in ../common/platform.h; these files have those functions too:
 *
 *	memory.c  platform_pages...    events.c  platform_port_..., platform_notify
 *	grants.c  platform_grant...    store.c   platform_store_...    main.c  platform_say
 *
 * There is one vcpu and no preemption: a thread runs until it waits, and what happens meanwhile is
 * looked at between threads. Hence no locks, and no handler interrupts anything. Events stay masked
 * for ever; a kernel that wants to be interrupted uses kernel_event().
 */
#pragma once

#include "../common/platform.h"
#include "base.h"

#define FOREVER (~0ul)

/** kernel_panic - says what cannot be, and crashes the domain. */
void kernel_panic(const char *what) __attribute__((noreturn));

/* --- memory.c --- */

/** memory_init - what is not in use yet is free from here on. */
void memory_init(void);
u32 memory_free_pages(void);
/** memory_publish - tells the tools where the list of frames is; the shared page is mapped. */
void memory_publish(void);

/* --- grants.c --- */

void grants_init(void);
/** grants_retry - frees pages that other domains have let go of meanwhile. */
void grants_retry(void);
/** grants_suspend - nothing of the table is mapped any more. 0, or -ENOMEM. */
int grants_suspend(void);
/** grants_resume - it is mapped again; in another domain, all pages are granted anew. */
void grants_resume(bool is_other);

/* --- events.c --- */

void events_init(void);
/** events_take - calls the handlers of all ports with an event; true if there was one. */
bool events_take(void);
/** events_wait - sleeps until a port has an event, or until a point in time. */
void events_wait(u64 deadline_ns);
/** events_forget - in another domain: there are no ports yet. */
void events_forget(void);
/** event_handle - a port that the domain was started with is handled from now on. */
void event_handle(evtchn_port_t port, void (*handler)(void *arg), void *arg);

/* --- threads.c --- */

/** thread_start - a thread that runs fn(arg) when the others wait, and ends when that returns. */
int thread_start(void (*fn)(void *arg), void *arg);
/**
 * thread_wait - others run until something happens: an event, a call of thread_wake(), the
 * deadline. So whoever waits for a condition asks for it again each time.
 */
void thread_wait(u64 deadline_ns);
/** thread_wake - something happened that another thread may wait for. */
void thread_wake(void);
/** threads_shift - the clock jumped: all deadlines do so, too. */
void threads_shift(u64 ns);

/* --- store.c --- */

void store_init(void);
/** store_list - the names below a node, each ended by a zero byte. Returns their bytes, or -errno.
 */
int store_list(const char *path, char *names, size_t bytes);
/** store_wait_removed - until a node is no more, or the deadline is over. */
void store_wait_removed(const char *path, u64 deadline_ns);

/** store_suspend - no request is under way, and none begins. */
void store_suspend(void);
/** store_resume - goes on; in another domain, with its store, where all watches are set again. */
void store_resume(bool is_other);

/* --- control.c --- */

/** control_start - does what the tools ask for: poweroff, reboot, halt, suspend. */
void control_start(void);

/* --- suspend.c --- */

/** suspend - stops the domain until the tools let it go on. 0, or -ENOMEM: it did not stop. */
int suspend(void);
/** suspend_listen - calls resumed(arg) whenever the kernel wakes as another domain. */
void suspend_listen(void (*resumed)(void *arg), void *arg);

/* --- balloon.c --- */

/** balloon_start - follows what the tools say. */
void balloon_start(void);
/** balloon_set - makes it so many pages, as far as that goes; returns how many they are. */
u32 balloon_set(u32 pages);

/* --- Programs, chosen by test=NAME on the command line. Each ends with claims_end(). --- */

void program_balloon(void);
void program_block(void);
void program_echo(void);
void program_scribble(void);
void program_speed(void);
