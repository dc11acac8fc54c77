/* SPDX-License-Identifier: MIT */
/*
 * Two CPUs, and every way in which their steps can interleave. Code under test calls step() before
 * each atomic operation and spin() where it waits; both CPUs are coroutines that give way there.
 * From each state (what is shared, and both stacks in use) either CPU may go on; a state that was
 * seen before needs no second look, so all interleavings are covered and their number is bounded by
 * that of the states. A CPU that waits goes on when the other one has changed something.
 *
 * Stacks are copied and put back where they were: AddressSanitizer must not watch them.
 */
#pragma once

#include <assert.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include "unit.h"

#define STEPS_STACK  32768u
#define STEPS_DEPTH  1000u
#define STEPS_AREAS  16u
#define STEPS_SHARED 1024u
#define STEPS_SEEN   (1u << 20)

static struct {
	void *at;
	size_t bytes;
} steps_area[STEPS_AREAS];
static unsigned int steps_areas;

static struct {
	void *jump[5]; /* frame pointer, label, stack pointer */
	bool finished, waiting;
} steps_cpu[2];
static uint8_t steps_stack[2][STEPS_STACK] __attribute__((aligned(16)));
static void *steps_main[5];
static void (*steps_todo[2])(void);
static unsigned int steps_running;
static bool steps_on; /* a CPU runs, and may give way */
static unsigned long steps_states, steps_ends;

static struct steps_snapshot {
	uint8_t shared[STEPS_SHARED];
	uint8_t cpu[sizeof(steps_cpu)];
	uint8_t stack[2][STEPS_STACK];
} steps_snapshots[STEPS_DEPTH];

static uint64_t steps_seen[STEPS_SEEN];
static unsigned int steps_seen_at[STEPS_SEEN], steps_round;

/* Memory that the CPUs change and that makes up a state. */
static void steps_share(void *at, size_t bytes)
{
	assert(steps_areas < STEPS_AREAS);
	steps_area[steps_areas].at = at;
	steps_area[steps_areas++].bytes = bytes;
}

/* --- Changing between the CPUs and the explorer --- */

/* Registers are dead here: the compiler keeps all it needs on the stack. */
static void __attribute__((noinline)) steps_yield(void)
{
	if (!__builtin_setjmp(steps_cpu[steps_running].jump)) {
		__builtin_longjmp(steps_main, 1);
	}
}

static void __attribute__((noinline)) steps_resume(unsigned int cpu)
{
	steps_running = cpu;
	if (!__builtin_setjmp(steps_main)) {
		__builtin_longjmp(steps_cpu[cpu].jump, 1);
	}
}

static void step(void)
{
	if (steps_on) {
		steps_yield();
	}
}

static void spin(void)
{
	if (steps_on) {
		steps_cpu[steps_running].waiting = true;
		steps_yield();
	}
}

static void steps_cpu_main(void)
{
	for (;;) {
		steps_yield();
		steps_todo[steps_running]();
		steps_cpu[steps_running].finished = true;
	}
}

/* Puts a CPU before its operation. */
static void __attribute__((noinline)) steps_prepare(unsigned int cpu)
{
	static ucontext_t back, context;

	getcontext(&context);
	context.uc_stack.ss_sp = steps_stack[cpu];
	context.uc_stack.ss_size = STEPS_STACK;
	makecontext(&context, steps_cpu_main, 0);
	steps_running = cpu;
	steps_cpu[cpu].finished = steps_cpu[cpu].waiting = false;
	if (!__builtin_setjmp(steps_main)) {
		swapcontext(&back, &context);
	}
}

/* --- States --- */

static size_t steps_stack_from(unsigned int cpu)
{
	size_t from = (size_t)((uint8_t *)steps_cpu[cpu].jump[2] - steps_stack[cpu]);

	assert(from > 2048 && from < STEPS_STACK);
	return from;
}

static void steps_save(struct steps_snapshot *s)
{
	uint8_t *to = s->shared;

	for (unsigned int i = 0; i < steps_areas; i++) {
		memcpy(to, steps_area[i].at, steps_area[i].bytes);
		to += steps_area[i].bytes;
	}
	assert(to <= s->shared + STEPS_SHARED);
	memcpy(s->cpu, steps_cpu, sizeof(steps_cpu));
	for (unsigned int i = 0; i < 2; i++) {
		size_t from = steps_stack_from(i);

		memcpy(s->stack[i] + from, steps_stack[i] + from, STEPS_STACK - from);
	}
}

/* Did the step change what a CPU may wait for? */
static bool steps_changed(const struct steps_snapshot *before)
{
	const uint8_t *old = before->shared;

	for (unsigned int i = 0; i < steps_areas; i++) {
		if (memcmp(old, steps_area[i].at, steps_area[i].bytes)) {
			return true;
		}
		old += steps_area[i].bytes;
	}
	return false;
}

static void steps_restore(const struct steps_snapshot *s)
{
	const uint8_t *from = s->shared;

	for (unsigned int i = 0; i < steps_areas; i++) {
		memcpy(steps_area[i].at, from, steps_area[i].bytes);
		from += steps_area[i].bytes;
	}
	memcpy(steps_cpu, s->cpu, sizeof(steps_cpu));
	for (unsigned int i = 0; i < 2; i++) {
		size_t sp = steps_stack_from(i);

		memcpy(steps_stack[i] + sp, s->stack[i] + sp, STEPS_STACK - sp);
	}
}

static uint64_t steps_hash(uint64_t h, const void *p, size_t bytes)
{
	for (size_t i = 0; i + 8 <= bytes; i += 8) {
		uint64_t word;

		memcpy(&word, (const uint8_t *)p + i, 8);
		h = (h ^ word) * 0x9fb21c651e98df25ull;
		h ^= h >> 32;
	}
	return h;
}

/* Is the present state, whose copy this is, a new one? */
static bool steps_new(const struct steps_snapshot *s)
{
	uint64_t h = steps_hash(1, s->shared, STEPS_SHARED);

	h = steps_hash(h, s->cpu, sizeof(s->cpu));
	for (unsigned int i = 0; i < 2; i++) {
		size_t from = steps_stack_from(i) & ~7ul;

		h = steps_hash(h, s->stack[i] + from, STEPS_STACK - from);
	}
	for (unsigned int i = (unsigned int)(h % STEPS_SEEN);; i = (i + 1) % STEPS_SEEN) {
		if (steps_seen_at[i] != steps_round) {
			steps_seen_at[i] = steps_round;
			steps_seen[i] = h;
			steps_states++;
			return true;
		}
		if (steps_seen[i] == h) {
			return false;
		}
	}
}

/* All that can follow the state in snapshot `depth`. */
static void steps_follow(unsigned int depth, void (*at_step)(void), void (*at_end)(void))
{
	bool stuck = true;

	assert(depth + 1 < STEPS_DEPTH);
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		steps_restore(&steps_snapshots[depth]);
		if (steps_cpu[cpu].finished || steps_cpu[cpu].waiting) {
			continue;
		}
		stuck = false;
		steps_on = true;
		steps_resume(cpu);
		steps_on = false;
		at_step();
		if (steps_cpu[0].finished && steps_cpu[1].finished) {
			steps_ends++;
			at_end();
			continue;
		}
		if (steps_changed(&steps_snapshots[depth])) {
			steps_cpu[!cpu].waiting = false;
		}
		steps_save(&steps_snapshots[depth + 1]);
		if (steps_new(&steps_snapshots[depth + 1])) {
			steps_follow(depth + 1, at_step, at_end);
		}
	}
	if (stuck) {
		print_error("a CPU waits for ever\n");
		abort();
	}
}

/*
 * Runs a and b on two CPUs in every way from the present state of what is shared. at_step() looks
 * at every state, at_end() at those where both have finished.
 */
static void steps_explore(void (*a)(void), void (*b)(void), void (*at_step)(void),
			  void (*at_end)(void))
{
	steps_todo[0] = a;
	steps_todo[1] = b;
	steps_round++;
	steps_prepare(0);
	steps_prepare(1);
	steps_save(&steps_snapshots[0]);
	steps_follow(0, at_step, at_end);
}

/* The model is worth something only if it finds what is there to be found: fn() must not live. */
static void steps_must_fail(void (*fn)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		fclose(stderr);
		signal(SIGSEGV, SIG_DFL);
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

/* A bug to plant: a look and a store in place of compare-and-swap. */
#define LOOSE_CAS(p, old, new, ...)          \
	({                                   \
		bool same_ = *(p) == *(old); \
		step();                      \
		if (same_) {                 \
			*(p) = (new);        \
		} else {                     \
			*(old) = *(p);       \
		}                            \
		same_;                       \
	})
