/* SPDX-License-Identifier: MIT */
/* Stores to memory that guests may not write directly: decoded, then applied to a copy. */
#pragma once

#include "arch/regs.h"
#include "lib/types.h"

enum store_op {
	STORE_MOV,
	STORE_AND,
	STORE_OR,
	STORE_XOR,
	STORE_XCHG,
	STORE_CMPXCHG,
	STORE_BTS,
	STORE_BTR,
	STORE_BTC,
};

#define STORE_NO_REG   0xff
#define STORE_MAX_INSN 15u

struct store {
	enum store_op op;
	u8 bytes;    /* of the memory operand: 1, 2, 4, 8 */
	u8 length;   /* of the instruction */
	u8 reg;      /* register that receives a value (xchg), or STORE_NO_REG */
	u64 operand; /* value to store or combine with, or number of the bit in the operand */
	u64 address;
};

/* Decodes the store at insn, `length` readable bytes, for 64-bit mode with flat segments.
 * -EINVAL: none of those known, or cut off. */
int store_decode(const u8 *insn, unsigned int length, const struct cpu_regs *regs, struct store *s);

/*
 * One kind of store only, which kernels unmap pages with: xchg of eight bytes, its address a
 * register with a short displacement. `insn` is the instruction's first eight bytes. Returns its
 * length, with the address and the register; 0: another instruction.
 */
static inline unsigned int store_decode_xchg(u64 insn, struct cpu_regs *regs, u64 *address,
					     u64 **reg)
{
	const unsigned int mod = insn >> 22 & 3, rm = insn >> 16 & 7;

	/* REX.W and perhaps R and B; 87; rm 4 has an index, rm 5 without displacement means rip. */
	if ((insn & 0xfffa) != 0x8748 || mod > 1 || rm == 4 || (rm == 5 && !mod)) {
		return 0;
	}
	*address =
		*general_register(regs, rm | (insn << 3 & 8)) + (u64)(mod ? (s8)(insn >> 24) : 0);
	*reg = general_register(regs, (insn >> 19 & 7) | (insn << 1 & 8));
	return 3 + mod;
}
/*
 * What the operand, which holds `mem`, becomes (only the low s->bytes count); false if it stays as
 * it is (a failed compare).
 */
bool store_result(const struct store *s, u64 mem, const struct cpu_regs *regs, u64 *result);
/* Registers, flags and rip become what they are behind the store that made `mem` the `result`. */
void store_retire(const struct store *s, u64 mem, u64 result, struct cpu_regs *regs);
