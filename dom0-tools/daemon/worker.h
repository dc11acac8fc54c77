/* SPDX-License-Identifier: MIT */
/*
 * Threads for what takes long: building and destroying domains. A thread rather than a child
 * process: a fork under a PV hypervisor costs about as much as the rest of a small create, and
 * what a child would shield from (a fault in libxenguest while it reads a file that root chose)
 * ends the daemon, not a guest: restarted, it finds its guests and removes the half-built one.
 * Invariant: a job's run() uses its thread's handles and the job alone. The queue has a mutex.
 */
#pragma once

#include "daemon/hyper.h"

#define WORKER_THREADS 2

struct job {
	struct job *next;
	void (*run)(struct job *job, struct hyper *h); /* on a worker */
	void (*done)(struct job *job);                 /* afterwards, on the event loop */
};

/** worker_init - starts the threads; to be called after loop_init(). 0, or -1 with an error. */
int worker_init(struct err *e);

/** worker_thread - starts a thread that gets no signals and is never waited for; 0, or an errno. */
int worker_thread(void *(*run)(void *arg), void *arg);

/** worker_submit - hands a job over; it belongs to the worker until done() is called. */
void worker_submit(struct job *job);
