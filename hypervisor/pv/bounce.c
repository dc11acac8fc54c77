/* SPDX-License-Identifier: MIT */
/*
 * The bounce: how exceptions, system calls and events reach a guest's kernel. On its stack, from
 * the new rsp upwards:
 *
 *   rcx  r11  [error code]  rip  cs | saved upcall mask << 32  rflags  rsp  ss
 *
 * From user mode the stack is the one that stack_switch named, from kernel mode the current one;
 * rsp is first rounded down to 16. cs tells kernel (RPL 0) from user (RPL 3); rflags.IF is the
 * inverse of the upcall mask, since the guest runs with the real IF always set. The way out may be
 * SYSRET: rcx and r11 are the first things the handler pops.
 */
#include "bounce.h"
#include "arch/uaccess.h"
#include "arch/x86_private.h"
#include "domain/hooks.h"
#include "lib/lib.h"
#include "pv/pv.h"
#include "arch/guest_entry.h"

#define FRAME_MAX 11u

/* One store to guest memory; false if it faulted. The address was checked. */
static inline bool store(u64 va, u64 val)
{
	__asm__ goto("1: movq %0, (%1)" EX_TABLE("1b", "%l[fault]")
		     :
		     : "r"(val), "r"(va)
		     : "memory"
		     : fault);
	return true;
fault:
	return false;
}

static inline bool store_frame(u64 sp, const u64 *frame, unsigned int n)
{
	bool ok = va_guest(sp) && va_guest(sp + n * 8 - 1);

	smap_open();
	for (unsigned int i = 0; ok && i < n; i++) {
		ok = store(sp + i * 8, frame[i]);
	}
	smap_close();
	return ok;
}

static inline u64 saved_flags(const struct vcpu *v, const struct cpu_regs *regs, bool masked)
{
	u64 flags = regs->rflags & ~(RFLAGS_IF | RFLAGS_IOPL);

	if (!masked) {
		flags |= RFLAGS_IF;
	}
	if (v->domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl)) {
		flags |= (u64)v->pv.iopl << 12;
	}
	return flags;
}

static inline void enter_handler(struct vcpu *v, struct cpu_regs *regs, u64 handler, u64 sp,
				 bool mask_events)
{
	regs->rip = handler;
	regs->cs = SEL_GUEST_CS64;
	regs->rflags &= ~(RFLAGS_AC | RFLAGS_VM | RFLAGS_RF | RFLAGS_NT | RFLAGS_TF);
	regs->rflags |= RFLAGS_IF;
	regs->rsp = sp;
	regs->ss = SEL_GUEST_DS;
	regs->entry_vector = ENTRY_SYSCALL;
	if (mask_events) {
		WRITE_ONCE(v->info->evtchn_upcall_mask, 1);
	}
}

/* The five words that every frame ends with. Switches to kernel mode; returns the stack to use. */
static inline u64 frame_tail(struct vcpu *v, struct cpu_regs *regs, u64 *tail)
{
	const bool masked = READ_ONCE(v->info->evtchn_upcall_mask);
	const u64 cs = v->pv.kernel_mode ? regs->cs & ~3u : regs->cs | 3u;
	u64 sp = regs->rsp;

	tail[0] = regs->rip;
	tail[1] = cs | (u64)masked << 32;
	tail[2] = saved_flags(v, regs, masked);
	tail[3] = regs->rsp;
	tail[4] = regs->ss;
	if (!v->pv.kernel_mode) {
		sp = v->pv.kernel_sp;
		pv_toggle_mode(v);
	}
	return sp & ~15ull;
}

void pv_bounce(struct vcpu *v, struct cpu_regs *regs, u64 handler, bool mask_events, u64 error_code)
{
	u64 frame[8];
	unsigned int n = 2;
	u64 sp;

	frame[0] = regs->rcx;
	frame[1] = regs->r11;
	if (error_code != BOUNCE_NO_EC) {
		frame[n++] = error_code;
	}
	sp = frame_tail(v, regs, frame + n);
	n += 5;
	sp -= n * 8;
	if (unlikely(!handler)) {
		domain_crash(v->domain, "no handler to enter its kernel at");
	} else if (unlikely(!store_frame(sp, frame, n))) {
		domain_crash(v->domain, "its kernel stack at %016lx cannot be written", sp);
	} else {
		enter_handler(v, regs, handler, sp, mask_events);
	}
}

void pv_deliver_failsafe(struct vcpu *v)
{
	struct cpu_regs *regs = guest_regs();
	u64 frame[FRAME_MAX] = {regs->rcx, regs->r11, v->pv.ds, v->pv.es, v->pv.fs, v->pv.gs};
	u64 sp = frame_tail(v, regs, frame + 6) - sizeof(frame);

	if (!v->pv.callback[PV_CB_FAILSAFE]) {
		domain_crash(v->domain, "a bad segment selector and no failsafe callback");
	} else if (!store_frame(sp, frame, FRAME_MAX)) {
		domain_crash(v->domain, "its kernel stack at %016lx cannot be written", sp);
	} else {
		enter_handler(v, regs, v->pv.callback[PV_CB_FAILSAFE], sp,
			      v->pv.syscall_masks_events[PV_CB_FAILSAFE]);
	}
}

void pv_deliver_event(struct vcpu *v, struct cpu_regs *regs)
{
	pv_bounce(v, regs, v->pv.callback[PV_CB_EVENT], true, BOUNCE_NO_EC);
}

void pv_deliver_nmi(struct vcpu *v, struct cpu_regs *regs)
{
	const struct trap_entry *t = &v->pv.traps[TRAP_NMI];

	v->pv.nmi_pending = false;
	if (v->pv.nmi_masked) {
		v->pv.nmi_deferred = true;
	} else if (t->address) {
		v->pv.nmi_masked = true;
		pv_bounce(v, regs, t->address, t->flags & 4, BOUNCE_NO_EC);
	}
}

static void syscall_or_fault(struct vcpu *v, struct cpu_regs *regs, enum pv_callback which)
{
	if (unlikely(!v->pv.callback[which])) {
		regs->rip -= 2; /* the length of SYSCALL */
		pv_inject(v, TRAP_UD, false, 0);
		return;
	}
	pv_bounce(v, regs, v->pv.callback[which], v->pv.syscall_masks_events[which], BOUNCE_NO_EC);
	regs->rflags &= ~RFLAGS_DF;
}

void pv_syscall(struct vcpu *v, struct cpu_regs *regs)
{
	syscall_or_fault(v, regs, PV_CB_SYSCALL);
}

/* SYSCALL from 32-bit code; never a hypercall, whatever mode the guest is in. */
void pv_syscall32(struct vcpu *v, struct cpu_regs *regs)
{
	syscall_or_fault(v, regs, PV_CB_SYSCALL32);
}

void pv_sysenter(struct vcpu *v, struct cpu_regs *regs)
{
	regs->rflags = (regs->rflags | RFLAGS_IF) & ~RFLAGS_NT;
	if (!v->pv.callback[PV_CB_SYSENTER]) {
		pv_inject(v, TRAP_GP, true, 0);
		return;
	}
	pv_bounce(v, regs, v->pv.callback[PV_CB_SYSENTER],
		  v->pv.syscall_masks_events[PV_CB_SYSENTER], BOUNCE_NO_EC);
}
