/* SPDX-License-Identifier: MIT */
/*
 * A preempted call is issued again by the guest itself: its instruction pointer goes back over the
 * SYSCALL and its registers, or its entry of the multicall, say how far it came.
 */
#include "arch/x86_private.h"
#include "domain/continuation.h"
#include "domain/domain.h"

#define SYSCALL_BYTES 2u

long hypercall_continue(unsigned int nr, unsigned int nargs, const unsigned long *args)
{
	struct cpu_regs *regs = guest_regs();
	struct multicall_state *mc = current->mc;
	u64 *const reg[] = {&regs->rdi, &regs->rsi, &regs->rdx, &regs->r10, &regs->r8};

	for (unsigned int i = 0; i < nargs && i < ARRAY_SIZE(reg); i++) {
		*(mc ? &mc->entry.args[i] : reg[i]) = args[i];
	}
	if (mc) {
		mc->preempted = true;
		mc->entry.op = nr;
		return 0;
	}
	regs->rip -= SYSCALL_BYTES;
	return nr; /* into rax */
}
