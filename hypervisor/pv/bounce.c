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

/* No error code in the frame. */
#define BOUNCE_NO_EC  (~0ull)
#define FLAGS_CLEARED (RFLAGS_AC | RFLAGS_VM | RFLAGS_RF | RFLAGS_NT | RFLAGS_TF)

/* What a frame says of the mode that was left. */
struct origin {
	u64 cs, rflags;
};

/* The five words that every frame ends with. */
static inline bool store_tail(u64 sp, const struct cpu_regs *regs, struct origin o)
{
	return guest_word_store(sp, regs->rip) && guest_word_store(sp + 8, o.cs) &&
	       guest_word_store(sp + 16, o.rflags) && guest_word_store(sp + 24, regs->rsp) &&
	       guest_word_store(sp + 32, regs->ss);
}

static inline struct origin origin_of(const struct vcpu *v, const struct cpu_regs *regs, bool user)
{
	struct origin o = {.rflags = (regs->rflags & ~RFLAGS_IOPL) | RFLAGS_IF};

	o.cs = user ? regs->cs | 3u : regs->cs & ~3u;
	if (unlikely(READ_ONCE(v->info->evtchn_upcall_mask))) {
		o.rflags &= ~RFLAGS_IF;
		o.cs |= BIT(32);
	}
	if (unlikely(v->pv.iopl) && v->domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl)) {
		o.rflags |= (u64)v->pv.iopl << 12;
	}
	return o;
}

static inline void enter_handler(struct vcpu *v, struct cpu_regs *regs, u64 handler, u64 sp,
				 bool mask_events, u64 clear)
{
	regs->rip = handler;
	regs->rflags = (regs->rflags & ~clear) | RFLAGS_IF;
	regs->rsp = sp;
	regs->cs = SEL_GUEST_CS64;
	regs->ss = SEL_GUEST_DS;
	regs->entry_vector = ENTRY_SYSCALL;
	if (mask_events) {
		WRITE_ONCE(v->info->evtchn_upcall_mask, 1);
	}
}

/* In guest kernel mode afterwards; returns the stack to use, aligned. */
static inline u64 enter_kernel(struct vcpu *v, const struct cpu_regs *regs, bool user)
{
	if (user) {
		change_mode(v, true);
	}
	return (user ? v->pv.kernel_sp : regs->rsp) & ~15ull;
}

/*
 * Only the lowest address is checked: from the guest's addresses upwards there are more of them,
 * or none (the hole between the halves, where a store faults).
 */
static __inline_here bool store_frame(u64 sp, const struct cpu_regs *regs, u64 error_code,
				      struct origin o)
{
	bool ok = va_guest(sp), has_ec = error_code != BOUNCE_NO_EC;

	smap_open();
	ok = ok && guest_word_store(sp, regs->rcx) && guest_word_store(sp + 8, regs->r11) &&
	     (!has_ec || guest_word_store(sp + 16, error_code)) &&
	     store_tail(sp + (has_ec ? 24 : 16), regs, o);
	smap_close();
	return ok;
}

static __noinline void bounce_failed(struct vcpu *v, u64 handler, u64 sp)
{
	if (!handler) {
		domain_crash(v->domain, "no handler to enter its kernel at");
	} else {
		domain_crash(v->domain, "its kernel stack at %016lx cannot be written", sp);
	}
}

/*
 * Nothing is left to do after a call here but to return: that spares saving registers. For the same
 * reason there are copies for each mode, with and without an error code.
 */
static __inline_here void bounce_from(struct vcpu *v, struct cpu_regs *regs, u64 handler,
				      bool mask_events, u64 error_code, bool user, u64 clear)
{
	const struct origin o = origin_of(v, regs, user);
	const u64 sp = enter_kernel(v, regs, user) - (error_code != BOUNCE_NO_EC ? 64 : 56);

	if (unlikely(!handler || !store_frame(sp, regs, error_code, o))) {
		bounce_failed(v, handler, sp);
		return;
	}
	enter_handler(v, regs, handler, sp, mask_events, clear);
	if (user && unlikely(v->area_stale)) {
		vcpu_write_areas(v);
	}
}

static __inline_here void bounce(struct vcpu *v, struct cpu_regs *regs, u64 handler,
				 bool mask_events, u64 error_code)
{
	if (v->pv.kernel_mode) {
		bounce_from(v, regs, handler, mask_events, error_code, false, FLAGS_CLEARED);
	} else {
		bounce_from(v, regs, handler, mask_events, error_code, true, FLAGS_CLEARED);
	}
}

void pv_bounce(struct vcpu *v, struct cpu_regs *regs, u64 handler, bool mask_events)
{
	bounce(v, regs, handler, mask_events, BOUNCE_NO_EC);
}

void pv_bounce_ec(struct vcpu *v, struct cpu_regs *regs, u64 handler, bool mask_events,
		  u32 error_code)
{
	bounce(v, regs, handler, mask_events, error_code);
}

void pv_deliver_failsafe(struct vcpu *v)
{
	struct cpu_regs *regs = guest_regs();
	const bool user = !v->pv.kernel_mode;
	const u64 handler = v->pv.callback[PV_CB_FAILSAFE];
	const struct origin o = origin_of(v, regs, user);
	const u64 sp = enter_kernel(v, regs, user) - 88;
	bool ok = va_guest(sp);

	smap_open();
	ok = ok && guest_word_store(sp, regs->rcx) && guest_word_store(sp + 8, regs->r11) &&
	     guest_word_store(sp + 16, v->pv.ds) && guest_word_store(sp + 24, v->pv.es) &&
	     guest_word_store(sp + 32, v->pv.fs) && guest_word_store(sp + 40, v->pv.gs) &&
	     store_tail(sp + 48, regs, o);
	smap_close();
	if (!ok || !handler) {
		bounce_failed(v, handler, sp);
		return;
	}
	enter_handler(v, regs, handler, sp, v->pv.syscall_masks_events[PV_CB_FAILSAFE],
		      FLAGS_CLEARED);
	vcpu_write_areas(v);
}

void pv_deliver_event(struct vcpu *v, struct cpu_regs *regs)
{
	bounce(v, regs, v->pv.callback[PV_CB_EVENT], true, BOUNCE_NO_EC);
}

void pv_deliver_nmi(struct vcpu *v, struct cpu_regs *regs)
{
	const struct trap_entry *t = &v->pv.traps[TRAP_NMI];

	v->pv.nmi_pending = false;
	if (v->pv.nmi_masked) {
		v->pv.nmi_deferred = true;
	} else if (t->address) {
		v->pv.nmi_masked = true;
		pv_bounce(v, regs, t->address, t->flags & 4);
	}
}

static inline void syscall_or_fault(struct vcpu *v, struct cpu_regs *regs, enum pv_callback which,
				    bool user)
{
	if (unlikely(!v->pv.callback[which])) {
		regs->rip -= 2; /* the length of SYSCALL */
		pv_inject(v, TRAP_UD, false, 0);
		return;
	}
	bounce_from(v, regs, v->pv.callback[which], v->pv.syscall_masks_events[which], BOUNCE_NO_EC,
		    user, FLAGS_CLEARED | RFLAGS_DF);
}

/* Of the guest kernel it would have been a hypercall. */
void pv_syscall(struct vcpu *v, struct cpu_regs *regs)
{
	syscall_or_fault(v, regs, PV_CB_SYSCALL, true);
}

/* SYSCALL from 32-bit code; never a hypercall, whatever mode the guest is in. */
void pv_syscall32(struct vcpu *v, struct cpu_regs *regs)
{
	syscall_or_fault(v, regs, PV_CB_SYSCALL32, !v->pv.kernel_mode);
}

void pv_sysenter(struct vcpu *v, struct cpu_regs *regs)
{
	regs->rflags = (regs->rflags | RFLAGS_IF) & ~RFLAGS_NT;
	if (!v->pv.callback[PV_CB_SYSENTER]) {
		pv_inject(v, TRAP_GP, true, 0);
		return;
	}
	pv_bounce(v, regs, v->pv.callback[PV_CB_SYSENTER],
		  v->pv.syscall_masks_events[PV_CB_SYSENTER]);
}
