/* SPDX-License-Identifier: MIT */
/* What the files of arch/x86 share with each other and with boot/init.c and pv/. */
#pragma once

#include "arch/cpu.h"
#include "arch/vcpu.h"

/* A fault at label `from` goes on at label `to` (see trap.c). */
#define EX_TABLE(from, to)                                                          \
	"\n.pushsection .ex_table, \"a\"\n.balign 4\n.long " from " - .\n.long " to \
	" - .\n.popsection\n"

/* The window through SMAP, open only around an access to guest memory. */
static inline void smap_open(void)
{
	if (cpu_features.smap) {
		__asm__ volatile("stac" ::: "memory");
	}
}
/* The same to load from where the guest chose: the CPU waits until it knows that this was allowed,
 * it does not run ahead with what the hypervisor keeps there (Spectre variant 1, CVE-2017-5753). */
static inline void smap_open_to_load(void)
{
	smap_open();
	__asm__ volatile("lfence" ::: "memory");
}
static inline void smap_close(void)
{
	if (cpu_features.smap) {
		__asm__ volatile("clac" ::: "memory");
	}
}

/*
 * One word of guest memory; false if it faulted. The window is open (to load), and va_guest(va) was
 * asked before, of this word or of one shortly below: from there upwards nothing is the
 * hypervisor's.
 */
#define GUEST_LOAD(name, type)                                           \
	static inline bool name(u64 va, type *val)                       \
	{                                                                \
		type v = 0;                                              \
		__asm__ goto("1: mov %1, %0" EX_TABLE("1b", "%l[fault]") \
			     : "=r"(v)                                   \
			     : "m"(*(const type *)va)                    \
			     :                                           \
			     : fault);                                   \
		*val = v;                                                \
		return true;                                             \
fault:                                                                   \
		return false;                                            \
	}
GUEST_LOAD(guest_word_load, u64)
GUEST_LOAD(guest_u32_load, u32)
static inline bool guest_word_store(u64 va, u64 val)
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

static inline void swap_gs(void)
{
	__asm__ volatile("swapgs" ::: "memory");
}
static inline void xsetbv(u64 v)
{
	__asm__ volatile("xsetbv" ::"c"(0), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

void cpu_find_features(void);     /* boot CPU, once */
void cpu_init_registers(void);    /* each CPU */
void cpu_lfence_serializes(void); /* each CPU, once it has an IDT */

/* desc.c: IDT for the early GDT's code selector, then GDT, TSS, IDT, SYSCALL MSRs for good. */
void idt_init_early(void);
void desc_init(unsigned int cpu);

void __attribute__((noreturn)) stack_reset_and_jump(void (*fn)(void));
void __attribute__((noreturn)) stack_switch_and_call(void *top, void (*fn)(void));
/* Returns to the guest, with its registers as guest_regs() has them. */
void ret_to_guest(void) __attribute__((noreturn));
void isolated_ret_to_guest(void) __attribute__((noreturn));
static inline void __attribute__((noreturn)) enter_guest(void)
{
	stack_reset_and_jump(cpu_features.isolate ? isolated_ret_to_guest : ret_to_guest);
}
extern const char iret_to_guest[], isolated_iret_to_guest[];

/* trap.c */
bool extable_fixup(struct cpu_regs *regs);
void regs_dump(const struct cpu_regs *regs);
void stack_trace(u64 rip, u64 rbp);

/* fpu.c */
size_t fpu_area_bytes(void);        /* size of pv->fpu, which comes from the heap */
void fpu_reset(struct pv_vcpu *pv); /* pv->fpu: the state after a reset */
void fpu_save(struct pv_vcpu *pv);
void fpu_load(struct pv_vcpu *pv);

/* Called on the boot CPU and on a new one at the same time: false if their TSCs do not agree and
 * the new one cannot be made to. */
bool tsc_sync(bool new);

/* smp.c: this CPU can be kicked and called from now on. */
void smp_init_cpu(unsigned int cpu);
/* tlb.c: this CPU is about to flush everything by loading CR3. Interrupts off. */
void tlb_note_flush(void);

/*
 * switch.c. context_save(): the CPU's guest state into pv, context_load(): the reverse, CR3, GDT
 * and LDT excepted; false if a selector was bad and is null now (the failsafe callback's case).
 * Interrupts on, on this CPU's own stack.
 */
void context_save(struct pv_vcpu *pv);
bool context_load(struct pv_vcpu *pv);
/* Loads the kernel or user table of the vcpu, by its mode; and the hypervisor's own. */
void arch_load_guest_cr3(struct pv_vcpu *pv);
void arch_load_idle(void);
/* XCR0 as the guest wants it; checked by the caller. */
void arch_set_xcr0(struct pv_vcpu *pv, u64 xcr0);
/* Puts the guest's virtual CR0.TS into the CPU. */
void arch_update_ts(struct pv_vcpu *pv);
void arch_load_debugregs(struct pv_vcpu *pv);
/* LDT of `entries` descriptors in this CPU's window; 0 = none. */
void arch_load_ldt(u32 entries);
/* The inactive (user's) GS gets this selector; a bad one becomes null, then false. */
bool load_gs_user_selector(u16 sel);
