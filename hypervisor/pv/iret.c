/* SPDX-License-Identifier: MIT */
/* The iret hypercall: the only way from guest kernel to guest user, and back from handlers. */
#include <xen/xen.h>
#include "bounce.h"
#include "lib/lib.h"
#include "pv/pv.h"

/* Frame on the guest's stack (<xen/arch-x86/xen-x86_64.h>: struct iret_context). */
struct iret_frame {
	u64 rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct iret_frame) == 72, "the ABI's iret_context");

/* copy_from_guest(), short. */
static inline bool read_frame(struct iret_frame *f, guest_ptr_t sp)
{
	size_t words = sizeof(*f) / 8;

	if (!va_guest(sp)) { /* upwards from there nothing is the hypervisor's, see bounce.c */
		return false;
	}
	smap_open();
	__asm__ volatile("1: rep movsq; 2:" EX_TABLE("1b", "2b")
			 : "+D"(f), "+S"(sp), "+c"(words)
			 :
			 : "memory");
	smap_close();
	return !words;
}

long do_iret(void)
{
	struct vcpu *v = current;
	struct cpu_regs *regs = guest_regs();
	struct iret_frame f;

	if (unlikely(!read_frame(&f, regs->rsp))) {
		domain_crash(v->domain, "iret frame at %016lx cannot be read", regs->rsp);
		return 0;
	}
	if ((f.cs & 3) == 3) {
		if (unlikely(!v->pv.cr3_user)) {
			domain_crash(v->domain, "iret to user mode without user page tables");
			return 0;
		}
		change_mode(v, false);
	}
	regs->rip = f.rip;
	regs->cs = (u16)(f.cs | 3);
	regs->rflags = (f.rflags & ~(RFLAGS_IOPL | RFLAGS_VM)) | RFLAGS_IF;
	regs->rsp = f.rsp;
	regs->ss = (u16)(f.ss | 3);
	if (f.flags & VGCF_in_syscall) {
		regs->cs = SEL_GUEST_CS64;
		regs->ss = SEL_GUEST_DS;
		regs->entry_vector = ENTRY_SYSCALL;
	} else {
		regs->r11 = f.r11;
		regs->rcx = f.rcx;
		regs->entry_vector = 0;
	}
	if (v->domain->vm_assist & BIT(VMASST_TYPE_architectural_iopl)) {
		v->pv.iopl = f.rflags >> 12 & 3;
	}
	WRITE_ONCE(v->info->evtchn_upcall_mask, !(f.rflags & RFLAGS_IF));
	if (unlikely(v->pv.nmi_masked)) {
		v->pv.nmi_masked = false;
		v->pv.nmi_pending |= v->pv.nmi_deferred;
		v->pv.nmi_deferred = false;
	}
	return (long)f.rax;
}
