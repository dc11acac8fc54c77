/* SPDX-License-Identifier: MIT */
/* Sizes, nearest words and chains of errors: what the tools read and say. */
#include "unit.h"

#include "lib/cpulist.h"
#include "lib/err.h"
#include "lib/nearest.h"
#include "lib/size.h"

static void lists_of_cpus(void **state)
{
	static const struct {
		const char *text, *back;
	} good[] = {
		{"0", "0"},      {"0-3", "0-3"},         {"0,2,4-5", "0,2,4-5"},
		{"all", "all"},  {"all,^2", "0-1,3-11"}, {"3,1,2", "1-3"},
		{"0-11", "all"}, {"11", "11"},           {"0-3,^1-2", "0,3"},
	};
	static const char *const bad[] = {
		"",     "12", "0-12", "3-1", "^0", "a",    "0,",
		"0,,1", " 0", "-1",   "0-",  "1x", "alls", "99999999999999999999"};
	uint8_t map[2];
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(cpulist_parse(good[i].text, map, 12), 0);
		assert_string_equal(cpulist_format(map, 12, text, sizeof(text)), good[i].back);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(cpulist_parse(bad[i], map, 12), -1);
	}
	memset(map, 0, sizeof(map));
	assert_string_equal(cpulist_format(map, 12, text, sizeof(text)), "none");
}

static void sizes_that_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{"1KiB", 1024},
		{"512MiB", 512ull << 20},
		{"2GiB", 2ull << 30},
		{"3 GiB", 3ull << 30},
		{"0MiB", 0},
		{"1TiB", 1ull << 40},
		{"4194304TiB", 1ull << 62},
	};
	uint64_t bytes;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(size_parse(good[i].text, &bytes), 0);
		assert_int_equal(bytes, good[i].bytes);
	}
}

static void sizes_that_are_refused(void **state)
{
	static const char *const bad[] = {
		"",      "512",   "MiB",     "-1MiB", "1.5GiB",     "1MB",
		"1MiBs", " 1MiB", "0x10MiB", "1 mib", "4194305TiB", "99999999999999999999KiB"};
	uint64_t bytes;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(size_parse(bad[i], &bytes), -1);
	}
}

static void sizes_that_are_written_read_back(void **state)
{
	static const uint64_t all[] = {1024, 5120, 1ull << 20, 96ull << 20, 3ull << 30, 1ull << 41};
	char text[SIZE_TEXT_BYTES];
	uint64_t bytes;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_int_equal(size_parse(size_format(all[i], text), &bytes), 0);
		assert_int_equal(bytes, all[i]);
	}
	assert_string_equal(size_format(1536ull << 20, text), "1536MiB");
	assert_string_equal(size_format(1025, text), "2KiB");
}

static void distances(void **state)
{
	char longest[80];

	(void)state;
	assert_int_equal(nearest_distance("kernel", "kernel"), 0);
	assert_int_equal(nearest_distance("kernle", "kernel"), 1);
	assert_int_equal(nearest_distance("kernl", "kernel"), 1);
	assert_int_equal(nearest_distance("", "abc"), 3);
	assert_int_equal(nearest_distance("kitten", "sitting"), 3);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(nearest_distance(longest, "x"), 64);
}

static void suggestions(void **state)
{
	static const char *const verbs[] = {"create", "list", "console", "logs", "destroy"};

	(void)state;
	assert_string_equal(nearest_word("crate", verbs, 5), "create");
	assert_string_equal(nearest_word("lsit", verbs, 5), "list");
	assert_string_equal(nearest_word("dest", verbs, 5), "destroy");
	assert_string_equal(nearest_word("co", verbs, 5), "console");
	assert_null(nearest_word("frobnicate", verbs, 5));
	assert_null(nearest_word("", verbs, 5));
}

static void fill(struct err *e)
{
	err_set(e, ERR_CONFIG, "%s cannot be read", "/boot/k");
	err_errno(e, ENOENT, "open");
	err_fix(e, "give boot.kernel a file");
	err_at(e, "web.yaml", 6, 11, "boot.kernel");
	err_wrap(e, "guest %s cannot be created", "web");
}

static void chain_as_text(void **state)
{
	struct err e ERR_CLEANUP = {0};
	char *text;

	(void)state;
	fill(&e);
	text = err_text(&e, "domus");
	assert_string_equal(text, "domus: guest web cannot be created\n"
				  "  because: /boot/k cannot be read\n"
				  "  because: open: No such file or directory (ENOENT)\n"
				  "  at: web.yaml:6:11, key boot.kernel\n"
				  "  do: give boot.kernel a file\n");
	free(text);
}

static void chain_as_json(void **state)
{
	struct err e ERR_CLEANUP = {0}, back ERR_CLEANUP = {0};
	json_t *o;
	char *text, *again;

	(void)state;
	fill(&e);
	o = err_json(&e);
	text = json_dumps(o, JSON_COMPACT);
	assert_string_equal(
		text,
		"{\"error\":{\"code\":3,\"class\":\"configuration\",\"chain\":[\"guest web cannot be created\","
		"\"/boot/k cannot be read\"],\"why\":\"open: No such file or directory (ENOENT)\","
		"\"at\":{\"file\":\"web.yaml\",\"line\":6,\"column\":11,\"key\":\"boot.kernel\"},"
		"\"fix\":\"give boot.kernel a file\"}}");
	assert_int_equal(err_from_json(&back, o), 0);
	json_decref(o);
	free(text);
	assert_int_equal(back.class, ERR_CONFIG);
	text = err_text(&e, "x");
	again = err_text(&back, "x");
	assert_string_equal(text, again);
	free(text);
	free(again);
}

static void json_that_is_no_error(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"error\":{}}",
		"{\"error\":{\"code\":0,\"chain\":[]}}",
		"{\"error\":{\"code\":99,\"chain\":[]}}",
		"{\"error\":{\"code\":3,\"chain\":\"x\"}}",
	};
	struct err e ERR_CLEANUP = {0};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *o = json_loads(bad[i], 0, NULL);

		assert_int_equal(err_from_json(&e, o), -1);
		json_decref(o);
	}
}

static void deep_chain_keeps_the_innermost(void **state)
{
	struct err e ERR_CLEANUP = {0};
	int i;

	(void)state;
	err_set(&e, ERR_HOST, "innermost");
	for (i = 0; i < 3 * ERR_DEPTH; i++) {
		err_wrap(&e, "level %d", i);
	}
	assert_int_equal(e.what_count, ERR_DEPTH);
	assert_string_equal(e.what[0], "innermost");
	err_set(&e, ERR_GUEST, "set anew");
	assert_int_equal(e.what_count, 1);
	assert_null(e.why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_cpus),
		cmocka_unit_test(sizes_that_are_read),
		cmocka_unit_test(sizes_that_are_refused),
		cmocka_unit_test(sizes_that_are_written_read_back),
		cmocka_unit_test(distances),
		cmocka_unit_test(suggestions),
		cmocka_unit_test(chain_as_text),
		cmocka_unit_test(chain_as_json),
		cmocka_unit_test(json_that_is_no_error),
		cmocka_unit_test(deep_chain_keeps_the_innermost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
