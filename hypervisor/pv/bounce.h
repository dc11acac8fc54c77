/* SPDX-License-Identifier: MIT */
/* Entering the guest's kernel at one of its handlers; see bounce.c. */
#pragma once

#include "arch/x86_private.h"
#include "domain/domain.h"

/*
 * Makes v (current) continue at `handler` in its kernel mode, with the frame of the ABI on its
 * kernel stack. A stack that cannot be written, or no handler, is the end of the domain.
 */
void pv_bounce(struct vcpu *v, struct cpu_regs *regs, u64 handler, bool mask_events);
/* The same with an error code in the frame. */
void pv_bounce_ec(struct vcpu *v, struct cpu_regs *regs, u64 handler, bool mask_events,
		  u32 error_code);

/* Guest kernel and guest user, both in ring 3, each with its own tables and GS base: from one to
 * the other. No flush is noted: the tables belong to the same vcpu. Into the kernel,
 * vcpu_write_areas() follows if they are stale. */
static inline void change_mode(struct vcpu *v, bool to_kernel)
{
	v->pv.kernel_mode = to_kernel;
	swap_gs();
	write_cr3(v->pv.cr3_load[to_kernel]);
}
