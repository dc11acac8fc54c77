/* SPDX-License-Identifier: MIT */
/*
 * vcpu_guest_context: a vcpu's whole first state (VCPUOP_initialise, domctl setvcpucontext). v is
 * not running and has no tables yet. Everything is checked before anything is changed, except
 * that references to tables are taken last, where a failure leaves the vcpu uninitialised.
 */
#include <xen/vcpu.h>
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "mmu/mmu.h"
#include "pv/pv.h"

#define FXSAVE_BYTES 512u
#define XSAVE_HEADER 512u /* offset of XSTATE_BV */
#define GDT_MAX      (GUEST_GDT_FRAMES * 512u)
#define LDT_MAX      8192u

static mfn_t cr3_mfn(u64 cr3)
{
	return _mfn(cr3 >> PAGE_SHIFT);
}

static int check(const struct vcpu *v, const vcpu_guest_context_t *c)
{
	if (!va_canonical(c->fs_base) || !va_canonical(c->gs_base_kernel) ||
	    !va_canonical(c->gs_base_user) || !va_canonical(c->event_callback_eip) ||
	    !va_canonical(c->failsafe_callback_eip) || !va_canonical(c->syscall_callback_eip) ||
	    !va_canonical(c->user_regs.rip)) {
		return -EINVAL;
	}
	if (c->gdt_ents > GDT_MAX || c->ldt_ents > LDT_MAX ||
	    (c->ldt_ents && (c->ldt_base & ~PAGE_MASK))) {
		return -EINVAL;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++) {
		if (!va_canonical(c->trap_ctxt[i].address)) {
			return -EINVAL;
		}
	}
	if (v->id == 0 && (c->vm_assist & ~VM_ASSIST_VALID)) {
		return -EINVAL;
	}
	return 0;
}

static void set_registers(struct pv_vcpu *pv, const vcpu_guest_context_t *c)
{
	const struct cpu_user_regs *u = &c->user_regs;

	memcpy(&pv->regs, u, sizeof(pv->regs));
	pv->regs.entry_vector = 0; /* back by IRET: all registers count */
	pv->regs.cs |= 3;
	pv->regs.ss |= 3;
	pv->iopl = u->rflags >> 12 & 3;
	pv->regs.rflags = (u->rflags & ~(RFLAGS_IOPL | RFLAGS_VM)) | RFLAGS_IF | 2;
	pv->ds = u->ds;
	pv->es = u->es;
	pv->fs = u->fs;
	pv->gs = u->gs;
	pv->fs_base = c->fs_base;
	pv->gs_base_kernel = c->gs_base_kernel;
	pv->gs_base_user = c->gs_base_user;
	pv->kernel_mode = c->flags & VGCF_in_kernel;
	pv->kernel_ss = (u16)(c->kernel_ss | 3);
	pv->kernel_sp = c->kernel_sp;
	pv->cr0 = (pv->cr0 & ~CR0_TS) | (c->ctrlreg[0] & CR0_TS);
}

static void set_callbacks(struct pv_vcpu *pv, const vcpu_guest_context_t *c)
{
	pv->callback[PV_CB_EVENT] = c->event_callback_eip;
	pv->callback[PV_CB_FAILSAFE] = c->failsafe_callback_eip;
	pv->callback[PV_CB_SYSCALL] = c->syscall_callback_eip;
	pv->syscall_masks_events[PV_CB_FAILSAFE] = c->flags & VGCF_failsafe_disables_events;
	pv->syscall_masks_events[PV_CB_SYSCALL] = c->flags & VGCF_syscall_disables_events;
	for (unsigned int i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++) {
		const trap_info_t *t = &c->trap_ctxt[i];

		pv->traps[i] = (struct trap_entry){t->address, (u16)(t->cs | 3), t->flags & 7};
	}
}

static void set_fpu(struct pv_vcpu *pv, const vcpu_guest_context_t *c)
{
	if (!(c->flags & VGCF_i387_valid)) {
		return;
	}
	memcpy(pv->fpu, &c->fpu_ctxt, FXSAVE_BYTES);
	if (cpu_features.xsave) {
		memset((char *)pv->fpu + XSAVE_HEADER, 0, 64);
		*(u64 *)((char *)pv->fpu + XSAVE_HEADER) = 3; /* x87 and SSE are in the area */
	}
}

static int set_debugregs(struct vcpu *v, const vcpu_guest_context_t *c)
{
	int err = 0;

	for (unsigned int i = 0; i < 8 && !err; i++) {
		if (i != 4 && i != 5) {
			err = pv_set_debugreg(v, i, c->debugreg[i]);
		}
	}
	return err;
}

static int set_tables(struct vcpu *v, const vcpu_guest_context_t *c)
{
	int err = gdt_set(v, (const u64 *)c->gdt_frames, c->gdt_ents);

	if (err) {
		return err;
	}
	v->pv.ldt_base = c->ldt_ents ? c->ldt_base : 0;
	v->pv.ldt_entries = c->ldt_ents;
	return mmu_set_base(v, cr3_mfn(c->ctrlreg[3]), cr3_mfn(c->ctrlreg[1]));
}

int vcpu_set_context(struct vcpu *v, const vcpu_guest_context_t *c)
{
	int err = v->domain->dying ? -EINVAL : check(v, c);

	if (!err) {
		err = set_tables(v, c);
	}
	if (!err) {
		err = set_debugregs(v, c);
	}
	if (!err && (!v->pv.cr3_kernel || (!(c->flags & VGCF_in_kernel) && !v->pv.cr3_user))) {
		err = -EINVAL; /* it would run on no tables at all */
	}
	if (err) {
		return err;
	}
	set_registers(&v->pv, c);
	v->pv.cr4 = pv_fix_cr4(v, c->ctrlreg[4]);
	set_callbacks(&v->pv, c);
	set_fpu(&v->pv, c);
	if (v->id == 0) {
		v->domain->vm_assist = c->vm_assist;
	}
	/* Builders clear the shared page before they come here: what it tells of time is told
	 * again. */
	vcpu_update_time(v);
	if (v->id == 0) {
		domain_update_wallclock(v->domain);
	}
	v->initialised = true;
	if (c->flags & VGCF_online) {
		v->up = true;
	}
	vcpu_update_runnable(v);
	return 0;
}
