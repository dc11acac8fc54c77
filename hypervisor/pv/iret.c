/* SPDX-License-Identifier: MIT */
/* The iret hypercall: the only way from guest kernel to guest user, and back from handlers. */
#include <xen/xen.h>
#include "bounce.h"
#include "lib/lib.h"
#include "pv/pv.h"

/* Offsets in the frame on the guest's stack (<xen/arch-x86/xen-x86_64.h>). */
#define FRAME(word) offsetof(struct iret_context, word)

static __noinline long iret_refused(struct vcpu *v, const char *why)
{
	domain_crash(v->domain, "iret %s, frame at %016lx", why, guest_regs()->rsp);
	return 0;
}

/* The rest of the frame, by the way back. r11, rcx and ss do not matter to SYSRET. */
static inline bool leave_by(struct cpu_regs *regs, u64 sp, u64 flags, u64 cs)
{
	u64 ss;

	if (flags & VGCF_in_syscall) {
		regs->cs = SEL_GUEST_CS64;
		regs->ss = SEL_GUEST_DS;
		regs->entry_vector = ENTRY_SYSCALL;
		return true;
	}
	if (!guest_word_load(sp + FRAME(r11), &regs->r11) ||
	    !guest_word_load(sp + FRAME(rcx), &regs->rcx) ||
	    !guest_word_load(sp + FRAME(ss), &ss)) {
		return false;
	}
	regs->cs = (u16)(cs | 3);
	regs->ss = (u16)(ss | 3);
	regs->entry_vector = 0;
	return true;
}

/*
 * Each word of the frame is read once, before other tables are loaded; upwards from where it begins
 * nothing is the hypervisor's, see bounce.c.
 */
long pv_iret(struct vcpu *v, struct cpu_regs *regs)
{
	const u64 sp = regs->rsp;
	u64 flags, cs, rflags, rax;
	bool ok;

	if (unlikely(!va_guest(sp))) {
		return iret_refused(v, "from a stack that cannot be read");
	}
	smap_open_to_load();
	ok = guest_word_load(sp + FRAME(flags), &flags) && guest_word_load(sp + FRAME(cs), &cs) &&
	     guest_word_load(sp + FRAME(rax), &rax) &&
	     guest_word_load(sp + FRAME(rip), &regs->rip) &&
	     guest_word_load(sp + FRAME(rflags), &rflags) && leave_by(regs, sp, flags, cs) &&
	     guest_word_load(sp + FRAME(rsp), &regs->rsp);
	smap_close();
	if (unlikely(!ok)) {
		return iret_refused(v, "from a stack that cannot be read");
	}
	regs->rflags = (rflags & ~(RFLAGS_IOPL | RFLAGS_VM)) | RFLAGS_IF;
	if (v->domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl)) {
		v->pv.iopl = rflags >> 12 & 3;
	}
	WRITE_ONCE(v->info->evtchn_upcall_mask, !(rflags & RFLAGS_IF));
	if (unlikely(v->pv.nmi_masked)) {
		v->pv.nmi_masked = false;
		v->pv.nmi_pending |= v->pv.nmi_deferred;
		v->pv.nmi_deferred = false;
	}
	if ((cs & 3) == 3) {
		if (unlikely(!v->pv.cr3_user)) {
			return iret_refused(v, "to user mode without user page tables");
		}
		change_mode(v, false);
	}
	return (long)rax;
}

long do_iret(void)
{
	return pv_iret(current, guest_regs());
}
