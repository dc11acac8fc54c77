/* SPDX-License-Identifier: MIT */
/*
 * The decoder of privileged instructions: each operation is known in all its forms, everything else
 * is refused, and no input makes it read behind what it was given.
 */
#include "unit.h"
#include "hypervisor/pv/decode.h"
#include "lib/types.h"

struct good {
	const char *code;
	unsigned int count;
	struct insn want;
};
#define B(s) s, sizeof(s) - 1

static const struct good good[] = {
	{B("\xe4\x60"), {.op = INSN_IN, .bytes = 2, .size = 1, .port_imm = true, .port = 0x60}},
	{B("\xe5\x61"), {.op = INSN_IN, .bytes = 2, .size = 4, .port_imm = true, .port = 0x61}},
	{B("\xe6\x80"), {.op = INSN_OUT, .bytes = 2, .size = 1, .port_imm = true, .port = 0x80}},
	{B("\xe7\x80"), {.op = INSN_OUT, .bytes = 2, .size = 4, .port_imm = true, .port = 0x80}},
	{B("\xec"), {.op = INSN_IN, .bytes = 1, .size = 1}},
	{B("\xed"), {.op = INSN_IN, .bytes = 1, .size = 4}},
	{B("\x66\xed"), {.op = INSN_IN, .bytes = 2, .size = 2}},
	{B("\x48\xed"), {.op = INSN_IN, .bytes = 2, .size = 4}},
	{B("\x66\x48\xed"), {.op = INSN_IN, .bytes = 3, .size = 2}},
	{B("\xee"), {.op = INSN_OUT, .bytes = 1, .size = 1}},
	{B("\x66\xef"), {.op = INSN_OUT, .bytes = 2, .size = 2}},
	{B("\x6c"), {.op = INSN_INS, .bytes = 1, .size = 1}},
	{B("\xf3\x6c"), {.op = INSN_INS, .bytes = 2, .size = 1, .rep = true}},
	{B("\xf3\x66\x6d"), {.op = INSN_INS, .bytes = 3, .size = 2, .rep = true}},
	{B("\xf3\x67\x6d"), {.op = INSN_INS, .bytes = 3, .size = 4, .rep = true, .addr32 = true}},
	{B("\x6f"), {.op = INSN_OUTS, .bytes = 1, .size = 4}},
	{B("\xf3\x6e"), {.op = INSN_OUTS, .bytes = 2, .size = 1, .rep = true}},
	{B("\xfa"), {.op = INSN_CLI, .bytes = 1}},
	{B("\xfb"), {.op = INSN_STI, .bytes = 1}},
	{B("\x0f\x06"), {.op = INSN_CLTS, .bytes = 2}},
	{B("\x0f\x09"), {.op = INSN_WBINVD, .bytes = 2}},
	{B("\x0f\x20\xc0"), {.op = INSN_READ_CR, .bytes = 3, .special = 0, .gpr = 0}},
	{B("\x0f\x20\xd0"), {.op = INSN_READ_CR, .bytes = 3, .special = 2, .gpr = 0}},
	{B("\x0f\x20\xe1"), {.op = INSN_READ_CR, .bytes = 3, .special = 4, .gpr = 1}},
	{B("\x41\x0f\x22\xdf"), {.op = INSN_WRITE_CR, .bytes = 4, .special = 3, .gpr = 15}},
	{B("\x44\x0f\x22\xc0"), {.op = INSN_WRITE_CR, .bytes = 4, .special = 8, .gpr = 0}},
	{B("\x0f\x22\x20"), {.op = INSN_WRITE_CR, .bytes = 3, .special = 4, .gpr = 0}},
	{B("\x0f\x32"), {.op = INSN_RDMSR, .bytes = 2}},
	{B("\x2e\x0f\x30"), {.op = INSN_WRMSR, .bytes = 3}},
	{B("\x0f\x30"), {.op = INSN_WRMSR, .bytes = 2}},
	{B("\x0f\x01\xd1"), {.op = INSN_XSETBV, .bytes = 3}},
};

static void test_good(void **state)
{
	for (unsigned int n = 0; n < ARRAY_SIZE(good); n++) {
		struct insn i;

		assert_true(insn_decode((const u8 *)good[n].code, good[n].count, true, &i));
		assert_int_equal(i.op, good[n].want.op);
		assert_int_equal(i.bytes, good[n].want.bytes);
		assert_int_equal(i.size, good[n].want.size);
		assert_int_equal(i.port_imm, good[n].want.port_imm);
		assert_int_equal(i.port, good[n].want.port);
		assert_int_equal(i.rep, good[n].want.rep);
		assert_int_equal(i.addr32, good[n].want.addr32);
		assert_int_equal(i.special, good[n].want.special);
		assert_int_equal(i.gpr, good[n].want.gpr);
	}
}

/* One byte less than any instruction needs is never enough. */
static void test_cut_off(void **state)
{
	for (unsigned int n = 0; n < ARRAY_SIZE(good); n++) {
		for (unsigned int have = 0; have < good[n].count; have++) {
			u8 *exact =
				malloc(have ? have : 1); /* an overrun is the sanitizer's find */
			struct insn i;

			memcpy(exact, good[n].code, have);
			assert_false(insn_decode(exact, have, true, &i));
			assert_int_equal(i.op, INSN_NONE);
			free(exact);
		}
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *code;
		unsigned int count;
	} bad[] = {
		{B("\xf4")},             /* hlt */
		{B("\xf0\x0f\x22\xc0")}, /* lock mov cr0: cr8 on some CPUs */
		{B("\xf0\xec")},         /* lock in */
		{B("\x66\x0f\x32")},     /* operand size where it means nothing */
		{B("\xf3\x0f\x30")},     /* rep where it means nothing */
		{B("\xf3\x0f\x09")},     /* wbnoinvd */
		{B("\xf3\xec")},         /* rep in */
		{B("\x64\x6e")},         /* outs from fs, gs: bases are not looked at */
		{B("\x65\xf3\x6e")},
		{B("\x0f\x01\xd0")}, /* xgetbv */
		{B("\x0f\x01\x10")}, /* lgdt */
		{B("\x0f\x01\xf8")}, /* swapgs */
		{B("\x0f\x00\xd8")}, /* ltr */
		{B("\x0f\x08")},     /* invd */
		{B("\x0f\x24\xc0")}, /* mov test register */
		{B("\x0f\x33")},     /* rdpmc */
		{B("\x0f\x31")},     /* rdtsc: never traps */
		{B("\x0f\x21\xf8")}, /* mov from a debug register: there is a hypercall */
		{B("\x0f\x23\xf6")},
		{B("\x0f\x0b")},                                                         /* ud2 */
		{B("\x90")},                                                             /* nop */
		{B("\xcd\x80")},                                                         /* int */
		{B("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\xec")}, /* 16 bytes
											  */
		{B("\x48\x48\x48\x48\x48\x48\x48\x48\x48\x48\x48\x48\x48\x48\x48\x48")},
	};

	for (unsigned int n = 0; n < ARRAY_SIZE(bad); n++) {
		struct insn i;

		assert_false(insn_decode((const u8 *)bad[n].code, bad[n].count, true, &i));
		assert_int_equal(i.op, INSN_NONE);
	}
}

/* Fifteen bytes is the most that an instruction may have; that is still one. */
static void test_longest(void **state)
{
	u8 code[16];
	struct insn i;

	memset(code, 0x66, sizeof(code));
	code[14] = 0xed;
	assert_true(insn_decode(code, sizeof(code), true, &i));
	assert_int_equal(i.bytes, 15);
	assert_int_equal(i.size, 2);
}

/* REX counts only as the last prefix; before another it is void. */
static void test_rex_order(void **state)
{
	struct insn i;

	assert_true(insn_decode((const u8 *)"\x41\x2e\x0f\x20\xc0", 5, true, &i));
	assert_int_equal(i.gpr, 0);
	assert_true(insn_decode((const u8 *)"\x2e\x41\x0f\x20\xc0", 5, true, &i));
	assert_int_equal(i.gpr, 8);
}

/* 32-bit programs may do port I/O, nothing else; 0x4x is no prefix there. */
static void test_compat(void **state)
{
	struct insn i;

	assert_true(insn_decode((const u8 *)"\xec", 1, false, &i));
	assert_true(insn_decode((const u8 *)"\x66\xef", 2, false, &i));
	assert_true(insn_decode((const u8 *)"\xfa", 1, false, &i));
	assert_false(insn_decode((const u8 *)"\x41\xec", 2, false, &i));
	assert_false(insn_decode((const u8 *)"\x0f\x32", 2, false, &i));
	assert_false(insn_decode((const u8 *)"\xf3\x6c", 2, false, &i));
}

/* Any bytes at all: it ends, stays inside, and what it accepts has a length that fits. */
static void test_random(void **state)
{
	u64 x = 88172645463325252ull;
	unsigned int accepted = 0;

	for (unsigned int n = 0; n < 500000; n++) {
		unsigned int count;
		u8 code[INSN_MAX_BYTES];
		struct insn i;

		for (unsigned int k = 0; k < sizeof(code); k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			/* Half of the bytes from the set that matters. */
			code[k] = x & 1 ? (u8)(x >> 32)
					: (u8) "\x66\x67\xf3\x0f\x20\x22\x6c\xec"[x >> 8 & 7];
		}
		count = (unsigned int)(x >> 40) % (INSN_MAX_BYTES + 1);
		if (insn_decode(code, count, x >> 60 & 1, &i)) {
			accepted++;
			assert_true(i.bytes >= 1 && i.bytes <= count);
			assert_true(i.special < 16 && i.gpr < 16);
			assert_true(i.size <= 4);
		}
	}
	assert_true(accepted > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),      cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_refused),   cmocka_unit_test(test_longest),
		cmocka_unit_test(test_rex_order), cmocka_unit_test(test_compat),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
