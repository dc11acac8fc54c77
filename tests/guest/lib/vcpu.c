/* SPDX-License-Identifier: MIT */
/* A second vcpu for test kernels. It shares tables, traps and handlers with the first. */
#include "guest.h"
#include <xen/vcpu.h>

static vcpu_guest_context_t context;
char vcpu1_stack[VCPU1_STACK] __attribute__((aligned(4096)));

extern char user_syscall_entry[];

vcpu_guest_context_t *vcpu_context(void (*fn)(void))
{
	vcpu_guest_context_t *c = &context;

	memset(c, 0, sizeof(*c));
	c->flags = VGCF_in_kernel;
	c->user_regs.rip = (u64)fn;
	c->user_regs.rsp = (u64)vcpu1_stack + VCPU1_STACK - 8; /* as after a call */
	c->user_regs.cs = 0xe033;
	c->user_regs.ss = 0xe02b;
	c->user_regs.rflags = 0x202;
	c->kernel_sp = (u64)vcpu1_stack + VCPU1_STACK;
	c->kernel_ss = 0xe02b;
	c->ctrlreg[3] = va_to_mfn((void *)start_info_ptr->pt_base) * PAGE_SIZE;
	c->event_callback_eip = (u64)event_stub;
	c->syscall_callback_eip = (u64)user_syscall_entry;
	for (unsigned int i = 0; i < 32; i++) {
		c->trap_ctxt[i] =
			(trap_info_t){(u8)i, 1, 0xe033, (unsigned long)trap_stubs + i * 16};
	}
	return c;
}

long vcpu_start(void (*fn)(void))
{
	long rc = HC3(__HYPERVISOR_vcpu_op, VCPUOP_initialise, 1, vcpu_context(fn));

	return rc ? rc : HC3(__HYPERVISOR_vcpu_op, VCPUOP_up, 1, 0);
}
