/* SPDX-License-Identifier: MIT */
/*
 * What the CPU holds for a vcpu: general registers, selectors and their bases, CR3, FPU, debug
 * registers. The bases are read back from the CPU, so whatever a guest did to them is kept.
 */
#include "arch/hv_map.h"
#include "arch/isolation.h"
#include "arch/smp.h"
#include "arch/tlb.h"
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "lib/spinlock.h"

#define DR7_ENABLE 0xffu /* any of the four, local or global */
#define DR7_OFF    0x400ul

#define GET_SEG(seg)                                                  \
	({                                                            \
		u16 sel_;                                             \
		__asm__ volatile("movw %%" #seg ", %0" : "=r"(sel_)); \
		sel_;                                                 \
	})

/* Loads a selector; on a fault loads null and returns false. */
#define LOAD_SEG(seg, sel)                                                                       \
	({                                                                                       \
		int ok_ = 1;                                                                     \
		__asm__ volatile("1: movw %w1, %%" #seg "; jmp 3f\n"                             \
				 "2: xorl %0, %0; movw %w0, %%" #seg "; 3:" EX_TABLE("1b", "2b") \
				 : "+r"(ok_)                                                     \
				 : "r"(sel)                                                      \
				 : "memory");                                                    \
		ok_ != 0;                                                                        \
	})

void arch_load_ldt(u32 entries)
{
	u64 *gdt = (u64 *)(CPUWIN_GDT(cpu_id()) + GUEST_GDT_FRAMES * PAGE_SIZE);
	u64 base = CPUWIN_LDT(cpu_id());

	if (!entries) {
		__asm__ volatile("lldt %w0" ::"r"(0));
		return;
	}
	gdt[10] = (entries * 8 - 1) | (base & 0xffffff) << 16 | 0x82ull << 40 |
		  (base >> 24 & 0xff) << 56;
	gdt[11] = base >> 32;
	__asm__ volatile("lldt %w0" ::"r"(SEL_LDT));
}

bool load_gs_user_selector(u16 sel)
{
	unsigned long flags = irq_save();
	bool ok;

	swap_gs();
	ok = LOAD_SEG(gs, sel);
	swap_gs();
	irq_restore(flags);
	return ok;
}

/* A table of another address space: what the TLB holds is gone. */
static void load_table(u64 cr3, const struct pv_vcpu *pv)
{
	unsigned long flags = irq_save();

	tlb_note_flush();
	write_cr3(cr3);
	if (cpu_features.pcid) {
		invpcid(INVPCID_ALL, 0, 0);
	}
	if (cpu_features.isolate) {
		views_show(pv);
	}
	irq_restore(flags);
}

void arch_load_guest_cr3(struct pv_vcpu *pv)
{
	load_table(pv->cr3_load[pv->kernel_mode], pv);
}

void arch_load_idle(void)
{
	load_table(hv_root, NULL);
}

void arch_update_ts(struct pv_vcpu *pv)
{
	if (pv->cr0 & CR0_TS) {
		write_cr0(read_cr0() | CR0_TS);
	} else {
		__asm__ volatile("clts");
	}
}

#define LOAD_DR(nr, v) __asm__ volatile("mov %0, %%db" #nr ::"r"(v))

void arch_load_debugregs(struct pv_vcpu *pv)
{
	if (!(pv->dr[7] & DR7_ENABLE)) {
		LOAD_DR(7, DR7_OFF);
		return;
	}
	LOAD_DR(0, pv->dr[0]);
	LOAD_DR(1, pv->dr[1]);
	LOAD_DR(2, pv->dr[2]);
	LOAD_DR(3, pv->dr[3]);
	LOAD_DR(6, pv->dr[6]);
	LOAD_DR(7, pv->dr[7]);
}

void arch_set_xcr0(struct pv_vcpu *pv, u64 xcr0)
{
	/* The CPU runs with all that is offered, so that state is saved whole; the guest's own
	 * choice is what it reads back. */
	pv->xcr0 = xcr0;
	xsetbv(xcr0);
}

void context_save(struct pv_vcpu *pv)
{
	pv->regs = *guest_regs();
	pv->ds = GET_SEG(ds);
	pv->es = GET_SEG(es);
	pv->fs = GET_SEG(fs);
	pv->gs = GET_SEG(gs);
	pv->fs_base = rdmsr(MSR_FS_BASE);
	*(pv->kernel_mode ? &pv->gs_base_kernel : &pv->gs_base_user) = rdmsr(MSR_GS_BASE);
	*(pv->kernel_mode ? &pv->gs_base_user : &pv->gs_base_kernel) = rdmsr(MSR_KERNEL_GS);
	if (cpu_features.xsave) {
		xsetbv(cpu_features.xcr0_max);
	}
	fpu_save(pv);
	if (pv->dr[7] & DR7_ENABLE) {
		pv->dr[6] = read_db6();
		LOAD_DR(7, DR7_OFF);
	}
}

bool context_load(struct pv_vcpu *pv)
{
	bool ok = true;

	*guest_regs() = pv->regs;
	ok &= LOAD_SEG(ds, pv->ds);
	ok &= LOAD_SEG(es, pv->es);
	ok &= LOAD_SEG(fs, pv->fs);
	ok &= LOAD_SEG(gs, pv->gs);
	wrmsr(MSR_FS_BASE, pv->fs_base);
	wrmsr(MSR_GS_BASE, pv->kernel_mode ? pv->gs_base_kernel : pv->gs_base_user);
	wrmsr(MSR_KERNEL_GS, pv->kernel_mode ? pv->gs_base_user : pv->gs_base_kernel);
	fpu_load(pv);
	if (cpu_features.xsave) {
		xsetbv(pv->xcr0);
	}
	arch_update_ts(pv);
	if (pv->dr[7] & DR7_ENABLE) {
		arch_load_debugregs(pv);
	}
	return ok;
}
