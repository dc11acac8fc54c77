/* SPDX-License-Identifier: MIT */
/*
 * Decodes the few instructions that a PV kernel may expect to be emulated. What is not named here
 * is refused, so is each prefix that such an instruction does not need. Pure; reads each byte once.
 */
#include "lib/lib.h"
#include "decode.h"

#define REX_W 8u
#define REX_R 4u
#define REX_B 1u

struct cursor {
	const u8 *code;
	unsigned int count, at;
	bool ended;
};

static u8 next(struct cursor *c)
{
	if (c->at >= MIN(c->count, INSN_MAX_BYTES)) {
		c->ended = true;
		return 0;
	}
	return c->code[c->at++];
}

struct prefixes {
	bool opsize, addrsize, rep, segment;
	u8 rex;
};

/* Returns the first byte behind the prefixes. */
static u8 take_prefixes(struct cursor *c, bool long_mode, struct prefixes *p)
{
	for (;;) {
		u8 b = next(c);
		bool fs_gs = b == 0x64 || b == 0x65;
		bool flat = (b & 0xe7) == 0x26; /* es, cs, ss, ds: no bases in 64-bit code */
		bool rep = b == 0xf2 || b == 0xf3;

		if (long_mode && (b & 0xf0) == 0x40) {
			p->rex = b;
			continue;
		}
		if (b != 0x66 && b != 0x67 && !rep && !fs_gs && !flat) {
			return b;
		}
		p->rex = 0; /* it counts only right before the opcode */
		p->opsize |= b == 0x66;
		p->addrsize |= b == 0x67;
		p->rep |= rep;
		p->segment |= fs_gs || (flat && !long_mode);
	}
}

static void decode_two_byte(struct cursor *c, struct insn *i, u8 rex)
{
	static const u8 ops[] = {
		[0x06] = INSN_CLTS,     [0x09] = INSN_WBINVD, [0x20] = INSN_READ_CR,
		[0x22] = INSN_WRITE_CR, [0x30] = INSN_WRMSR,  [0x32] = INSN_RDMSR,
	};
	u8 op = next(c), modrm;

	i->op = op < ARRAY_SIZE(ops) ? ops[op] : INSN_NONE;
	if (op == 0x01 && next(c) == 0xd1) {
		i->op = INSN_XSETBV;
	} else if (i->op == INSN_READ_CR || i->op == INSN_WRITE_CR) {
		/* CPUs ignore the mod field: all forms are register forms. */
		modrm = next(c);
		i->special = (u8)((modrm >> 3 & 7) | (rex & REX_R ? 8 : 0));
		i->gpr = (u8)((modrm & 7) | (rex & REX_B ? 8 : 0));
	}
}

static void decode_port(struct cursor *c, struct insn *i, u8 op, const struct prefixes *p)
{
	bool out = op & 2;

	i->size = !(op & 1) ? 1 : p->opsize ? 2 : 4;
	if (op < 0x70) {
		i->op = out ? INSN_OUTS : INSN_INS;
		i->rep = p->rep;
		i->addr32 = p->addrsize;
		return;
	}
	i->op = out ? INSN_OUT : INSN_IN;
	if (op < 0xe8) {
		i->port_imm = true;
		i->port = next(c);
	}
}

/* 6c-6f, e4-e7, ec-ef */
static bool is_port_op(u8 op)
{
	return (op & 0xfc) == 0x6c || (op & 0xf4) == 0xe4;
}

bool insn_decode(const u8 *code, unsigned int count, bool long_mode, struct insn *i)
{
	struct cursor c = {code, count, 0, false};
	struct prefixes p = {0};
	u8 op = take_prefixes(&c, long_mode, &p);
	bool string = (op & 0xfc) == 0x6c;

	*i = (struct insn){.op = INSN_NONE};
	if (is_port_op(op)) {
		decode_port(&c, i, op, &p);
	} else if (op == 0xfa || op == 0xfb) {
		i->op = op == 0xfa ? INSN_CLI : INSN_STI;
	} else if (op == 0x0f && long_mode && !p.opsize) {
		decode_two_byte(&c, i, p.rex);
	}
	if (c.ended || (p.rep && !string) || (string && (p.segment || !long_mode))) {
		i->op = INSN_NONE;
	}
	i->bytes = (u8)c.at;
	return i->op != INSN_NONE;
}
