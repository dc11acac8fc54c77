/* SPDX-License-Identifier: MIT */
/*
 * Permissions, names of nodes, and limits by name: what is allowed, what is refused, and what
 * happens to the rights of a domain that has gone.
 */
#include "unit.h"

#include "path.h"
#include "perms.h"
#include "quota.h"

static struct owner owners[DOMAIN_LIMIT];

static struct perms *parse(const char *text, size_t len)
{
	struct perms *p = NULL;

	assert_int_equal(perms_parse(text, len, owners, &p), 0);
	return p;
}

#define PARSE(text) parse(text, sizeof(text))

static unsigned int rights(const struct perms *p, uint16_t domid)
{
	return perms_rights(p, &(struct who){domid, -1}, owners);
}

static void test_rights(void **state)
{
	struct perms *p = PARSE("r5\0w6\0b7\0n8");

	(void)state;
	assert_int_equal(rights(p, 0), PERM_ALL);
	assert_int_equal(rights(p, 5), PERM_ALL);
	assert_int_equal(rights(p, 6), PERM_WRITE);
	assert_int_equal(rights(p, 7), PERM_READ | PERM_WRITE);
	assert_int_equal(rights(p, 8), PERM_NONE);
	assert_int_equal(rights(p, 9), PERM_READ); /* not listed: the first entry's letter */
	/* A device model has its guest's rights. */
	assert_int_equal(perms_rights(p, &(struct who){20, 5}, owners), PERM_ALL);
	assert_int_equal(perms_rights(p, &(struct who){20, 6}, owners), PERM_WRITE);
	perms_put(p);
}

static void test_malformed(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {
		{"", 0},       {"", 1},
		{"r", 2},      {"x5", 3},
		{"r5", 2},     {"r-1", 4},
		{"r 5", 4},    {"r5x", 4},
		{"R5", 3},     {"r32752", 7},
		{"5", 2},      {"r5\0\0", 4},
		{"r5\0q6", 6}, {"r99999999999", 13},
		{"r+5", 4},
	};
	struct perms *p;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(perms_parse(bad[i].text, bad[i].len, owners, &p), -EINVAL);
	}
}

static void test_format(void **state)
{
	static const char text[] = "r5\0w6\0n32751";
	struct perms *p = PARSE(text);
	char out[64];

	(void)state;
	assert_int_equal(perms_format(p, owners, out, sizeof(out)), sizeof(text));
	assert_memory_equal(out, text, sizeof(text));
	assert_int_equal(perms_format(p, owners, out, 4), sizeof(text)); /* length needed */
	perms_put(p);
}

static void test_gone_domain(void **state)
{
	struct perms *p = PARSE("b5\0w6");
	char out[64];

	(void)state;
	owners[6].epoch++; /* domain 6 is gone; a new one gets its number */
	assert_int_equal(rights(p, 6), PERM_READ | PERM_WRITE); /* as anybody */
	assert_int_equal(perms_format(p, owners, out, sizeof(out)), 3);
	owners[5].epoch++; /* the owner is gone: the host owns it, nobody else may anything */
	assert_int_equal(rights(p, 5), PERM_NONE);
	assert_int_equal(rights(p, 9), PERM_NONE);
	assert_int_equal(perms_owner(p, owners), 0);
	assert_int_equal(perms_format(p, owners, out, sizeof(out)), 3);
	assert_string_equal(out, "n0");
	perms_put(p);
}

static void test_inherit(void **state)
{
	struct perms *p = PARSE("r0\0b7"), *q;
	char out[64];

	(void)state;
	q = perms_inherit(p, &WHO_HOST, owners);
	assert_ptr_equal(q, p); /* the host's children keep their parent's */
	perms_put(q);
	q = perms_inherit(p, &(struct who){7, -1}, owners);
	assert_int_equal(perms_format(q, owners, out, sizeof(out)), 6);
	assert_memory_equal(out, "r7\0b7", 6); /* a guest owns what it creates */
	perms_put(q);
	owners[7].epoch++;
	q = perms_inherit(p, &WHO_HOST, owners);
	assert_int_equal(q->count, 1); /* stale rights are not handed on */
	perms_put(q);
	perms_put(p);
}

static void test_paths(void **state)
{
	static const char *const good[][3] = {
		{"/", "", "/"},
		{"/a-b/_C/@9", "", "/a-b/_C/@9"},
		{"a/b", "", "/a/b"},
		{"a", "/local/domain/7", "/local/domain/7/a"},
		{"@releaseDomain", "/local/domain/7", "@releaseDomain"},
	};
	static const char *const bad[] = {"",     "//",   "/a/",  "a/", "/a//b", "/a b",
					  "/a.b", "/a:b", "@foo", "/ä", "/a\n",  "@"};
	char *path;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(path_canonical(good[i][0], good[i][1], &path), 0);
		assert_string_equal(path, good[i][2]);
		free(path);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(path_canonical(bad[i], "", &path), -EINVAL);
	}
}

static void test_path_lengths(void **state)
{
	char text[4096], *path;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[2048] = '\0';
	assert_int_equal(path_canonical(text, "", &path), 0);
	free(path);
	text[2048] = 'a';
	text[2049] = '\0';
	assert_int_equal(path_canonical(text, "", &path), -EINVAL);
	text[0] = '/';
	text[2049] = 'a';
	text[3072] = '\0';
	assert_int_equal(path_canonical(text, "", &path), 0);
	free(path);
	text[3072] = 'a';
	text[3073] = '\0';
	assert_int_equal(path_canonical(text, "", &path), -EINVAL);
}

static void test_limits(void **state)
{
	struct limits l;

	(void)state;
	limits_preset(&l);
	assert_int_equal(l.value[LIMIT_NODES], 1000);
	assert_int_equal(limits_set(&l, "nodes=", 5, "17"), 0);
	assert_int_equal(l.value[LIMIT_NODES], 17);
	assert_int_equal(limits_set(&l, "node", 4, "17"), -ENOENT);
	assert_int_equal(limits_set(&l, "nodes", 5, "x"), -EINVAL);
	assert_int_equal(limits_set(&l, "nodes", 5, ""), -EINVAL);
	assert_int_equal(limits_set(&l, "nodes", 5, "-1"), -EINVAL);
	assert_int_equal(limits_set(&l, "nodes", 5, "99999999999999999999"), -EINVAL);
	assert_int_equal(l.value[LIMIT_NODES], 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rights),       cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_format),       cmocka_unit_test(test_gone_domain),
		cmocka_unit_test(test_inherit),      cmocka_unit_test(test_paths),
		cmocka_unit_test(test_path_lengths), cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
