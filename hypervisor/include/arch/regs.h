/* SPDX-License-Identifier: MIT */
/*
 * The registers that every entry into the hypervisor leaves at the top of the CPU's stack.
 * The order is that of the ABI's cpu_user_regs up to ss, so that contexts are copied in one go.
 */
#pragma once

#include "lib/types.h"

struct cpu_regs {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u32 error_code, entry_vector;
	u64 rip;
	u16 cs, pad0;
	u8 saved_upcall_mask, pad1[3];
	u64 rflags;
	u64 rsp;
	u16 ss, pad2[3];
};
_Static_assert(sizeof(struct cpu_regs) == 168, "the hardware frame ends the structure");

/* A general register by its number in instructions. */
static inline u64 *general_register(struct cpu_regs *r, unsigned int i)
{
#define AT(reg) offsetof(struct cpu_regs, reg)
	static const u8 at[16] = {AT(rax), AT(rcx), AT(rdx), AT(rbx), AT(rsp), AT(rbp),
				  AT(rsi), AT(rdi), AT(r8),  AT(r9),  AT(r10), AT(r11),
				  AT(r12), AT(r13), AT(r14), AT(r15)};
#undef AT

	return (u64 *)((char *)r + at[i & 15]);
}

#define RFLAGS_TF   BIT(8)
#define RFLAGS_IF   BIT(9)
#define RFLAGS_DF   BIT(10)
#define RFLAGS_IOPL (3ull << 12)
#define RFLAGS_NT   BIT(14)
#define RFLAGS_RF   BIT(16)
#define RFLAGS_VM   BIT(17)
#define RFLAGS_AC   BIT(18)

#define TRAP_DB  1
#define TRAP_NMI 2
#define TRAP_BP  3
#define TRAP_OF  4
#define TRAP_UD  6
#define TRAP_NM  7
#define TRAP_DF  8
#define TRAP_GP  13
#define TRAP_PF  14
#define TRAP_MC  18
/* Vectors that push an error code. */
#define TRAP_HAVE_EC 0x20027d00u

#define PFEC_PRESENT BIT(0)
#define PFEC_WRITE   BIT(1)
#define PFEC_USER    BIT(2)
#define PFEC_RSVD    BIT(3)
#define PFEC_INSN    BIT(4)

/* Pseudo-vectors in entry_vector: how the hypervisor was entered when by no exception. */
#define ENTRY_SYSCALL 0x100
