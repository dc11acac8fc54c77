/* SPDX-License-Identifier: MIT */
/* Leaving a stack, or what ran on it, for good. */
#include "asm_offsets.h"

	.text

/* void stack_reset_and_jump(void (*fn)(void)): leaves whatever ran; the guest's registers stay on top. */
	.globl	stack_reset_and_jump
stack_reset_and_jump:			/* rsp in one step: an interrupt may come at any */
	movq	%rsp, %rax
	orq	$STACK_BYTES - 1, %rax
	subq	$CPUINFO_SIZE - 1, %rax
	movq	%rax, %rsp
	jmp	*%rdi

/* void stack_switch_and_call(void *top_of_regs, void (*fn)(void)): boot only. */
	.globl	stack_switch_and_call
stack_switch_and_call:
	movq	%rdi, %rsp
	xorl	%ebp, %ebp
	call	*%rsi
	ud2

	.section .note.GNU-stack, "", @progbits
