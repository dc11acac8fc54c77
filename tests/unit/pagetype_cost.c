/* SPDX-License-Identifier: MIT */
/*
 * What tables cost, in instructions: a child process runs the operation, the test steps it one
 * instruction at a time. Fork and exec spend most of their time here, so the bounds are part of the
 * contract. Built with the hypervisor's optimisation and without sanitizers.
 */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pagetype_fake.h"

static void tree(unsigned int entries, u64 flags)
{
	fake_reset(FAKE_FRAMES - 1);
	for (unsigned int i = 0; i < entries; i++) {
		fake_table(1)[i] = entry(2 + i % 8, flags);
	}
}

static void pin_l1(void)
{
	frame_pin(_mfn(1), &owner_a, FT_L1);
}
static void pin_l2(void)
{
	frame_pin(_mfn(1), &owner_a, FT_L2);
}
static void unpin(void)
{
	frame_unpin(_mfn(1), &owner_a);
}
static void nothing(void)
{
}
static void update(pte_t e)
{
	mfn_t rest;

	pte_update(_mfn(1), 0, e, &owner_a, &owner_a, false, &rest);
}
static void protect(void)
{
	update(entry(2, 0));
}
static void unprotect(void)
{
	update(entry(2, PTE_RW));
}
static void clear(void)
{
	update(0);
}
static void age(void)
{
	update(entry(2, PTE_RW | PTE_A));
}

/* Instructions of fn, counted between two system calls that the child makes around it. */
static long count(void (*fn)(void))
{
	int status;
	long n = 0;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	while (!ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) && waitpid(pid, &status, 0) == pid &&
	       WIFSTOPPED(status)) {
		n++;
	}
	return n;
}

static long cost(const char *what, void (*fn)(void), long bound)
{
	static long base;
	long n;

	if (!base) {
		base = count(nothing);
	}
	n = count(fn) - base;
	print_message("%-40s %6ld instructions, bound %ld\n", what, n, bound);
	assert_true(n > 5);
	assert_true(n <= bound);
	fn();
	return n;
}

static void test_empty(void **state)
{
	tree(0, 0);
	cost("validate an empty L1", pin_l1, 1500);
	cost("drop an empty L1", unpin, 1500);
	cost("validate an empty L2", pin_l2, 1500);
	cost("drop an empty L2", unpin, 1500);
}

static void test_full(void **state)
{
	tree(512, PTE_RW);
	cost("validate an L1 with 512 written pages", pin_l1, 512 * 70);
	cost("drop it", unpin, 512 * 60);
	tree(512, 0);
	cost("validate an L1 with 512 read pages", pin_l1, 512 * 50);
	cost("drop it", unpin, 512 * 40);
}

/* As kernels have it: the page is mapped elsewhere too (the kernel's map of all memory). */
static void test_update(void **state)
{
	tree(9, PTE_RW); /* slots 0 and 8 map the same page */
	pin_l1();
	cost("change A", age, 120);
	cost("write-protect a page", protect, 160);
	cost("allow writes again", unprotect, 160);
	cost("clear an entry", clear, 160);
	cost("set an entry", unprotect, 160);
}

/*
 * The page's only mapping: its kind begins and ends with it, under the lock of its type and with a
 * stamp of the TLB clock, which is what the higher bounds are for.
 */
static void test_update_only(void **state)
{
	tree(1, PTE_RW);
	pin_l1();
	cost("write-protect the only mapping", protect, 210);
	cost("allow writes again", unprotect, 210);
	cost("clear the only entry", clear, 210);
	cost("set it again", unprotect, 210);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_update_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
