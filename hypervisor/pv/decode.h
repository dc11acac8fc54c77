/* SPDX-License-Identifier: MIT */
/* The decoder of privileged instructions: bytes in, one of a few operations out. Pure. */
#pragma once

#include "lib/types.h"

#define INSN_MAX_BYTES 15u

enum insn_op {
	INSN_NONE, /* anything else: not ours to emulate */
	INSN_IN,
	INSN_OUT,
	INSN_INS,
	INSN_OUTS,
	INSN_CLI,
	INSN_STI,
	INSN_CLTS,
	INSN_WBINVD,
	INSN_READ_CR,
	INSN_WRITE_CR,
	INSN_RDMSR,
	INSN_WRMSR,
	INSN_XSETBV,
};

struct insn {
	enum insn_op op;
	u8 bytes;      /* length of the instruction */
	u8 size;       /* of a port access: 1, 2, 4 */
	bool port_imm; /* IN, OUT: the port is `port`, else dx */
	u8 port;
	bool rep;    /* INS, OUTS */
	bool addr32; /* INS, OUTS: index and count registers are 32 bits wide */
	u8 special;  /* number of the control register */
	u8 gpr;      /* number of the general register, 0 = rax .. 15 = r15 */
};

/*
 * Decodes the instruction at the start of `code`, of which `count` bytes could be read. long_mode:
 * 64-bit code, else 32-bit (only port instructions then). False, op INSN_NONE: not one of ours, or
 * cut off, or with prefixes that have no meaning here.
 */
bool insn_decode(const u8 *code, unsigned int count, bool long_mode, struct insn *i);
