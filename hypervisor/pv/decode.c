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

		switch (b) {
		case 0x66:
			p->opsize = true;
			break;
		case 0x67:
			p->addrsize = true;
			break;
		case 0xf2:
		case 0xf3:
			p->rep = true;
			break;
		case 0x26: /* es, cs, ss, ds: no bases in 64-bit code */
		case 0x2e:
		case 0x36:
		case 0x3e:
			if (!long_mode) {
				p->segment = true;
			}
			break;
		case 0x64: /* fs, gs */
		case 0x65:
			p->segment = true;
			break;
		default:
			if (long_mode && (b & 0xf0) == 0x40) {
				p->rex = b;
				break;
			}
			return b;
		}
		/* REX counts only right before the opcode. */
		if ((b & 0xf0) != 0x40) {
			p->rex = 0;
		}
	}
}

/* 0f 20..23: the mod field is ignored by CPUs, all forms are register forms. */
static void decode_special(struct insn *i, u8 op, u8 modrm, u8 rex)
{
	static const enum insn_op ops[] = {INSN_READ_CR, INSN_READ_DR, INSN_WRITE_CR,
					   INSN_WRITE_DR};

	i->op = ops[op & 3];
	i->special = (u8)((modrm >> 3 & 7) | (rex & REX_R ? 8 : 0));
	i->gpr = (u8)((modrm & 7) | (rex & REX_B ? 8 : 0));
}

static void decode_two_byte(struct cursor *c, struct insn *i, u8 rex)
{
	u8 op = next(c);

	switch (op) {
	case 0x01:
		switch (next(c)) {
		case 0xd1:
			i->op = INSN_XSETBV;
			break;
		case 0xf9:
			i->op = INSN_RDTSCP;
			break;
		}
		break;
	case 0x06:
		i->op = INSN_CLTS;
		break;
	case 0x09:
		i->op = INSN_WBINVD;
		break;
	case 0x20:
	case 0x21:
	case 0x22:
	case 0x23:
		decode_special(i, op, next(c), rex);
		break;
	case 0x30:
		i->op = INSN_WRMSR;
		break;
	case 0x31:
		i->op = INSN_RDTSC;
		break;
	case 0x32:
		i->op = INSN_RDMSR;
		break;
	case 0xa2:
		i->op = INSN_CPUID;
		break;
	}
}

static void decode_port(struct cursor *c, struct insn *i, u8 op, const struct prefixes *p)
{
	i->size = !(op & 1) ? 1 : p->opsize ? 2 : 4;
	switch (op & 0xfe) {
	case 0x6c:
	case 0x6e:
		i->op = (op & 0xfe) == 0x6c ? INSN_INS : INSN_OUTS;
		i->rep = p->rep;
		i->addr32 = p->addrsize;
		break;
	case 0xe4:
	case 0xe6:
		i->port_imm = true;
		i->port = next(c);
		i->op = (op & 0xfe) == 0xe4 ? INSN_IN : INSN_OUT;
		break;
	default: /* 0xec, 0xee */
		i->op = (op & 0xfe) == 0xec ? INSN_IN : INSN_OUT;
		break;
	}
}

static bool is_port_op(u8 op)
{
	return (op >= 0x6c && op <= 0x6f) || (op >= 0xe4 && op <= 0xe7) ||
	       (op >= 0xec && op <= 0xef);
}

bool insn_decode(const u8 *code, unsigned int count, bool long_mode, struct insn *i)
{
	struct cursor c = {code, count, 0, false};
	struct prefixes p = {0};
	u8 op = take_prefixes(&c, long_mode, &p);
	bool string = op >= 0x6c && op <= 0x6f;

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
