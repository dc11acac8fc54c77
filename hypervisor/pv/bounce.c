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

/* The words that every frame ends with. */
struct tail {
	u64 rip, cs, rflags, rsp, ss;
};

/* One store to guest memory; false if it faulted. */
static inline bool store(u64 va, u64 val)
{
	__asm__ goto("1: movq %0, %1" EX_TABLE("1b", "%l[fault]")
		     :
		     : "r"(val), "m"(*(u64 *)va)
		     : "memory"
		     : fault);
	return true;
fault:
	return false;
}

static inline bool store_tail(u64 sp, const struct tail *t)
{
	return store(sp, t->rip) && store(sp + 8, t->cs) && store(sp + 16, t->rflags) &&
	       store(sp + 24, t->rsp) && store(sp + 32, t->ss);
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

/* Switches to kernel mode; returns the stack to use. */
static inline u64 frame_tail(struct vcpu *v, struct cpu_regs *regs, struct tail *t)
{
	const bool masked = READ_ONCE(v->info->evtchn_upcall_mask);
	const u64 cs = v->pv.kernel_mode ? regs->cs & ~3u : regs->cs | 3u;
	u64 sp = regs->rsp;

	*t = (struct tail){regs->rip, cs | (u64)masked << 32, saved_flags(v, regs, masked),
			   regs->rsp, regs->ss};
	if (!v->pv.kernel_mode) {
		sp = v->pv.kernel_sp;
		change_mode(v, true);
	}
	return sp & ~15ull;
}

/*
 * Only the lowest address is checked: from the guest's addresses upwards there are more of them,
 * or none (the hole between the halves, where a store faults).
 */
static inline bool store_frame(u64 sp, const struct cpu_regs *regs, u64 error_code,
			       const struct tail *t)
{
	bool ok = va_guest(sp), has_ec = error_code != BOUNCE_NO_EC;

	smap_open();
	ok = ok && store(sp, regs->rcx) && store(sp + 8, regs->r11) &&
	     (!has_ec || store(sp + 16, error_code)) && store_tail(sp + (has_ec ? 24 : 16), t);
	smap_close();
	return ok;
}

static __inline_here void bounce(struct vcpu *v, struct cpu_regs *regs, u64 handler,
				 bool mask_events, u64 error_code)
{
	struct tail t;
	u64 sp = frame_tail(v, regs, &t) - (error_code != BOUNCE_NO_EC ? 64 : 56);

	if (unlikely(!handler)) {
		domain_crash(v->domain, "no handler to enter its kernel at");
	} else if (unlikely(!store_frame(sp, regs, error_code, &t))) {
		domain_crash(v->domain, "its kernel stack at %016lx cannot be written", sp);
	} else {
		enter_handler(v, regs, handler, sp, mask_events);
	}
}

void pv_bounce(struct vcpu *v, struct cpu_regs *regs, u64 handler, bool mask_events, u64 error_code)
{
	bounce(v, regs, handler, mask_events, error_code);
}

void pv_deliver_failsafe(struct vcpu *v)
{
	struct cpu_regs *regs = guest_regs();
	struct tail t;
	u64 sp = frame_tail(v, regs, &t) - 88;
	bool ok = va_guest(sp);

	smap_open();
	ok = ok && store(sp, regs->rcx) && store(sp + 8, regs->r11) && store(sp + 16, v->pv.ds) &&
	     store(sp + 24, v->pv.es) && store(sp + 32, v->pv.fs) && store(sp + 40, v->pv.gs) &&
	     store_tail(sp + 48, &t);
	smap_close();
	if (!v->pv.callback[PV_CB_FAILSAFE]) {
		domain_crash(v->domain, "a bad segment selector and no failsafe callback");
	} else if (!ok) {
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

static inline void syscall_or_fault(struct vcpu *v, struct cpu_regs *regs, enum pv_callback which)
{
	if (unlikely(!v->pv.callback[which])) {
		regs->rip -= 2; /* the length of SYSCALL */
		pv_inject(v, TRAP_UD, false, 0);
		return;
	}
	bounce(v, regs, v->pv.callback[which], v->pv.syscall_masks_events[which], BOUNCE_NO_EC);
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
