/* SPDX-License-Identifier: MIT */
/*
 * From GRUB's 32-bit hand-off to C in long mode.
 *
 * In: eax = multiboot2 magic, ebx = machine address of the information block, paging off. The
 * image lies anywhere on a 2 MiB boundary below 4 GiB. There is no stack yet: the block's
 * reserved word serves as one just long enough to find out where we are.
 *
 * The tables built here (2 MiB pages, all writable) last until boot/ has made the real ones:
 *   0            -> the first 4 GiB
 *   IMAGE_VIRT   -> the image, 16 MiB
 *   DIRECT_VIRT  -> the first 4 GiB
 */
#include "asm_macros.h"

#define MB2_MAGIC	 0xe85250d6
#define MB2_LOADED_MAGIC 0x36d76289
#define COM1		 0x3f8

/* ebp holds the image's machine address throughout the 32-bit part. */
#define TEXT(sym) (sym - mb2_header)(%ebp)

	.section .multiboot2, "ax"
	.balign	8
mb2_header:
	.long	MB2_MAGIC, 0, mb2_header_end - mb2_header
	.long	-(MB2_MAGIC + 0 + (mb2_header_end - mb2_header))
	.balign	8			/* information request: memory map */
	.word	1, 0
	.long	12, 6
	.balign	8			/* modules on page boundaries */
	.word	6, 0
	.long	8
	.balign	8			/* relocatable: below 4 GiB, 2 MiB aligned, lowest first */
	.word	10, 0
	.long	24, 0x200000, 0xffffffff, 0x200000, 1
	.balign	8			/* console: text will do */
	.word	4, 1
	.long	12, 2
	.balign	8			/* end */
	.word	0, 0
	.long	8
mb2_header_end:

	.code32
	.globl	start32
start32:
	cli
	cld
	leal	8(%ebx), %esp
	call	1f
1:	popl	%ebp
	subl	$(1b - mb2_header), %ebp
	leal	off_early_stack(%ebp), %esp
	pushl	%ebx
	pushl	%eax

	leal	TEXT(msg_no_mb2), %esi
	cmpl	$MB2_LOADED_MAGIC, %eax
	jne	early_fail
	leal	TEXT(msg_no_long_mode), %esi
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	early_fail
	movl	$0x80000001, %eax
	cpuid
	btl	$29, %edx
	jnc	early_fail
	leal	TEXT(msg_no_nx), %esi
	btl	$20, %edx
	jnc	early_fail
	leal	TEXT(msg_bad_base), %esi
	testl	$0x1fffff, %ebp
	jnz	early_fail

	/* L2: 4 GiB of 2 MiB pages. */
	leal	off_boot_l2(%ebp), %edi
	movl	$0x83, %eax
	movl	$2048, %ecx
2:	movl	%eax, (%edi)
	movl	$0, 4(%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	decl	%ecx
	jnz	2b
	/* L3 above it: four entries. */
	leal	off_boot_l3(%ebp), %edi
	leal	off_boot_l2+3(%ebp), %eax
	movl	$4, %ecx
3:	movl	%eax, (%edi)
	addl	$0x1000, %eax
	addl	$8, %edi
	decl	%ecx
	jnz	3b
	/* The image: 16 MiB from its base. */
	leal	off_boot_l2_image(%ebp), %edi
	leal	0x83(%ebp), %eax
	movl	$8, %ecx
4:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	decl	%ecx
	jnz	4b
	leal	off_boot_l2_image+3(%ebp), %eax
	movl	%eax, off_boot_l3_image(%ebp)
	/* L4: slot 0 identity, 258 image, 260 direct map. */
	leal	off_boot_l3+3(%ebp), %eax
	movl	%eax, off_boot_l4(%ebp)
	movl	%eax, off_boot_l4+260*8(%ebp)
	leal	off_boot_l3_image+3(%ebp), %eax
	movl	%eax, off_boot_l4+258*8(%ebp)

	/* What firmware left in the control registers does not matter: all are written whole. */
	movl	$0x20, %eax			/* CR4: PAE */
	movl	%eax, %cr4
	leal	off_boot_l4(%ebp), %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx		/* EFER: SCE, LME, NXE */
	movl	$0x901, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$0x80010033, %eax		/* CR0: PG WP NE ET MP PE */
	movl	%eax, %cr0

	leal	off_early_gdt(%ebp), %eax
	movl	%eax, off_early_gdtr+2(%ebp)
	lgdt	off_early_gdtr(%ebp)
	popl	%edi				/* magic */
	popl	%esi				/* information block */
	leal	TEXT(start64), %eax
	pushl	$8
	pushl	%eax
	lretl

/* esi: message. To COM1 and, where text mode shows it, to the screen; then halt. */
early_fail:
	movl	$0xb8000, %edi
5:	lodsb
	testb	%al, %al
	jz	7f
	movb	%al, (%edi)
	movb	$0x0f, 1(%edi)
	addl	$2, %edi
	movb	%al, %bl
	movl	$0x10000, %ecx
	movw	$COM1 + 5, %dx
6:	inb	%dx, %al
	testb	$0x20, %al
	loopz	6b
	movb	%bl, %al
	movw	$COM1, %dx
	outb	%al, %dx
	jmp	5b
7:	cli
	hlt
	jmp	7b

msg_no_mb2:
	.asciz	"Domus: not started by multiboot2: load it with GRUB's command multiboot2\r\n"
msg_no_long_mode:
	.asciz	"Domus: this CPU has no long mode: a 64-bit x86 CPU is needed\r\n"
msg_no_nx:
	.asciz	"Domus: this CPU has no NX, or the firmware disabled it: enable execute-disable\r\n"
msg_bad_base:
	.asciz	"Domus: loaded off a 2 MiB boundary: this boot loader ignores the relocation tag\r\n"

	.code64
start64:
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%ebp, %edx			/* third argument: where the image lies */
	movabsq	$start_high, %rax
	jmp	*%rax

	.text
start_high:
	leaq	boot_stack + STACK_BYTES - CPUINFO_SIZE(%rip), %rsp
	xorl	%ebp, %ebp
	call	boot_start
	ud2

	.data
	.balign	8
	.globl	early_gdt, early_gdtr, early_stack_end, boot_l3, boot_l2, boot_l3_image, boot_l2_image
early_gdt:
	.quad	0
	.quad	0x00af9b000000ffff		/* 8: 64-bit code */
	.quad	0x00cf93000000ffff		/* 16: data */
early_gdtr:
	.word	23
	.quad	0

	.section .bss.page_aligned, "aw", @nobits
	.balign	STACK_BYTES
	.globl	boot_stack
boot_stack:
	.skip	STACK_BYTES
	.balign	4096
	.globl	boot_l4
boot_l4:	.skip	4096
boot_l3:	.skip	4096
boot_l2:	.skip	4 * 4096
boot_l3_image:	.skip	4096
boot_l2_image:	.skip	4096
	.skip	64
early_stack_end:
	.section .note.GNU-stack, "", @progbits
