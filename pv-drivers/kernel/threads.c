/* SPDX-License-Identifier: MIT */
/*
 * Threads that give way when they wait. Each event, and each thread_wake(), is something that
 * happened: `happened` counts them. A thread may run if it has not run since the last one, or when
 * its deadline is over; if none may, the vcpu sleeps.
 *
 * Invariant: `current` runs; a thread's `seen` is the count when it began to wait, so nothing that
 * happens between its look at a condition and its wait is missed.
 */
#include "kernel.h"
#include <errno.h>

enum { STACK_PAGES = 4 };

/* At the low end of its stack. */
struct thread {
	u64 sp;       /* while it does not run */
	u64 seen;     /* of `happened` */
	u64 deadline; /* ns */
	struct thread *next;
	void (*fn)(void *arg);
	void *arg;
	bool is_over;
};

static struct thread first = {.next = &first}; /* what kernel_start() runs in */
static struct thread *current = &first;
static u64 happened;

/* switch.S: saves this thread's registers and stack, goes on with those of another one. */
void thread_switch(u64 *save_sp, u64 sp);

/* Threads whose function returned give their stacks back; none of them is current. */
static void reap(void)
{
	struct thread *t = current;

	while (t->next != current) {
		struct thread *next = t->next;

		if (next->is_over) {
			t->next = next->next;
			platform_pages_free(next, STACK_PAGES);
		} else {
			t = next;
		}
	}
}

static bool may_run(const struct thread *t, u64 now)
{
	return !t->is_over && (t->seen != happened || t->deadline <= now);
}

/* The thread to go on with: the one behind the current one that may run, after a sleep if need be.
 */
static struct thread *choose(void)
{
	for (;;) {
		u64 now = system_time(), deadline = FOREVER;
		struct thread *t = current;

		happened += events_take();
		do {
			t = t->next;
			if (may_run(t, now)) {
				return t;
			}
			if (!t->is_over && t->deadline < deadline) {
				deadline = t->deadline;
			}
		} while (t != current);
		events_wait(deadline);
	}
}

static void go_on(void)
{
	struct thread *from = current;

	current = choose();
	if (current != from) {
		thread_switch(&from->sp, current->sp);
		reap();
	}
}

void thread_wait(u64 deadline_ns)
{
	current->seen = happened;
	current->deadline = deadline_ns;
	go_on();
}

void thread_wake(void)
{
	happened++;
}

void threads_shift(u64 ns)
{
	struct thread *t = current;

	do {
		t->deadline += t->deadline == FOREVER ? 0 : ns;
		t = t->next;
	} while (t != current);
}

/* Where a new thread begins, by the return of thread_switch(). */
static void begin(void)
{
	reap();
	current->fn(current->arg);
	current->is_over = true;
	thread_wake();
	go_on();
}

int thread_start(void (*fn)(void *arg), void *arg)
{
	struct thread *t = platform_pages(STACK_PAGES);
	u64 *sp;

	if (!t) {
		return -ENOMEM;
	}
	sp = (u64 *)((char *)t + STACK_PAGES * PAGE_SIZE);
	*--sp = 0; /* begin() has no caller; as after a call, the stack is off by 8 */
	*--sp = (u64)begin;
	sp -= 6; /* the registers that thread_switch() loads */
	*t = (struct thread){
		.sp = (u64)sp, .seen = ~0ul, .next = current->next, .fn = fn, .arg = arg};
	current->next = t;
	return 0;
}
