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

/** memory_init - maps all of the domain's memory; what is not in use yet is free. */
void memory_init(void);
u32 memory_free_pages(void);

/* --- grants.c --- */

void grants_init(void);
/** grants_retry - frees pages that other domains have let go of meanwhile. */
void grants_retry(void);

/* --- events.c --- */

void events_init(void);
/** events_take - calls the handlers of all ports with an event; true if there was one. */
bool events_take(void);
/** events_wait - sleeps until a port has an event, or until a point in time. */
void events_wait(u64 deadline_ns);
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

/* --- store.c --- */

void store_init(void);
/** store_list - the names below a node, each ended by a zero byte. Returns their bytes, or -errno.
 */
int store_list(const char *path, char *names, size_t bytes);

/* --- control.c --- */

/** control_start - does what the tools ask for: poweroff, reboot, halt. */
void control_start(void);

/* --- Programs, chosen by test=NAME on the command line. Each ends with claims_end(). --- */

void program_block(void);
void program_echo(void);
void program_scribble(void);
