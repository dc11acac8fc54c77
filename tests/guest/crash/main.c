/* SPDX-License-Identifier: MIT */
/*
 * Ways for a guest to die that it cannot survive: `way=` on the command line chooses.
 *
 *   handler     an exception without a handler
 *   stack       an event for a vcpu whose stack is not mapped
 *   return      iret to a non-canonical address, and no handler for what follows
 *   range       an iret frame inside the hypervisor's range
 *   recursion   a stack that ran into an unmapped page
 *
 * The hypervisor must end this domain and no other, say why with its registers, and tell dom0.
 * Failure: the line behind the last step, or somebody else's end.
 */
#include "../lib/guest.h"

extern char boot_stack[];

static volatile unsigned int depth;

static __attribute__((noinline)) unsigned int recurse(unsigned int n)
{
	volatile char space[256];

	space[0] = (char)n;
	depth = n;
	if (n == ~0u) {
		return 0;
	}
	return recurse(n + 1) + (unsigned int)space[0];
}

static void no_stack(void)
{
	event_make_pending();
	__asm__ volatile("movabsq $0xffffc00000000800, %%rsp\n"
			 "movl $29, %%eax; xorl %%edi, %%edi; syscall" ::
				 : "memory");
}

static void bad_return(void)
{
	HC1(__HYPERVISOR_set_trap_table, 0);
	__asm__ volatile("pushq $0xe02b; pushq %%rsp; pushq $0x202; pushq $0xe030; pushq %0\n"
			 "pushq $0; pushq $0; pushq $0; pushq $0; movl $23, %%eax; syscall" ::"r"(
				 0x8000000000000000ul)
			 : "memory");
}

static void bad_frame(void)
{
	__asm__ volatile("movabsq $0xffff820000000000, %%rsp; movl $23, %%eax; syscall" ::
				 : "memory");
}

void test_main(void)
{
	print("about to crash\n");
	if (argument_is("way", "handler")) {
		HC1(__HYPERVISOR_set_trap_table, 0);
		__asm__ volatile("ud2");
	} else if (argument_is("way", "stack")) {
		no_stack();
	} else if (argument_is("way", "return")) {
		bad_return();
	} else if (argument_is("way", "range")) {
		bad_frame();
	} else if (argument_is("way", "recursion")) {
		CHECK_EQ(va_map(boot_stack, 0), 0);
		recurse(0);
	}
	CHECK(!"still alive");
}
