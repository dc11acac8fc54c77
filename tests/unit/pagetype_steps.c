/* SPDX-License-Identifier: MIT */
/*
 * Two CPUs on three frames, every interleaving with up to three switches. The module is compiled
 * into this file with its atomic operations turned into points where the other CPU may go on. A CPU
 * that waits for a lock lets the other one go on, and must not wait for ever. All pairs of the
 * operations below, from several states, preempted at each step or never; then all references are
 * recounted.
 *
 *   frame 1: L3 -> frame 2: L2 -> frame 3: L1 or a page; frames 4, 5: spare
 */
#include <ucontext.h>

#define FAKE_FRAMES 6u
#define FAKE_OWN_PREEMPT
#include "pagetype_fake.h"

#define STACK        (64u * 1024)
#define MAX_SWITCHES 3
#define MAX_STEPS    4000u

static ucontext_t main_context, cpu_context[2];
static u8 stacks[2][STACK] __aligned(16);
static bool finished[2], always_preempt;
static unsigned int running, steps, switch_at[MAX_SWITCHES], switches;
static unsigned long runs;

static void switch_cpu(void)
{
	unsigned int from = running;

	if (!finished[!from]) {
		running = !from;
		swapcontext(&cpu_context[from], &cpu_context[running]);
	}
}

/* Before each atomic operation: is this where the schedule switches? */
static void step(void)
{
	steps++;
	for (unsigned int i = 0; i < switches; i++) {
		if (switch_at[i] == steps) {
			switch_cpu();
			return;
		}
	}
}

static void spin(void)
{
	if (++steps > MAX_STEPS || finished[!running]) {
		print_error("a CPU waits for ever\n");
		abort();
	}
	switch_cpu();
}

bool preempt_needed(void)
{
	return always_preempt;
}

#define __atomic_load_n(...)             (step(), __atomic_load_n(__VA_ARGS__))
#define __atomic_store_n(...)            (step(), __atomic_store_n(__VA_ARGS__))
#define __atomic_fetch_add(...)          (step(), __atomic_fetch_add(__VA_ARGS__))
#define __atomic_fetch_sub(...)          (step(), __atomic_fetch_sub(__VA_ARGS__))
#define __atomic_fetch_and(...)          (step(), __atomic_fetch_and(__VA_ARGS__))
#define __atomic_fetch_or(...)           (step(), __atomic_fetch_or(__VA_ARGS__))
#define __atomic_exchange_n(...)         (step(), __atomic_exchange_n(__VA_ARGS__))
#define __atomic_compare_exchange_n(...) (step(), __atomic_compare_exchange_n(__VA_ARGS__))
#define __builtin_ia32_pause()           spin()
#include "hypervisor/mm/refs.h"
#include "hypervisor/mm/pagetype.c"
#include "hypervisor/mm/refs.c"
#include "hypervisor/mm/table.c"
#undef __atomic_load_n
#undef __atomic_store_n

/* What an operation ended with; "again" is retried as a guest's continuation is. */
static void pin(unsigned int m, enum frame_kind kind)
{
	while (frame_pin(_mfn(m), &owner_a, kind) == -ERESTART) {
	}
}

static void unpin(unsigned int m)
{
	while (frame_unpin(_mfn(m), &owner_a) == -ERESTART) {
	}
}

static void set(unsigned int table, unsigned int slot, pte_t val)
{
	mfn_t rest;

	while (pte_update(_mfn(table), slot, val, &owner_a, &owner_a, false, &rest) == -ERESTART) {
	}
	while (!mfn_eq(rest, INVALID_MFN) && frame_put_and_type_preemptible(rest) == -ERESTART) {
	}
}

/* A guest's store through a writable mapping: only while the type says so. */
static void store(unsigned int m, pte_t val)
{
	if (!frame_get_and_type(_mfn(m), &owner_a, FT_WRITABLE)) {
		BUG_ON(FT_KIND(frame_table[m].type) != FT_WRITABLE);
		fake_table(m)[0] = val;
		BUG_ON(FT_KIND(frame_table[m].type) != FT_WRITABLE);
		frame_put_and_type(_mfn(m));
	}
}

static void base(unsigned int m, enum frame_kind kind)
{
	int rc;

	while ((rc = frame_get_and_type(_mfn(m), &owner_a, kind)) == -ERESTART) {
	}
	if (!rc) {
		while (frame_put_and_type_preemptible(_mfn(m)) == -ERESTART) {
		}
	}
}

static void op_pin_l1(void)
{
	pin(3, FT_L1);
}
static void op_pin_l2(void)
{
	pin(2, FT_L2);
}
static void op_pin_l3(void)
{
	pin(1, FT_L3);
}
static void op_pin_other(void)
{
	pin(2, FT_L1);
}
static void op_unpin_l1(void)
{
	unpin(3);
}
static void op_unpin_l2(void)
{
	unpin(2);
}
static void op_unpin_l3(void)
{
	unpin(1);
}
static void op_base_l2(void)
{
	base(2, FT_L2);
}
static void op_base_l3(void)
{
	base(1, FT_L3);
}
static void op_link(void)
{
	set(2, 0, entry(3, PTE_RW));
}
static void op_unlink(void)
{
	set(2, 0, 0);
}
static void op_relink(void)
{
	set(2, 0, entry(4, PTE_RW));
}
static void op_map(void)
{
	set(3, 0, entry(5, PTE_RW));
}
static void op_map_ro(void)
{
	set(3, 0, entry(5, 0));
}
static void op_map_table(void)
{
	set(3, 1, entry(2, PTE_RW));
}
static void op_unmap(void)
{
	set(3, 0, 0);
}
static void op_store_l1(void)
{
	store(3, entry(2, PTE_RW));
}
static void op_store_l2(void)
{
	store(2, entry(3, PTE_RW));
}
static void op_release(void)
{
	frame_release(_mfn(5));
}
static void op_abandon(void)
{
	frame_pin(_mfn(1), &owner_a, FT_L3);
}
static void op_settle(void)
{
	if (!frame_get(_mfn(1), &owner_a)) {
		while (frame_settle(_mfn(1))) {
		}
		frame_put(_mfn(1));
	}
}
static void op_relinquish(void)
{
	owner_a.dying = true;
	while (owner_relinquish(&owner_a)) {
	}
}

static void (*const ops[])(void) = {
	op_pin_l1,   op_pin_l2,  op_pin_l3,    op_pin_other,  op_unpin_l1, op_unpin_l2,
	op_unpin_l3, op_base_l2, op_base_l3,   op_link,       op_unlink,   op_relink,
	op_map,      op_map_ro,  op_map_table, op_unmap,      op_store_l1, op_store_l2,
	op_release,  op_abandon, op_settle,    op_relinquish,
};

/* Where the two begin: linked, and some tables validated already. */
static void start_state(unsigned int state)
{
	static struct frame frames[4][FAKE_FRAMES];
	static struct owner owners[4];
	static u8 contents[4][FAKE_FRAMES][PAGE_SIZE];
	static bool made[4];

	if (!made[state]) {
		made[state] = true;
		fake_reset(FAKE_FRAMES - 1);
		fake_table(1)[0] = entry(2, PTE_RW);
		fake_table(1)[1] = entry(2, PTE_RW);
		fake_table(2)[0] = entry(3, PTE_RW);
		fake_table(3)[0] = entry(5, PTE_RW);
		switch (state) {
		case 1:
			pin(3, FT_L1);
			break;
		case 2:
			pin(2, FT_L2);
			break;
		case 3:
			pin(1, FT_L3);
			pin(3, FT_L1);
			break;
		}
		memcpy(frames[state], table_of_frames, sizeof(frames[0]));
		memcpy(contents[state], memory, sizeof(contents[0]));
		owners[state] = owner_a;
	}
	memcpy(table_of_frames, frames[state], sizeof(frames[0]));
	memcpy(memory, contents[state], sizeof(contents[0]));
	owner_a = owners[state];
}

static void (*to_do[2])(void);

static void cpu_main(int cpu)
{
	to_do[cpu]();
	finished[cpu] = true;
	running = !cpu;
	if (finished[!cpu]) {
		setcontext(&main_context);
	}
	setcontext(&cpu_context[!cpu]);
}

/* Runs both under the current schedule; the number of steps there were. */
static unsigned int run(unsigned int state, unsigned int a, unsigned int b)
{
	unsigned int planned = switches, n;

	switches = 0;
	start_state(state);
	switches = planned;
	to_do[0] = ops[a];
	to_do[1] = ops[b];
	for (int cpu = 0; cpu < 2; cpu++) {
		finished[cpu] = false;
		getcontext(&cpu_context[cpu]);
		cpu_context[cpu].uc_stack.ss_sp = stacks[cpu];
		cpu_context[cpu].uc_stack.ss_size = STACK;
		makecontext(&cpu_context[cpu], (void (*)(void))cpu_main, 1, cpu);
	}
	running = 0;
	steps = 0;
	swapcontext(&main_context, &cpu_context[0]);
	n = steps;
	switches = 0;
	runs++;
	fake_recount();
	if (owner_a.dying) {
		BUG_ON(owner_relinquish(&owner_a) && !always_preempt);
	}
	return n;
}

/* All schedules with up to `depth` switches, the next one after step `from`. */
static void explore(unsigned int state, unsigned int a, unsigned int b, unsigned int depth,
		    unsigned int used, unsigned int from)
{
	unsigned int n;

	switches = used;
	n = run(state, a, b);
	if (used == depth) {
		return;
	}
	for (unsigned int at = from + 1; at <= n && at < from + 400; at++) {
		switch_at[used] = at;
		explore(state, a, b, depth, used + 1, at);
	}
}

static void explore_all(unsigned int depth)
{
	for (unsigned int state = 0; state < 4; state++) {
		for (unsigned int a = 0; a < ARRAY_SIZE(ops); a++) {
			for (unsigned int b = 0; b < ARRAY_SIZE(ops); b++) {
				explore(state, a, b, depth, 0, 0);
			}
		}
	}
	print_message("%lu interleavings\n", runs);
}

static unsigned int depth_wanted = 2;

static void test_all_pairs(void **state)
{
	always_preempt = false;
	explore_all(depth_wanted);
}

static void test_all_pairs_preempted(void **state)
{
	always_preempt = true;
	explore_all(depth_wanted);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_all_pairs_preempted),
	};

	if (argc > 1) {
		depth_wanted = MIN((unsigned int)atoi(argv[1]), (unsigned int)MAX_SWITCHES);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
