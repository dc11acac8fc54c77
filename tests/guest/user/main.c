/* SPDX-License-Identifier: MIT */
/*
 * Guest user mode: entered by the iret hypercall, left by system calls and exceptions.
 *
 * Kernel and user both run in ring 3, on page tables of their own. The hypervisor knows which of
 * them runs: SYSCALL is a hypercall from the kernel, from user code it goes to the entry that the
 * kernel registered, on the stack that stack_switch named. User code may neither make hypercalls
 * nor see the machine-to-physical table. A failure is a FAIL line or the end of the domain.
 */
#include "../lib/guest.h"
#include <xen/callback.h>

#define AT(label) (USER_CODE + (unsigned long)(label) - (unsigned long)user_code)

extern char user_code[], user_end[], user_call[], user_version[], user_ud[], user_load[],
	user_int80[], user_hlt[];

/* Position-independent: it runs at USER_CODE. r12, r13 are user_run()'s arguments. */
__asm__(".pushsection .rodata\n"
	"user_code:\n"
	"user_call: movq $0x1234, %rax; movq $0x55, %rcx; syscall; ud2\n"
	"user_version: movl $17, %eax; xorl %edi, %edi; xorl %esi, %esi; syscall; ud2\n"
	"user_ud: ud2\n"
	"user_load: movq 0x600000, %rbx; movq (%rbx), %rax; syscall\n"
	"user_int80: int $0x80; syscall\n"
	"user_hlt: hlt\n"
	"user_end: .popsection");

static struct trap_frame seen;
static u64 *stack_page;

static bool leave(struct trap_frame *f)
{
	seen = *f;
	f->rax = (u64)-1;
	user_leave(f);
	return true;
}

static long run(const char *label)
{
	memset(&seen, 0, sizeof(seen));
	seen.vector = 255;
	return user_run(AT(label), USER_STACK + PAGE_SIZE - 64);
}

static void system_calls(void)
{
	claim("a system call of user code arrives at the registered entry, not at the hypervisor");
	CHECK_EQ(run(user_call), 0x1234);
	CHECK_EQ(user_syscall_frame[0], AT(user_version) - 2); /* rcx: behind SYSCALL */
	CHECK_EQ(user_syscall_frame[2], AT(user_version) - 2);
	CHECK_EQ(user_syscall_frame[3] & 0xffff, 0xe033);
	CHECK_EQ(user_syscall_frame[5], USER_STACK + PAGE_SIZE - 64);
	CHECK_EQ(user_syscall_frame[6], 0xe02b);
	CHECK_EQ(run(user_version), 17);
}

static void exceptions(void)
{
	claim("exceptions of user code arrive on the kernel's stack with user selectors");
	run(user_ud);
	CHECK_EQ(seen.vector, 6);
	CHECK_EQ(seen.rip, AT(user_ud));
	CHECK_EQ(seen.cs & 0xffff, 0xe033);
	CHECK_EQ(seen.rsp, USER_STACK + PAGE_SIZE - 64);
	run(user_hlt);
	CHECK_EQ(seen.vector, 13);
	CHECK_EQ(seen.error_code, 0);
	claim("user code's page faults say user, wherever it pointed");
	stack_page[0] = 0x1000;
	run(user_load);
	CHECK_EQ(seen.vector, 14);
	CHECK_EQ(seen.error_code, 4);
	CHECK_EQ(shared_info->vcpu_info[0].arch.cr2, 0x1000);
	stack_page[0] = VIRT_BASE + 0x100000; /* the kernel is in the kernel's tables only */
	run(user_load);
	CHECK_EQ(seen.vector, 14);
	claim("user code cannot read the machine-to-physical table, nor more of the hypervisor's");
	for (u64 va = 0xffff800000000000ul; va < 0xffff880000000000ul; va += 1ul << 38) {
		stack_page[0] = va;
		run(user_load);
		CHECK_EQ(seen.vector, 14);
	}
}

static void interrupts(void)
{
	extern char trap_stubs[];
	trap_info_t t[2] = {{0x80, 1, 0xe033, (unsigned long)trap_stubs + 3 * 16}, {0}};

	claim("int 0x80 is for whom the trap table says");
	CHECK_EQ(HC1(__HYPERVISOR_set_trap_table, t), 0);
	t[0].flags = 3;
	CHECK_EQ(HC1(__HYPERVISOR_set_trap_table, t), 0);
	run(user_int80);
	CHECK_EQ(seen.vector, 3);
	CHECK_EQ(seen.rip, AT(user_int80) + 2);
}

void test_main(void)
{
	u64 *l4 = user_prepare(user_code, user_end);

	stack_page = (u64 *)l4 + 6 * 512; /* the pages lie behind one another */
	trap_handler = leave;
	system_calls();
	exceptions();
	interrupts();
	claim("a user table that is not one is refused, and none may be set");
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(stack_page), 0), -XEN_EINVAL);
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
}
