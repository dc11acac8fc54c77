/* SPDX-License-Identifier: MIT */
/*
 * Bulk zeroing of memory at boot: non-temporal 16-byte stores, which leave the caches alone. Clobbers
 * xmm0; the caller makes sure that it holds nobody's state.
 */
	.text
	.globl	page_clear_boot
	.hidden	page_clear_boot
	.balign	16
page_clear_boot:
	xorps	%xmm0, %xmm0
	leaq	4096(%rdi), %rax
1:
	.set	off, 0
	.rept	16
	movntps	%xmm0, off(%rdi)
	.set	off, off + 16
	.endr
	addq	$256, %rdi
	cmpq	%rax, %rdi
	jne	1b
	sfence
	ret
	.section .note.GNU-stack, "", @progbits
