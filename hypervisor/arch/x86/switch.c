/* SPDX-License-Identifier: MIT */
/*
 * What the CPU holds for a vcpu: general registers, selectors and their bases, CR3, FPU, debug
 * registers. The bases are read back from the CPU, so whatever a guest did to them is kept.
 */
#include "arch/hv_map.h"
#include "arch/smp.h"
#include "arch/tlb.h"
#include "arch/x86_private.h"
#include "lib/lib.h"
#include "lib/spinlock.h"

#define DR7_ENABLE 0xffu /* any of the four, local or global */

static u16 get_ds(void)
{
	u16 s;
	__asm__("movw %%ds, %0" : "=r"(s));
	return s;
}
static u16 get_es(void)
{
	u16 s;
	__asm__("movw %%es, %0" : "=r"(s));
	return s;
}
static u16 get_fs(void)
{
	u16 s;
	__asm__("movw %%fs, %0" : "=r"(s));
	return s;
}
static u16 get_gs(void)
{
	u16 s;
	__asm__("movw %%gs, %0" : "=r"(s));
	return s;
}

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

static void __swapgs(void)
{
	__asm__ volatile("swapgs" ::: "memory");
}

bool load_gs_user_selector(u16 sel)
{
	unsigned long flags = irq_save();
	bool ok;

	__swapgs();
	ok = LOAD_SEG(gs, sel);
	__swapgs();
	irq_restore(flags);
	return ok;
}

void arch_swap_gs(void)
{
	__swapgs();
}

void arch_write_base(enum segment_base which, u64 base)
{
	static const u32 msr[] = {MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS};

	wrmsr(msr[which], base);
}

u64 arch_read_base(enum segment_base which)
{
	static const u32 msr[] = {MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS};

	return rdmsr(msr[which]);
}

void arch_load_cr3(u64 cr3)
{
	write_cr3(cr3);
}

void arch_load_guest_cr3(struct pv_vcpu *pv)
{
	unsigned long flags = irq_save();

	tlb_note_flush();
	write_cr3(pv->kernel_mode ? pv->cr3_kernel : pv->cr3_user);
	irq_restore(flags);
}

void arch_load_idle(void)
{
	unsigned long flags = irq_save();

	tlb_note_flush();
	write_cr3(hv_root);
	irq_restore(flags);
}

void arch_update_ts(struct pv_vcpu *pv)
{
	if (pv->cr0 & CR0_TS) {
		write_cr0(read_cr0() | CR0_TS);
	} else {
		__asm__ volatile("clts");
	}
}

static void load_dr(unsigned int nr, u64 v)
{
	switch (nr) {
	case 0:
		__asm__ volatile("mov %0, %%db0" ::"r"(v));
		break;
	case 1:
		__asm__ volatile("mov %0, %%db1" ::"r"(v));
		break;
	case 2:
		__asm__ volatile("mov %0, %%db2" ::"r"(v));
		break;
	case 3:
		__asm__ volatile("mov %0, %%db3" ::"r"(v));
		break;
	case 6:
		__asm__ volatile("mov %0, %%db6" ::"r"(v));
		break;
	default:
		__asm__ volatile("mov %0, %%db7" ::"r"(v));
		break;
	}
}

u64 arch_read_dr6(void)
{
	u64 v;

	__asm__ volatile("mov %%db6, %0" : "=r"(v));
	return v;
}

void arch_load_debugregs(struct pv_vcpu *pv)
{
	if (!(pv->dr[7] & DR7_ENABLE)) {
		load_dr(7, 0x400);
		return;
	}
	for (unsigned int i = 0; i < 4; i++) {
		load_dr(i, pv->dr[i]);
	}
	load_dr(6, pv->dr[6]);
	load_dr(7, pv->dr[7]);
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
	pv->ds = get_ds();
	pv->es = get_es();
	pv->fs = get_fs();
	pv->gs = get_gs();
	pv->fs_base = rdmsr(MSR_FS_BASE);
	*(pv->kernel_mode ? &pv->gs_base_kernel : &pv->gs_base_user) = rdmsr(MSR_GS_BASE);
	*(pv->kernel_mode ? &pv->gs_base_user : &pv->gs_base_kernel) = rdmsr(MSR_KERNEL_GS);
	if (cpu_features.xsave) {
		xsetbv(cpu_features.xcr0_max);
	}
	fpu_save(pv);
	if (pv->dr[7] & DR7_ENABLE) {
		pv->dr[6] = arch_read_dr6();
		load_dr(7, 0x400);
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
