/* SPDX-License-Identifier: MIT */
/*
 * From the start-up IPI to C on an application processor.
 *
 * In: real mode at the trampoline's first byte, cs = its page's number * 0x100. ap.c copied the
 * trampoline to a page of the first MiB and filled in the addresses at its end. head.S's tables, which
 * nobody uses any more, map the first 4 GiB and the image: with them the CPU goes straight to long
 * mode, jumps to where it is linked and loads the real tables.
 */
#include "asm_macros.h"

#define AT(sym) (sym - ap_trampoline)

	.section .rodata
	.code16
	.globl	ap_trampoline, ap_trampoline_end, ap_cr3, ap_gdtr, ap_gdt, ap_far
	.balign	16
ap_trampoline:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	movl	$0x20, %eax			/* CR4: PAE */
	movl	%eax, %cr4
	movl	AT(ap_cr3), %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx		/* EFER: SCE, LME, NXE */
	movl	$0x901, %eax
	xorl	%edx, %edx
	wrmsr
	lgdtl	AT(ap_gdtr)
	movl	$0x80010033, %eax		/* CR0: PG WP NE ET MP PE */
	movl	%eax, %cr0
	ljmpl	*AT(ap_far)

	.code64
ap_long:
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	movabsq	$ap_start_high, %rax
	jmp	*%rax

	.balign	8
ap_gdt:	.quad	0
	.quad	0x00af9b000000ffff		/* 8: 64-bit code */
ap_gdtr:
	.word	15
	.long	AT(ap_gdt)			/* these three: plus the page's address */
ap_far:	.long	AT(ap_long)
	.word	8
ap_cr3:	.long	0
ap_trampoline_end:

	.text
	.globl	ap_start_high
ap_start_high:
	movq	hv_root(%rip), %rax
	movq	%rax, %cr3
	movq	ap_stack(%rip), %rsp
	xorl	%ebp, %ebp
	call	ap_main
	ud2
	.section .note.GNU-stack, "", @progbits
