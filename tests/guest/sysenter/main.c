/* SPDX-License-Identifier: MIT */
/*
 * A guest's flags do not leak into the hypervisor through SYSENTER.
 *
 * Unlike every other way in, SYSENTER keeps most flags of the code that executed it (SDM, volume
 * 2). Intel's CPUs take it in 64-bit mode too. IRET in 64-bit mode faults while NT is set: a
 * hypervisor that went on with the guest's NT would return to the next vcpu by an IRET that
 * faults, and put the blame on that vcpu: one guest could make others fail.
 *
 * User code of vcpu 0 executes SYSENTER with NT set, over and over; vcpu 1 only counts, and is
 * preempted by interrupts, so that it is continued by IRET. Failure: vcpu 1 sees a #GP that it did
 * not cause.
 */
#include "../lib/guest.h"
#include <xen/sched.h>

#define ROUNDS 40000u

static volatile u64 counter, innocent_faults;
static bool no_sysenter;

extern char user_code[], user_end[];
__asm__(".pushsection .rodata\n"
	"user_code: pushfq; orl $0x4000, (%rsp); popfq; sysenter; ud2\n"
	"user_end: .popsection");

static void count(void)
{
	for (;;) {
		counter++;
	}
}

static bool handle(struct trap_frame *f)
{
	if (this_vcpu()) {
		innocent_faults++;
		return true; /* goes on where it was */
	}
	no_sysenter = f->vector == 6; /* an AMD CPU */
	user_leave(f);
	return true;
}

void test_main(void)
{
	u64 before;

	trap_handler = handle;
	user_prepare(user_code, user_end);
	claim("a second vcpu runs");
	CHECK_EQ(vcpu_start(count), 0);
	while (!counter) {
		HC1(__HYPERVISOR_sched_op, SCHEDOP_yield);
	}
	before = counter;
	claim("SYSENTER with NT set hurts nobody else");
	for (unsigned int i = 0; i < ROUNDS && !no_sysenter; i++) {
		user_run(USER_CODE, USER_STACK + PAGE_SIZE);
	}
	CHECK(counter > before);
	CHECK_EQ(innocent_faults, 0);
}
