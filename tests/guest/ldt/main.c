/* SPDX-License-Identifier: MIT */
/*
 * The LDT, as lazily as it is read: from inside the hypervisor, too.
 *
 * The page of a descriptor is validated when a selector is loaded, which may be by the hypervisor
 * on the guest's behalf or by its last instruction before user code. To validate a page, CPUs that
 * may have it writable are called, while they may be calling us. Failure: user code of an LDT
 * segment does not run, or two CPUs wait for each other and the watchdog ends the host.
 */
#include "../lib/guest.h"

#define CODE   0x00affb000000ffffull
#define DATA   0x00cff3000000ffffull
#define SEL(i) ((i) << 3 | 7) /* of the LDT, RPL 3 */
#define ROUNDS 3000u

extern char user_code[], user_end[];

__asm__(".pushsection .rodata\n"
	"user_code: movw %cs, %bx; movw %ss, %ax; shll $16, %eax; movw %bx, %ax; syscall\n"
	"user_end: .popsection");

static u64 *ldt;

static void set_ldt(void)
{
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, (u64)ldt, 512), 0);
}

static void user_segments(void)
{
	u64 frame[9] = {
		[4] = USER_CODE, [5] = SEL(2), [6] = 0x202, [7] = USER_STACK + 512, [8] = SEL(1)};

	claim("user code starts in segments of an LDT that nobody has looked at");
	for (unsigned int i = 0; i < 3; i++) {
		set_ldt();
		CHECK_EQ(user_iret(frame), (long)(SEL(1) << 16 | SEL(2)));
	}
	claim("a segment that is not in it is the guest's fault");
	frame[5] = SEL(3);
	set_ldt();
	CHECK_EQ(user_iret(frame), -1);
}

static bool leave(struct trap_frame *f)
{
	f->rax = (u64)-1;
	user_leave(f);
	return f->vector == 13;
}

/* Keeps CPUs waiting for the first vcpu's, and its own away from every flush. */
static void flush_the_other(void)
{
	static const u64 first = 1;

	for (;;) {
		mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, (u64)&first);
	}
}

static void race(void)
{
	unsigned int failed = 0;

	claim("validating it inside the hypervisor and flushes from elsewhere get along");
	CHECK_EQ(vcpu_start(flush_the_other), 0);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		failed += page_make_rw(ldt) != 0;
		ldt[3] = i;
		failed += page_make_ro(ldt) != 0;
		failed += mmuext(MMUEXT_SET_LDT, (u64)ldt, 512) != 0;
		failed += HC2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER_SEL, SEL(1)) != 0;
		failed += HC2(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER_SEL, 0) != 0;
		failed += mmuext(MMUEXT_SET_LDT, 0, 0) != 0;
	}
	CHECK_EQ(failed, 0);
}

void test_main(void)
{
	user_prepare(user_code, user_end);
	ldt = page_alloc();
	ldt[1] = DATA;
	ldt[2] = CODE;
	CHECK_EQ(page_make_ro(ldt), 0);
	trap_handler = leave;
	user_segments();
	CHECK_EQ(mmuext(MMUEXT_SET_LDT, 0, 0), 0);
	race();
}
