/* SPDX-License-Identifier: MIT */
/* Command-line words, sizes, and dom0_mem in all its forms. */
#include "unit.h"
#include "../../hypervisor/boot/options.h"
#include "dom0_options.h"
#include "lib/lib.h"

#define MIB        (1ull << 20)
#define PAGES(mib) ((mib) * (MIB >> PAGE_SHIFT))

static char log_text[256];

static int parse_a(const char *value, void *arg)
{
	snprintf(log_text + strlen(log_text), sizeof(log_text) - strlen(log_text), "a(%s)", value);
	return !strcmp(value, "bad");
}

static int parse_b(const char *value, void *arg)
{
	snprintf(log_text + strlen(log_text), sizeof(log_text) - strlen(log_text), "b(%s)", value);
	return 0;
}

static void test_words(void **state)
{
	static const struct option table[] = {{"a", parse_a, NULL}, {"b", parse_b, NULL}};
	char longest[3000];

	(void)state;
	options_apply("  a=1   b unknown ab=2 a=bad b=x=y,z  ", table, 2, true);
	assert_string_equal(log_text, "a(1)b()a(bad)b(x=y,z)");
	log_text[0] = 0;
	options_apply("", table, 2, true);
	options_apply("=", table, 2, true);
	options_apply("    ", table, 2, true);
	memset(longest, 'b', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	options_apply(longest, table, 2, true);
	assert_string_equal(log_text, "");
}

static void test_size(void **state)
{
	static const struct {
		const char *text;
		u64 bytes;
		char next;
	} good[] = {{"4", 4096, 0},      {"512M", 512 * MIB, 0}, {"1g,", 1024 * MIB, ','},
		    {"0x10k", 16384, 0}, {"7B", 7, 0},           {"2T", 2ull << 40, 0},
		    {"10%", 10, '%'},    {"3x", 3072, 'x'},      {"0", 0, 0}};
	const char *end;
	u64 bytes;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse_size(good[i].text, &end, &bytes), 0);
		assert_int_equal(bytes, good[i].bytes);
		assert_int_equal(*end, good[i].next);
	}
	assert_int_equal(parse_size("", &end, &bytes), -EINVAL);
	assert_int_equal(parse_size("M", &end, &bytes), -EINVAL);
	assert_int_equal(parse_size("99999999999999999999999", &end, &bytes), -EINVAL);
	assert_int_equal(parse_size("16777216T", &end, &bytes), -EINVAL);
}

/* 4 GiB in all, 4000 MiB available. */
static void test_dom0_mem(void **state)
{
	static const struct {
		const char *text;
		u64 mib, limit_mib; /* limit 0 = none */
		bool fits;
	} cases[] = {
		{"512M", 512, 0, true},
		{"524288", 512, 0, true},
		{"-500M", 3500, 0, true},
		{"-5000M", 0, 0, true},
		{"25%", 1024, 0, true},
		{"100M+50%", 2148, 0, true},
		{"512M,max:1G", 512, 1024, true},
		{"2G,max:1G", 1024, 1024, true},
		{"max:1G", 1024, 1024, true},
		{"min:3G,1G", 3072, 0, true},
		{"min:100M,max:200M,150M", 150, 200, true},
		{"max:-1000M", 3000, 3000, true},
		{"4001M", 4001, 0, false},
		{"min:8G", 8192, 0, false},
		{"min:8G,max:2G", 2048, 2048, true},
	};
	struct dom0_mem o;
	u64 pages, limit;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(dom0_mem_parse(cases[i].text, &o), 0);
		assert_int_equal(dom0_mem_decide(&o, PAGES(4096), PAGES(4000), &pages, &limit),
				 cases[i].fits);
		assert_int_equal(pages, PAGES(cases[i].mib));
		assert_int_equal(limit,
				 cases[i].limit_mib ? PAGES(cases[i].limit_mib) : DOM0_NO_LIMIT);
	}
	memset(&o, 0, sizeof(o));
	assert_true(dom0_mem_decide(&o, PAGES(4096), PAGES(4000), &pages, &limit));
	assert_int_equal(pages, PAGES(4000 - 128));
	assert_true(dom0_mem_decide(&o, PAGES(1024), PAGES(960), &pages, &limit));
	assert_int_equal(pages, PAGES(900));
}

static void test_dom0_mem_bad(void **state)
{
	static const char *const bad[] = {"",       "x",     "512M,", "512M,1G", "512M;1G",
					  "101%",   "-5%",   "1G+1G", "min:",    "max:512M,max:1G",
					  "-1G+5%", "512MB", "1G+",   "5%+1G",   ",1G"};
	struct dom0_mem o = {.size = {.bytes = 42}};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		if (dom0_mem_parse(bad[i], &o) != -EINVAL) {
			fail_msg("\"%s\" was accepted", bad[i]);
		}
		assert_int_equal(o.size.bytes, 42); /* left alone */
	}
}

static void test_vcpus(void **state)
{
	struct dom0_vcpus n;

	(void)state;
	assert_int_equal(dom0_vcpus_parse("4", &n), 0);
	assert_true(n.min == 4 && n.max == 4);
	assert_int_equal(dom0_vcpus_parse("2-8", &n), 0);
	assert_true(n.min == 2 && n.max == 8);
	assert_int_equal(dom0_vcpus_parse("-3", &n), 0);
	assert_true(n.min == 1 && n.max == 3);
	assert_int_equal(dom0_vcpus_parse("3-", &n), 0);
	assert_true(n.min == 3 && n.max == 128);
	assert_int_equal(dom0_vcpus_parse("9999", &n), 0);
	assert_true(n.min == 128 && n.max == 128);
	assert_int_equal(dom0_vcpus_parse("0", &n), -EINVAL);
	assert_int_equal(dom0_vcpus_parse("8-2", &n), -EINVAL);
	assert_int_equal(dom0_vcpus_parse("2x", &n), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),    cmocka_unit_test(test_size),
		cmocka_unit_test(test_dom0_mem), cmocka_unit_test(test_dom0_mem_bad),
		cmocka_unit_test(test_vcpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
