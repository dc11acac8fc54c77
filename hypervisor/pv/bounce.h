/* SPDX-License-Identifier: MIT */
/* Entering the guest's kernel at one of its handlers; see bounce.c. */
#ifndef PV_BOUNCE_H
#define PV_BOUNCE_H

#include "domain/domain.h"

/* No error code in the frame. */
#define BOUNCE_NO_EC (~0ull)

/*
 * Makes v (current) continue at `handler` in its kernel mode, with the frame of the ABI on its
 * kernel stack. A stack that cannot be written, or no handler, is the end of the domain.
 */
void pv_bounce(struct vcpu *v, struct cpu_regs *regs, u64 handler, bool mask_events,
	       u64 error_code);

#endif
