/* SPDX-License-Identifier: MIT */
/*
 * Every way into the hypervisor and back. On the CPU's stack, from its top downwards:
 *
 *   struct cpu_info          current, cpu, pending
 *   ss rsp rflags cs rip     pushed by the CPU, or here for SYSCALL
 *   vector | error code      one 8-byte word
 *   rdi ... r15              save_regs
 *   <- rsp: struct cpu_regs, which C code gets as its argument
 *
 * An entry from the guest therefore leaves its registers in cpu_info()->regs, and ret_to_guest
 * expects rsp to point there. GS stays the guest's; DS and ES are not looked at in long mode.
 *
 * Assembled twice: as it stands, and with ISOLATED for page-table isolation (entry_isolated.S),
 * when guests run on a view of their tables that has no more of the hypervisor than this code and
 * what it touches before leave_view and behind enter_view.
 */
#include "asm_macros.h"

#ifdef ISOLATED
#define NAME(symbol) isolated_##symbol
	.section .isolated.text, "ax", @progbits
#else
#define NAME(symbol) symbol
	.text
#endif

/* --- SYSCALL: one stub per CPU, since there is no register to find the stack with. --- */

.macro per_cpu_stubs name:req, entry:req
	.balign	64
	.globl	\name
\name:
	cpu = 0
	.rept	NR_CPUS
	.org	\name + SYSCALL_STUB * cpu
	movq	%rsp, syscall_rsp + 8 * cpu(%rip)
	movabsq	$WINDOW_VIRT + WINDOW_SIZE * cpu + WINDOW_STACK + STACK_BYTES - CPUINFO_SIZE + REGS_SIZE, %rsp
	pushq	$GUEST_DS
	pushq	syscall_rsp + 8 * cpu(%rip)
	jmp	\entry
	cpu = cpu + 1
	.endr
.endm
	per_cpu_stubs NAME(syscall_stubs), syscall_entry
	per_cpu_stubs NAME(syscall32_stubs), syscall32_entry

	.balign	16
syscall_entry:
	pushq	%r11
	pushq	$GUEST_CS64
	pushq	%rcx
	pushq	$0
	movl	$SYSCALL_VECTOR, 4(%rsp)
	save_regs syscall=1
	leave_view
	sti
	movq	CPUINFO_current(%rsp), %r11
	cmpb	$0, VCPU_kernel_mode(%r11)
	je	1f
	cmpq	$HYPERVISOR_IRET, %rax	/* with every system call: no way round */
	je	iret_entry
	movq	%r10, %rcx		/* the others are where C wants them */
	movq	%rax, %r8
	call	hypercall_entry
	movq	%rax, REGS_rax(%rsp)
	jmp	NAME(ret_to_guest)
1:	movq	%r11, %rdi
	movq	%rsp, %rsi
	call	pv_syscall
	jmp	NAME(ret_to_guest)

syscall32_entry:
	pushq	%r11
	pushq	$0xe023
	pushq	%rcx
	pushq	$0
	movl	$SYSCALL_VECTOR, 4(%rsp)
	save_regs
	leave_view
	sti
	movq	CPUINFO_current(%rsp), %rdi
	movq	%rsp, %rsi
	call	pv_syscall32
	jmp	NAME(ret_to_guest)

/*
 * SYSENTER from user code: its stack is ours already (MSR), nothing was saved. The CPU left the
 * guest's flags as they were: NT would make an IRET of ours fault, to whomever it leads.
 */
	.globl	NAME(sysenter_entry)
NAME(sysenter_entry):
	pushq	$GUEST_DS
	pushq	$0
	pushfq
	pushq	$3
	pushq	$0
	pushq	$0
	movl	$SYSCALL_VECTOR + 1, 4(%rsp)
	save_regs
	leave_view
	pushq	$2
	popfq
	sti
	movq	CPUINFO_current(%rsp), %rdi
	movq	%rsp, %rsi
	call	pv_sysenter
	jmp	NAME(ret_to_guest)

/* --- Back to the guest: work first, then its events, then its registers. --- */

iret_entry:
	movq	%r11, %rdi
	movq	%rsp, %rsi
	call	pv_iret
	movq	%rax, REGS_rax(%rsp)
	/* fall through */

	.globl	NAME(ret_to_guest)
NAME(ret_to_guest):
	cli
	cmpl	$0, CPUINFO_pending(%rsp)
	jne	guest_work
	movq	CPUINFO_current(%rsp), %rdi
	movq	VCPU_info(%rdi), %rax
	cmpw	$0xff, (%rax)		/* pending byte nonzero and mask byte (the high one) zero? */
	ja	look_for_nmi
	cmpb	$0, (%rax)
	jne	guest_event
look_for_nmi:
	cmpb	$0, VCPU_nmi_pending(%rdi)
	jne	guest_nmi
restore_guest:
	enter_view
	cmpl	$SYSCALL_VECTOR, REGS_entry_vector(%rsp)
	jne	restore_iret
	/* SYSRET with a non-canonical rip would fault in ring 0 on some CPUs. */
	cmpl	$0x7fff, REGS_rip + 4(%rsp)
	ja	upper_half
1:	cmpw	$GUEST_CS64, REGS_cs(%rsp)
	jne	restore_iret
	load_regs sysret=1
	movq	REGS_rip - REGS_error_code(%rsp), %rcx
	movq	REGS_rflags - REGS_error_code(%rsp), %r11
	movq	REGS_rsp - REGS_error_code(%rsp), %rsp
	sysretq
restore_iret:
	load_regs
	.globl	NAME(iret_to_guest)
NAME(iret_to_guest):
	iretq
upper_half:
	cmpl	$0xffff8000, REGS_rip + 4(%rsp)
	jae	1b
	jmp	restore_iret

guest_work:
	sti
	call	pending_work_run
	jmp	NAME(ret_to_guest)
guest_event:
	sti
	movq	%rsp, %rsi
	call	pv_deliver_event	/* masks events: no second look at them */
	cli
	cmpl	$0, CPUINFO_pending(%rsp)
	jne	guest_work
	movq	CPUINFO_current(%rsp), %rdi
	jmp	look_for_nmi
guest_nmi:
	sti
	movq	%rsp, %rsi
	call	pv_deliver_nmi
	jmp	NAME(ret_to_guest)

/* --- Exceptions and interrupts --- */

/* From ring 3 the frame is at the top of the stack; from ring 0 wherever we were. */
common_entry:
	save_regs
	movq	%rsp, %rdi
	testb	$3, REGS_cs(%rsp)
	jz	1f
	leave_view
	call	trap_from_guest
	jmp	NAME(ret_to_guest)
1:	leave_view_if_loaded
	call	trap_from_hypervisor
	back_to_view
	load_regs
	iretq

/* #DF, NMI, #MC, #DB have stacks of their own: a frame of the guest's moves to the usual place. */
common_entry_ist:
	save_regs
	movq	%rsp, %rdi
	testb	$3, REGS_cs(%rsp)
	jz	1f
	movq	%rsp, %rsi
	movq	%rsp, %rdi
	orq	$STACK_BYTES - 1, %rdi
	subq	$CPUINFO_SIZE - 1, %rdi
	movq	%rdi, %rsp
	movl	$REGS_SIZE / 8, %ecx
	rep movsq
	movq	%rsp, %rdi
	leave_view
	call	trap_from_guest
	jmp	NAME(ret_to_guest)
1:	leave_view_if_loaded
	call	trap_from_hypervisor
	back_to_view
	load_regs
	iretq

	.balign	16
	.globl	NAME(trap_stubs)
NAME(trap_stubs):			/* 16 bytes each, vector 0 to 255 */
	vector = 0
	.rept	256
	.balign	16
	.if	vector >= 32
	pushq	$0
	.elseif	((0x20027d00 >> (vector & 31)) & 1) == 0
	pushq	$0
	.endif
	movl	$vector, 4(%rsp)
	.if	(vector == 1) || (vector == 2) || (vector == 8) || (vector == 18)
	jmp	common_entry_ist
	.else
	jmp	common_entry
	.endif
	vector = vector + 1
	.endr

	.section .bss.isolated, "aw", @nobits
	.balign	64
syscall_rsp:
	.skip	8 * NR_CPUS
	.section .note.GNU-stack, "", @progbits
