/* SPDX-License-Identifier: MIT */
/* Shared by the assembly files: saving and loading registers in the order of struct cpu_regs. */
#pragma once

#include "asm_offsets.h"

#define GUEST_CS64 0xe033
#define GUEST_DS   0xe02b
#define SYSCALL_VECTOR 0x100

/* The CPU or the stub has pushed everything from error_code up. Clears what the guest controlled;
 * after SYSCALL the direction flag is clear already. */
.macro save_regs syscall=0
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	xorl	%ebp, %ebp
	.if	!\syscall
	cld
	.endif
.endm

/* Up to the frame of iretq; but for SYSRET rcx and r11 are not loaded, and error_code stays. */
.macro load_regs sysret=0
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	.if	\sysret
	addq	$8, %rsp
	.else
	popq	%r11
	.endif
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	.if	\sysret
	addq	$8, %rsp
	.else
	popq	%rcx
	.endif
	popq	%rdx
	popq	%rsi
	popq	%rdi
	.if	!\sysret
	addq	$8, %rsp
	.endif
.endm

/*
 * Page-table isolation, see arch/isolation.h; nothing without it. From the guest's view to the
 * tables of its mode, once its registers are saved (rsp points to them); r11 is lost. Interrupts
 * off.
 */
.macro leave_view
#ifdef ISOLATED
	movq	CPUINFO_tables(%rsp), %r11
	movq	%r11, %cr3
	movq	$0, CPUINFO_tables(%rsp)
#endif
.endm

/* The reverse; rdi: current; rax and rcx are lost. */
.macro enter_view
#ifdef ISOLATED
	movzbl	VCPU_kernel_mode(%rdi), %eax
	movq	VCPU_cr3_load(%rdi, %rax, 8), %rcx
	movq	%rcx, CPUINFO_tables(%rsp)
	movq	CPUINFO_views(%rsp, %rax, 8), %rcx
	movq	%rcx, %cr3
#endif
.endm

/*
 * The hypervisor was interrupted, perhaps (by an NMI, a machine check, a fault of iretq) where a
 * view is loaded: CPUINFO_tables tells. What is needed to return there is in rbx, r12 and r13.
 */
.macro leave_view_if_loaded
#ifdef ISOLATED
	movq	%rsp, %r13
	orq	$STACK_BYTES - 1, %r13
	movq	%cr3, %rbx
	movq	CPUINFO_tables - CPUINFO_SIZE + 1(%r13), %r12
	testq	%r12, %r12
	jz	.Lno_view\@
	movq	%r12, %cr3
	movq	$0, CPUINFO_tables - CPUINFO_SIZE + 1(%r13)
.Lno_view\@:
#endif
.endm
.macro back_to_view
#ifdef ISOLATED
	testq	%r12, %r12
	jz	.Lno_view\@
	movq	%r12, CPUINFO_tables - CPUINFO_SIZE + 1(%r13)
	movq	%rbx, %cr3
.Lno_view\@:
#endif
.endm

/* A fault at `insn` continues at `fixup`. */
.macro extable insn:req, fixup:req
	.pushsection .ex_table, "a"
	.balign	4
	.long	\insn - .
	.long	\fixup - .
	.popsection
.endm
