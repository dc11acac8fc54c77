/* SPDX-License-Identifier: MIT */
/*
 * A 32-bit program: system calls by int $0x80 and by the vDSO's entry (sysenter or syscall, as the
 * CPU has it), whose address the auxiliary vector tells. It says so by both ways.
 */
	.code32
	.globl	_start
_start:
	movl	(%esp), %eax			/* argc */
	leal	8(%esp, %eax, 4), %esi		/* behind argv and its end */
1:	lodsl					/* the environment */
	testl	%eax, %eax
	jnz	1b
2:	lodsl					/* the auxiliary vector: kind, value */
	movl	%eax, %ebp
	lodsl
	cmpl	$32, %ebp			/* AT_SYSINFO */
	je	3f
	testl	%ebp, %ebp
	jnz	2b
	movl	$2, %ebx
	jmp	5f
3:	movl	%eax, entry
	movl	$4, %eax			/* write */
	movl	$1, %ebx
	movl	$by_int, %ecx
	movl	$by_int_end - by_int, %edx
	int	$0x80
	movl	$4, %eax
	movl	$by_entry, %ecx
	movl	$by_entry_end - by_entry, %edx
	call	*entry
	movl	$1000000, %edi
4:	movl	$20, %eax			/* getpid, often: interrupts come in between */
	call	*entry
	movl	%eax, %ebp
	movl	$20, %eax
	int	$0x80
	cmpl	%eax, %ebp
	movl	$1, %ebx
	jne	5f
	subl	$1000, %edi
	jnz	4b
	xorl	%ebx, %ebx
5:	movl	$1, %eax			/* exit */
	int	$0x80

	.data
entry:	.long	0
by_int:	.ascii	"32 bits by int80\n"
by_int_end:
by_entry: .ascii "32 bits by the vDSO\n"
by_entry_end:
	.section .note.GNU-stack, "", @progbits
