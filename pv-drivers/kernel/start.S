/* SPDX-License-Identifier: MIT */
/*
 * A PV kernel's first instructions, its ELF notes, and the ways in from the hypervisor.
 * The frame that an exception finds on the stack (see the ABI's bounce frame):
 *
 *   rcx  r11  [error code]  rip  cs  rflags  rsp  ss
 */
#define VIRT_BASE 0xffffffff80000000

#define NOTE_STRING(type, text)					\
	.pushsection .note.Xen, "a";				\
	.balign 4; .long 4, 2f - 1f, type; .asciz "Xen";	\
1:	.asciz text; 2: .balign 4; .popsection
#define NOTE_QUAD(type, value)					\
	.pushsection .note.Xen, "a";				\
	.balign 4; .long 4, 8, type; .asciz "Xen";		\
	.quad value; .popsection

	NOTE_STRING(6, "domus-kernel")
	NOTE_STRING(5, "xen-3.0")
	NOTE_STRING(8, "generic")
	NOTE_STRING(9, "yes")
	NOTE_QUAD(3, VIRT_BASE)
	NOTE_QUAD(4, 0)
	NOTE_QUAD(1, _start)
	NOTE_QUAD(14, 1)		/* knows that a suspension may be given up */
	NOTE_QUAD(17, 0x801)		/* may be dom0; writable page tables */

	.section .text.start, "ax"
	.globl	_start
_start:
	movq	%rsi, start_info_ptr(%rip)
	leaq	boot_stack_end(%rip), %rsp
	xorl	%ebp, %ebp
	cld
	call	kernel_start
	ud2

	.text
/* long hypercall(nr, a1, a2, a3, a4): arguments one register down; the rest is as in C. */
	.globl	hypercall
hypercall:
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	movq	%rcx, %rdx
	movq	%r8, %r10
	movq	%r9, %r8
	syscall
	ret

.macro save_all
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
.endm

/* One stub a vector. Makes the frames alike: vector, error code, then what IRET wants. */
	.altmacro
.macro trap_stub vector
	.balign	16
	.if (\vector == 8) || (\vector == 10) || (\vector == 11) || (\vector == 12) || (\vector == 13) || (\vector == 14) || (\vector == 17)
	popq	%rcx
	popq	%r11
	.else
	popq	%rcx
	popq	%r11
	pushq	$0
	.endif
	pushq	$\vector
	jmp	trap_common
.endm
	.balign	16
	.globl	trap_stubs
trap_stubs:
	vector = 0
	.rept	32
	trap_stub %vector
	vector = vector + 1
	.endr

trap_common:
	save_all
	cld
	movq	%rsp, %rdi
	call	kernel_trap
/* guest_resume(frame): continues what a struct trap_frame holds, by the iret hypercall. */
	.globl	guest_resume
guest_resume:
	movq	%rax, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rbp
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	pushq	$0			/* flags: a full return */
	pushq	%rcx
	pushq	%r11
	pushq	%rax
	movl	$23, %eax
	syscall				/* does not come back */
	ud2

	.globl	event_stub
event_stub:
	popq	%rcx
	popq	%r11
	pushq	$0
	pushq	$32
	save_all
	cld
	movq	%rsp, %rdi
	call	kernel_event
	jmp	guest_resume

	.bss
	.balign	4096
	.globl	boot_stack
boot_stack:
	.skip	32768
boot_stack_end:
	.globl	start_info_ptr
start_info_ptr:
	.skip	8
	.section .note.GNU-stack, "", @progbits
