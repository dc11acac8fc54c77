/* SPDX-License-Identifier: MIT */
/*
 * User mode for test kernels. user_run() puts its stack away, enters user mode by the iret
 * hypercall and comes back when user code makes a system call, or by user_leave():
 *
 *   user_run: [rbx rbp r12-r15] <- guest_cpu.user_sp  handlers get the stack below it
 */
#define VCPU1_STACK 16384

/* This vcpu's struct guest_cpu, by the stack. */
.macro this_cpu reg
	movq	%rsp, \reg
	subq	$vcpu1_stack, \reg
	cmpq	$VCPU1_STACK, \reg
	sbbq	\reg, \reg
	andq	$128, \reg
	addq	$guest_cpus, \reg
.endm

	.text
/* user_run(rip, rsp) */
	.globl	user_run
user_run:
	pushq	$0xe02b			/* ss */
	pushq	%rsi
	pushq	$0x202
	pushq	$0xe033
	pushq	%rdi
	pushq	$0			/* flags: rcx and r11 count */
	pushq	$0
	pushq	$0
	pushq	$0
	movq	%rsp, %rdi
	call	user_iret
	addq	$72, %rsp
	ret

/* user_iret(frame): the same with a whole frame, whatever stands in it. */
	.globl	user_iret
user_iret:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rdi, %r12
	this_cpu %rdi
	movq	%rsp, (%rdi)
	movl	$0xe02b, %edi
	movq	%rsp, %rsi
	movl	$3, %eax		/* stack_switch */
	syscall
	movq	%r12, %rsp
	movl	$23, %eax		/* iret */
	syscall
	ud2

/* System calls of user code: rcx r11 rip cs rflags rsp ss are on the stack; rax is the result. */
	.globl	user_syscall_entry
user_syscall_entry:
	this_cpu %rdi
	addq	$8, %rdi
	movq	%rsp, %rsi
	movl	$7, %ecx
	cld
	rep movsq
	.globl	user_return
user_return:
	this_cpu %rdi
	movq	(%rdi), %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.section .note.GNU-stack, "", @progbits
