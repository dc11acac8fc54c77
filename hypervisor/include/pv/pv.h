/* SPDX-License-Identifier: MIT */
/* The PV CPU: traps, callbacks, iret, emulation, CPUID and MSR policy. */
#pragma once

#include "domain/hooks.h"

#define VM_ASSIST_VALID (0x3full | BIT(VMASST_TYPE_m2p_strict))

/* Exceptions from guest context; called by entry.S's dispatcher with interrupts on. */
void pv_exception(struct cpu_regs *regs);
/* Queues an exception for the guest: builds the bounce frame; may crash the domain. */
void pv_inject(struct vcpu *v, unsigned int vector, bool has_ec, u32 ec);
void pv_inject_page_fault(struct vcpu *v, unsigned long cr2, u32 ec);

/* pv/emulate.c: #GP(0) from a guest. True: emulated, rip advanced. */
bool pv_emulate_privop(struct vcpu *v, struct cpu_regs *regs);
/* pv/emulate.c: #UD from a guest: the forced-CPUID prefix. */
bool pv_emulate_forced_cpuid(struct vcpu *v, struct cpu_regs *regs);
/* pv/cpuid.c */
void pv_cpuid(struct vcpu *v, u32 leaf, u32 sub, u32 out[4]);
/* pv/hypercall_page.c: fills a page with the 128 hypercall stubs that older kernels call. */
void hypercall_page_fill(void *page);
/* The same to a frame of d. -EINVAL: it is none that d could write. */
int hypercall_page_install(struct domain *d, mfn_t m);
/* pv/emulate.c: CR4 as a guest sees it that asked for `cr4`: its own choice within its policy,
 * the rest as the hypervisor has it. */
u64 pv_fix_cr4(const struct vcpu *v, u64 cr4);
/* pv/msr.c: 0 or -EPERM (then #GP). */
int pv_read_msr(struct vcpu *v, u32 msr, u64 *val);
int pv_write_msr(struct vcpu *v, u32 msr, u64 val);
/* pv/io.c: port access by current. */
u32 pv_port_in(struct vcpu *v, u16 port, unsigned int size);
void pv_port_out(struct vcpu *v, u16 port, unsigned int size, u32 val);

/* pv/mode.c: kernel <-> user of the guest: flag, GS bases, CR3. */
void pv_toggle_mode(struct vcpu *v);

/* pv/hypercalls.c */
long do_set_trap_table(guest_ptr_t traps);
long do_set_callbacks(unsigned long event, unsigned long failsafe, unsigned long syscall);
long do_callback_op(unsigned int cmd, guest_ptr_t arg);
long do_stack_switch(unsigned long ss, unsigned long sp);
long do_fpu_taskswitch(int set);
long do_set_debugreg(int reg, unsigned long value);
long do_get_debugreg(int reg);
long do_set_segment_base(unsigned int which, unsigned long base);
long do_iret(void);
long do_vm_assist(unsigned int cmd, unsigned int type);
/* Checks and stores a debug register of v; errors as the ABI's set_debugreg. */
int pv_set_debugreg(struct vcpu *v, unsigned int reg, unsigned long value);
