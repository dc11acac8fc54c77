/* SPDX-License-Identifier: MIT */
/*
 * What arch/x86's entry code calls: a contract that pv/, hypercall/ and domain/ fill. It is the one
 * place where lower rooms are entered from above, because the CPU itself does so. Interrupts are
 * on unless said otherwise.
 */
#pragma once

#include "arch/regs.h"

struct vcpu;

void pv_exception(struct cpu_regs *regs); /* any exception of a guest but #PF, NMI, #MC; int 0x80 */
void pv_page_fault(struct cpu_regs *regs, unsigned long cr2);
/* A page fault of the hypervisor itself, interrupts off: true if it was in a window and is mended
 * now (LDT). Interrupts are on meanwhile. */
bool pv_hypervisor_page_fault(unsigned long cr2);
void pv_hardware_nmi(void); /* interrupts off, any stack */
void pv_iret_fault(struct cpu_regs *regs);
void pv_syscall(struct vcpu *v, struct cpu_regs *regs);
void pv_syscall32(struct vcpu *v, struct cpu_regs *regs);
void pv_sysenter(struct vcpu *v, struct cpu_regs *regs);
long pv_iret(struct vcpu *v, struct cpu_regs *regs); /* the hypercall; returns rax */
void pv_deliver_event(struct vcpu *v, struct cpu_regs *regs);
void pv_deliver_nmi(struct vcpu *v, struct cpu_regs *regs);
/* Hypercall `nr` with its arguments; the result goes to rax. */
long hypercall_entry(unsigned long a0, unsigned long a1, unsigned long a2, unsigned long a3,
		     unsigned long nr);
void pending_work_run(void);
