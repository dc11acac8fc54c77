/* SPDX-License-Identifier: MIT */
/* The boot loader's information block: well-formed, cut short at every byte, and mutated. */
#include "unit.h"
#include "e820.h"
#include "lib/lib.h"
#include "mb2.h"

/* A block under construction. */
static u8 block[8192];
static u32 used;

static void put(const void *p, size_t n)
{
	memcpy(block + used, p, n);
	used += (u32)n;
}

static void put32(u32 v)
{
	put(&v, 4);
}

static void put64(u64 v)
{
	put(&v, 8);
}

static void tag(u32 type, u32 payload)
{
	used = (u32)ROUND_UP(used, 8);
	put32(type);
	put32(8 + payload);
}

static void tag_cmdline(const char *s)
{
	tag(1, (u32)strlen(s) + 1);
	put(s, strlen(s) + 1);
}

static void tag_module(u32 start, u32 end, const char *s)
{
	tag(3, 8 + (u32)strlen(s) + 1);
	put32(start);
	put32(end);
	put(s, strlen(s) + 1);
}

static void tag_mmap(const struct boot_e820 *e, unsigned int n)
{
	tag(6, 8 + n * 24);
	put32(24);
	put32(0);
	for (unsigned int i = 0; i < n; i++) {
		put64(e[i].addr);
		put64(e[i].size);
		put32(e[i].type);
		put32(0);
	}
}

static void tag_rsdp(bool v2)
{
	u8 r[36] = "RSD PTR ";
	u32 rsdt = 0x1234000;
	u64 xsdt = 0x5678000;
	u8 sum = 0;

	r[15] = v2 ? 2 : 0;
	memcpy(r + 16, &rsdt, 4);
	memcpy(r + 24, &xsdt, 8);
	for (unsigned int i = 0; i < 20; i++) {
		sum += r[i];
	}
	r[8] = (u8)-sum;
	tag(v2 ? 15 : 14, v2 ? 36 : 20);
	put(r, v2 ? 36 : 20);
}

static void begin(void)
{
	memset(block, 0, sizeof(block));
	used = 8;
}

static void end(void)
{
	tag(0, 0);
	memcpy(block, &used, 4);
}

static const struct boot_e820 pc[] = {
	{0x100000, 0x3fee0000, 1, 0}, {0, 0x9fc00, 1, 0},          {0xf0000, 0x10000, 2, 0},
	{0x9fc00, 0x400, 2, 0},       {0x3ffe0000, 0x20000, 3, 0}, {0x100000000, 0x40000000, 1, 0},
	{0x810000, 0x1000, 20, 0},
};

static void ordinary(void)
{
	begin();
	tag_cmdline("placeholder dom0_mem=512M console=com1 -- quiet init=/x");
	tag_module(0x1000000, 0x1400001, "root=/dev/sda1");
	tag_module(0x2000000, 0x2100000, "");
	tag_mmap(pc, ARRAY_SIZE(pc));
	tag(8, 30);
	put64(0xc0000000);
	put32(3200);
	put32(800);
	put32(600);
	put("\x20\x01\0\0\x10\x08\x08\x08\x00\x08", 10);
	tag(12, 8);
	put64(0x7ff00018);
	tag_rsdp(true);
	tag_rsdp(false);
	tag(17, 8 + 96);
	put32(48);
	put32(1);
	used += 96;
	end();
}

/* Parses a copy that ends exactly where the block ends: the sanitizer sees every step beyond. */
static const char *parse(u32 bytes, struct boot_info *out)
{
	u8 *copy = malloc(bytes ? bytes : 1);
	const char *error;

	memcpy(copy, block, bytes);
	memset(out, 0, sizeof(*out));
	error = mb2_parse(copy, bytes, out);
	free(copy);
	return error;
}

static struct boot_info info;

static void test_ordinary(void **state)
{
	(void)state;
	ordinary();
	assert_null(parse(used, &info));
	assert_string_equal(info.cmdline, "dom0_mem=512M console=com1");
	assert_string_equal(info.dom0_cmdline, "root=/dev/sda1 quiet init=/x");
	assert_int_equal(info.module_count, 2);
	assert_int_equal(info.module[0].start, 0x1000000);
	assert_int_equal(info.module[0].size, 0x400001);
	assert_int_equal(info.fb.addr, 0xc0000000);
	assert_int_equal(info.fb.width, 800);
	assert_int_equal(info.fb.bpp, 32);
	assert_int_equal(info.fb.colours[0], 16);
	assert_int_equal(info.fb.colours[5], 8);
	assert_int_equal(info.efi_system_table, 0x7ff00018);
	assert_true(info.rsdp_is_xsdt);
	assert_int_equal(info.rsdp_root, 0x5678000);
	assert_int_equal(info.efi_map_size, 96);
	assert_int_equal(info.efi_desc_size, 48);
}

static void test_e820(void **state)
{
	static const struct boot_e820 expected[] = {
		{0, 0x9fc00, 1, 0},          {0x9fc00, 0x400, 2, 0},
		{0xf0000, 0x10000, 2, 0},    {0x100000, 0x710000, 1, 0},
		{0x810000, 0x1000, 2, 0},    {0x811000, 0x3f7cf000, 1, 0},
		{0x3ffe0000, 0x20000, 3, 0}, {0x100000000, 0x40000000, 1, 0},
	};

	(void)state;
	ordinary();
	assert_null(parse(used, &info));
	assert_int_equal(info.e820_count, ARRAY_SIZE(expected));
	for (unsigned int i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_int_equal(info.e820[i].addr, expected[i].addr);
		assert_int_equal(info.e820[i].size, expected[i].size);
		assert_int_equal(info.e820[i].type, expected[i].type);
	}
}

/* Random maps: sorted, disjoint, and at every address the type that promises least. */
static void test_e820_random(void **state)
{
	static const u32 rank[] = {0, 1, 4, 2, 3, 5};
	struct boot_e820 raw[12], out[64];

	(void)state;
	srand(3);
	for (unsigned int round = 0; round < 2000; round++) {
		unsigned int n = 1 + (unsigned int)rand() % 12, got;

		for (unsigned int i = 0; i < n; i++) {
			raw[i] = (struct boot_e820){(u64)rand() % 64, (u64)rand() % 16,
						    (u32)rand() % 8, 0};
		}
		if (round % 5 == 0) {
			raw[0].size = ~0ull; /* runs over the end of the address space */
		}
		got = e820_normalise(raw, n, out, ARRAY_SIZE(out));
		assert_true(got <= ARRAY_SIZE(out));
		for (u64 x = 0; x < 96; x++) {
			u32 want = 0, have = 0;

			for (unsigned int i = 0; i < n; i++) {
				if (x >= raw[i].addr && x - raw[i].addr < raw[i].size &&
				    rank[raw[i].type] > rank[want]) {
					want = raw[i].type;
				}
			}
			for (unsigned int i = 0; i < got; i++) {
				if (x >= out[i].addr && x - out[i].addr < out[i].size) {
					assert_int_equal(have, 0);
					have = out[i].type;
				}
			}
			assert_int_equal(want, have);
		}
		for (unsigned int i = 1; i < got; i++) {
			assert_true(out[i].addr >= out[i - 1].addr + out[i - 1].size);
		}
	}
	assert_int_equal(e820_normalise(raw, 3, out, 0), 1);
}

static void test_placeholder(void **state)
{
	(void)state;
	begin();
	tag_cmdline("placeholder");
	tag_module(0x1000, 0x2000, "placeholder x");
	tag_mmap(pc, 1);
	end();
	assert_null(parse(used, &info));
	assert_string_equal(info.cmdline, "");
	assert_string_equal(info.dom0_cmdline, "x");
	begin();
	tag_cmdline("placeholders stay");
	tag_module(0x1000, 0x2000, "x");
	tag_mmap(pc, 1);
	end();
	assert_null(parse(used, &info));
	assert_string_equal(info.cmdline, "placeholders stay");
}

static void test_missing(void **state)
{
	(void)state;
	begin();
	tag_mmap(pc, 2);
	end();
	assert_non_null(strstr(parse(used, &info), "No dom0 kernel"));
	begin();
	tag_module(0x1000, 0x2000, "");
	end();
	assert_non_null(strstr(parse(used, &info), "no memory map"));
	begin();
	tag_mmap(pc, 1);
	tag_module(0x1000, 0x1000, "");
	end();
	assert_non_null(strstr(parse(used, &info), "empty"));
	begin();
	tag_mmap(pc, 1);
	tag_module(0x1010, 0x2000, "");
	end();
	assert_non_null(strstr(parse(used, &info), "page boundary"));
	begin();
	tag_mmap(pc, 1);
	tag_module(0x1000, 0x2001, "");
	tag_module(0x2000, 0x3000, "");
	end();
	assert_non_null(strstr(parse(used, &info), "overlap"));
	begin();
	tag_mmap(pc, 1);
	for (unsigned int i = 0; i <= BOOT_MAX_MODULES; i++) {
		tag_module(0x1000 * (i + 1), 0x1000 * (i + 1) + 1, "");
	}
	end();
	assert_non_null(strstr(parse(used, &info), "Too many"));
}

static void test_long_strings(void **state)
{
	char s[3000];

	(void)state;
	memset(s, 'a', sizeof(s));
	s[sizeof(s) - 1] = 0;
	memcpy(s + 1000, " -- b", 5);
	begin();
	tag_cmdline(s);
	s[1000] = 'a';
	tag_module(0x1000, 0x2000, s);
	tag_mmap(pc, 1);
	end();
	assert_null(parse(used, &info));
	assert_int_equal(strlen(info.cmdline), 1000);
	assert_int_equal(strlen(info.dom0_cmdline), sizeof(info.dom0_cmdline) - 1);
}

static void test_truncated(void **state)
{
	(void)state;
	ordinary();
	for (u32 n = 0; n < used; n++) {
		assert_non_null(parse(n, &info));
	}
}

static void test_mutated(void **state)
{
	unsigned int good = 0;

	(void)state;
	srand(4);
	for (unsigned int round = 0; round < 50000; round++) {
		ordinary();
		for (unsigned int i = 0; i < 1 + round % 4; i++) {
			block[rand() % used] = (u8)rand();
		}
		if (!parse(used, &info)) {
			good++;
			assert_true(info.module_count >= 1 &&
				    info.module_count <= BOOT_MAX_MODULES);
			assert_true(info.e820_count >= 1 && info.e820_count <= BOOT_MAX_E820);
			assert_true(strlen(info.cmdline) < sizeof(info.cmdline));
		}
	}
	assert_true(good > 1000); /* most bytes are harmless text */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ordinary),    cmocka_unit_test(test_e820),
		cmocka_unit_test(test_e820_random), cmocka_unit_test(test_placeholder),
		cmocka_unit_test(test_missing),     cmocka_unit_test(test_long_strings),
		cmocka_unit_test(test_truncated),   cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
