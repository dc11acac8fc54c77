/* SPDX-License-Identifier: MIT */
/*
 * The stores that kernels use on live page tables: mov, xchg, cmpxchg, and, or, xor, bts, btr, btc
 * with a memory destination. Everything else is refused. Pure: no state, no memory but the
 * arguments. `lock` changes nothing here, since the caller applies every store atomically.
 */
#include "lib/lib.h"
#include "store_decode.h"

#define REX_W 8u
#define REX_R 4u
#define REX_X 2u
#define REX_B 1u

#define FLAG_CF 0x001u
#define FLAG_PF 0x004u
#define FLAG_AF 0x010u
#define FLAG_ZF 0x040u
#define FLAG_SF 0x080u
#define FLAG_OF 0x800u

struct decoder {
	const u8 *at, *end;
	const struct cpu_regs *regs;
	bool bad;   /* ran out of bytes, or met something unknown */
	bool small; /* 0x66 */
	bool lock;
	bool rip_relative;
	u8 rex; /* with 0x40 if there was one */
	u8 mod, reg, rm;
};

static u64 reg_get(const struct decoder *d, unsigned int i)
{
	return *general_register((struct cpu_regs *)d->regs, i);
}

static u64 width_mask(unsigned int bytes)
{
	return bytes == 8 ? ~0ull : BIT(bytes * 8) - 1;
}

static inline u8 next(struct decoder *d)
{
	if (unlikely(d->at == d->end)) {
		d->bad = true;
		return 0;
	}
	return *d->at++;
}

static u64 next_signed(struct decoder *d, unsigned int bytes)
{
	u64 v = 0, sign = BIT(bytes * 8 - 1);

	for (unsigned int i = 0; i < bytes; i++) {
		v |= (u64)next(d) << (8 * i);
	}
	return (v ^ sign) - sign;
}

/* Segment prefixes without effect in 64-bit mode are skipped; fs, gs, repeats and address size are
 * not. */
static u8 prefixes(struct decoder *d)
{
	for (;;) {
		u8 b = next(d);

		switch (d->bad ? 0 : b) {
		case 0x66:
			d->small = true;
			continue;
		case 0xf0:
			d->lock = true;
			continue;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
			continue;
		}
		if ((b & 0xf0) == 0x40) {
			d->rex = b;
			b = next(d); /* a REX prefix counts only right before the opcode */
		}
		return b;
	}
}

static u64 sib_address(struct decoder *d)
{
	u8 sib = next(d), scale = sib >> 6;
	unsigned int index = (sib >> 3 & 7) | (d->rex & REX_X ? 8 : 0), base = sib & 7;
	u64 a = index == 4 ? 0 : reg_get(d, index) << scale;

	if (base == 5 && d->mod == 0) {
		return a + next_signed(d, 4);
	}
	return a + reg_get(d, base | (d->rex & REX_B ? 8 : 0));
}

/* ModRM with a memory operand: its address, less rip where that is relative. */
static u64 modrm_address(struct decoder *d)
{
	u8 modrm = next(d);
	u64 a;

	d->mod = modrm >> 6;
	d->reg = (modrm >> 3 & 7) | (d->rex & REX_R ? 8 : 0);
	d->rm = modrm & 7;
	if (d->mod == 3) {
		d->bad = true;
		return 0;
	}
	if (d->rm == 4) {
		a = sib_address(d);
	} else if (d->rm == 5 && d->mod == 0) {
		d->rip_relative = true;
		return next_signed(d, 4);
	} else {
		a = reg_get(d, d->rm | (d->rex & REX_B ? 8 : 0));
	}
	if (d->mod == 1) {
		a += next_signed(d, 1);
	} else if (d->mod == 2) {
		a += next_signed(d, 4);
	}
	return a;
}

/* The register operand `reg`; without REX, byte registers 4-7 are ah, ch, dh, bh. */
static u64 source_register(const struct decoder *d, unsigned int bytes)
{
	if (bytes == 1 && !d->rex && d->reg >= 4) {
		return reg_get(d, d->reg - 4) >> 8 & 0xff;
	}
	return reg_get(d, d->reg) & width_mask(bytes);
}

static unsigned int operand_bytes(const struct decoder *d, bool byte_form)
{
	return byte_form ? 1 : d->rex & REX_W ? 8 : d->small ? 2 : 4;
}

/* An immediate is at most four bytes, sign-extended. */
static u64 immediate(struct decoder *d, unsigned int bytes)
{
	return next_signed(d, MIN(bytes, 4u));
}

/* Group 1: the operation is in the ModRM byte. */
static void decode_group1(struct decoder *d, struct store *s, u8 opcode)
{
	static const s8 ops[8] = {-1, STORE_OR, -1, -1, STORE_AND, -1, STORE_XOR, -1};

	s->bytes = (u8)operand_bytes(d, opcode == 0x80);
	s->address = modrm_address(d);
	if (ops[d->reg & 7] < 0) {
		d->bad = true;
		return;
	}
	s->op = (enum store_op)ops[d->reg & 7];
	s->operand = immediate(d, opcode == 0x81 ? s->bytes : 1);
}

/* A register's bit number may point outside of the operand. */
static void bit_operand(struct decoder *d, struct store *s)
{
	u64 sign = BIT(s->bytes * 8 - 1);
	s64 bit = (s64)((source_register(d, s->bytes) ^ sign) - sign);

	s->address += (u64)((bit >> (s->bytes == 8 ? 6 : s->bytes == 4 ? 5 : 4)) * s->bytes);
	s->operand = (u64)bit & (s->bytes * 8u - 1);
}

static void decode_0f(struct decoder *d, struct store *s)
{
	u8 opcode = next(d);

	s->bytes = (u8)operand_bytes(d, opcode == 0xb0);
	s->address = modrm_address(d);
	switch (opcode) {
	case 0xb0:
	case 0xb1:
		s->op = STORE_CMPXCHG;
		s->operand = source_register(d, s->bytes);
		break;
	case 0xab:
	case 0xb3:
	case 0xbb:
		s->op = opcode == 0xab ? STORE_BTS : opcode == 0xb3 ? STORE_BTR : STORE_BTC;
		bit_operand(d, s);
		break;
	case 0xba:
		if ((d->reg & 7) < 5) {
			d->bad = true;
			break;
		}
		s->op = (enum store_op)(STORE_BTS + (d->reg & 7) - 5);
		s->operand = next(d) & (s->bytes * 8u - 1);
		break;
	default:
		d->bad = true;
	}
}

static void decode_opcode(struct decoder *d, struct store *s, u8 opcode)
{
	/* The operation of a register, and 1; bit 0 of the opcode: not of a byte. */
	static const u8 plain[0x80] = {[0x08 / 2] = 1 + STORE_OR,
				       [0x20 / 2] = 1 + STORE_AND,
				       [0x30 / 2] = 1 + STORE_XOR,
				       [0x86 / 2] = 1 + STORE_XCHG,
				       [0x88 / 2] = 1 + STORE_MOV};
	unsigned int op = plain[opcode / 2];

	s->bytes = (u8)operand_bytes(d, !(opcode & 1));
	if (op) {
		s->op = (enum store_op)(op - 1);
		s->address = modrm_address(d);
		s->operand = source_register(d, s->bytes);
		if (s->op == STORE_XCHG) {
			s->reg = s->bytes == 1 && !d->rex && d->reg >= 4 ? d->reg + 12 : d->reg;
		}
		return;
	}
	switch (opcode) {
	case 0xc6:
	case 0xc7:
		s->op = STORE_MOV;
		s->address = modrm_address(d);
		d->bad |= d->reg & 7;
		s->operand = immediate(d, s->bytes);
		break;
	case 0x80:
	case 0x81:
	case 0x83:
		decode_group1(d, s, opcode);
		break;
	case 0x0f:
		decode_0f(d, s);
		break;
	default:
		d->bad = true;
	}
}

int store_decode(const u8 *insn, unsigned int length, const struct cpu_regs *regs, struct store *s)
{
	struct decoder d = {.at = insn, .end = insn + MIN(length, STORE_MAX_INSN), .regs = regs};

	*s = (struct store){.reg = STORE_NO_REG};
	decode_opcode(&d, s, prefixes(&d));
	if (d.bad || (d.lock && s->op == STORE_MOV)) {
		return -EINVAL;
	}
	s->length = (u8)(d.at - insn);
	s->operand &= width_mask(s->bytes);
	if (d.rip_relative) {
		s->address += regs->rip + s->length;
	}
	return 0;
}

/* Writes `bytes` of a register as the CPU does; 16-19 are ah, ch, dh, bh. */
static void reg_set(struct cpu_regs *regs, unsigned int i, unsigned int bytes, u64 v)
{
	u64 *r = general_register(regs, i);

	if (i >= 16) {
		*r = (*r & ~0xff00ull) | (v & 0xff) << 8;
	} else if (bytes >= 4) {
		*r = v & width_mask(bytes);
	} else {
		*r = (*r & ~width_mask(bytes)) | (v & width_mask(bytes));
	}
}

static u64 result_flags(u64 v, unsigned int bytes)
{
	v &= width_mask(bytes);
	return (v ? 0 : FLAG_ZF) | (v >> (bytes * 8 - 1) ? FLAG_SF : 0) |
	       (__builtin_parity((u8)v) ? 0 : FLAG_PF);
}

/* Flags of a - b. */
static u64 compare_flags(u64 a, u64 b, unsigned int bytes)
{
	u64 r = a - b, sign = BIT(bytes * 8 - 1);

	return result_flags(r, bytes) | (a < b ? FLAG_CF : 0) | ((a ^ b ^ r) & FLAG_AF) |
	       ((a ^ b) & (a ^ r) & sign ? FLAG_OF : 0);
}

static void flags_set(struct cpu_regs *regs, u64 mask, u64 flags)
{
	regs->rflags = (regs->rflags & ~mask) | flags;
}

bool store_result(const struct store *s, u64 mem, const struct cpu_regs *regs, u64 *result)
{
	switch (s->op) {
	case STORE_MOV:
	case STORE_XCHG:
		*result = s->operand;
		break;
	case STORE_CMPXCHG:
		*result = s->operand;
		return !((regs->rax ^ mem) & width_mask(s->bytes));
	case STORE_AND:
		*result = mem & s->operand;
		break;
	case STORE_OR:
		*result = mem | s->operand;
		break;
	case STORE_XOR:
		*result = mem ^ s->operand;
		break;
	case STORE_BTS:
		*result = mem | BIT(s->operand);
		break;
	case STORE_BTR:
		*result = mem & ~BIT(s->operand);
		break;
	case STORE_BTC:
		*result = mem ^ BIT(s->operand);
		break;
	}
	return true;
}

void store_retire(const struct store *s, u64 mem, u64 result, struct cpu_regs *regs)
{
	u64 all = FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF;
	u64 mask = width_mask(s->bytes), acc = regs->rax & mask;

	mem &= mask;
	regs->rip += s->length;
	switch (s->op) {
	case STORE_MOV:
		break;
	case STORE_XCHG:
		reg_set(regs, s->reg, s->bytes, mem);
		break;
	case STORE_AND:
	case STORE_OR:
	case STORE_XOR:
		flags_set(regs, all, result_flags(result, s->bytes));
		break;
	case STORE_CMPXCHG:
		flags_set(regs, all, compare_flags(acc, mem, s->bytes));
		if (acc != mem) {
			reg_set(regs, 0, s->bytes, mem);
		}
		break;
	case STORE_BTS:
	case STORE_BTR:
	case STORE_BTC:
		flags_set(regs, FLAG_CF, mem >> s->operand & 1 ? FLAG_CF : 0);
		break;
	}
}
