/* SPDX-License-Identifier: MIT */
/*
 * The persistent tree against a flat array that holds every path: random edits, snapshots that
 * must never change, and the tree's own invariants after each step.
 */
#include "unit.h"

#include "perms.h"
#include "quota.h"
#include "tree.h"

#define NAMES     40
#define SNAPSHOTS 8

static struct owner owners[DOMAIN_LIMIT];
static struct perms *perms;

/* All of a tree as text: one "path=value\n" a node, in the order of the walk. */
static void dump(const struct node *n, const char *path, char **text, size_t *len)
{
	struct node_iter it;
	const struct node *kid;
	char line[256];
	int size =
		snprintf(line, sizeof(line), "%s=%.*s\n", path, (int)n->value->len, n->value->data);

	*text = realloc(*text, *len + size + 1);
	memcpy(*text + *len, line, size + 1);
	*len += size;
	node_iter_init(&it, n);
	while ((kid = node_iter_next(&it))) {
		snprintf(line, sizeof(line), "%s/%.*s", path, (int)kid->name->len, kid->name->data);
		dump(kid, line, text, len);
	}
}

static char *dump_tree(const struct node *root)
{
	char *text = NULL;
	size_t len = 0;

	dump(root, "", &text, &len);
	return text;
}

static void set(struct node **root, const char *path, const char *value)
{
	node_set_value(tree_put(root, path, perms), blob_new(value, strlen(value)));
}

static void test_put_get_remove(void **state)
{
	struct node *root = tree_new(perms_ref(perms)), *taken;
	unsigned int missing;

	(void)state;
	set(&root, "/a/b/c", "1");
	assert_non_null(tree_get(root, "/a/b"));
	assert_null(tree_get(root, "/a/c"));
	assert_ptr_equal(tree_nearest(root, "/a/x/y/z", &missing), tree_get(root, "/a"));
	assert_int_equal(missing, 3);
	assert_ptr_equal(tree_nearest(root, "/", &missing), root);
	assert_int_equal(missing, 0);
	taken = tree_remove(&root, "/a/b");
	assert_null(tree_get(root, "/a/b/c"));
	assert_int_equal(taken->kids_count, 1);
	node_put(taken);
	node_put(root);
}

static void test_snapshot_stays(void **state)
{
	struct node *root = tree_new(perms_ref(perms)), *old;
	const struct node *shared;

	(void)state;
	set(&root, "/a/x", "1");
	set(&root, "/b/y", "2");
	old = node_ref(root);
	shared = tree_get(root, "/b");
	set(&root, "/a/x", "changed");
	assert_memory_equal(tree_get(old, "/a/x")->value->data, "1", 1);
	/* What was not on the way is the same node, not a copy. */
	assert_ptr_equal(tree_get(root, "/b"), shared);
	assert_ptr_equal(tree_get(old, "/b"), shared);
	assert_ptr_not_equal(tree_get(root, "/a"), tree_get(old, "/a"));
	node_put(old);
	node_put(root);
}

static void test_edit_in_place(void **state)
{
	struct node *root = tree_new(perms_ref(perms)), *before = root;
	const struct node *leaf;

	(void)state;
	set(&root, "/a/x", "1");
	leaf = tree_get(root, "/a/x");
	set(&root, "/a/x", "2");
	assert_ptr_equal(root, before);
	assert_ptr_equal(tree_get(root, "/a/x"), leaf);
	node_put(root);
}

static void test_names_generation(void **state)
{
	struct node *root = tree_new(perms_ref(perms)), *old;

	(void)state;
	set(&root, "/a", "1");
	old = node_ref(root);
	set(&root, "/a", "2");
	assert_true(node_same_names(old, root));
	assert_true(old->kids_gen == root->kids_gen);
	set(&root, "/b", "");
	assert_false(node_same_names(old, root));
	node_put(tree_remove(&root, "/b"));
	assert_true(node_same_names(old, root)); /* other generation, same names */
	assert_false(old->kids_gen == root->kids_gen);
	node_put(old);
	node_put(root);
}

/* Random edits of /P/Q against an array; old versions are kept and compared at the end. */
static void test_random(void **state)
{
	static int model[NAMES][NAMES]; /* 0: absent, else the value; [p][0] is the node /P */
	struct node *root = tree_new(perms_ref(perms)), *snaps[SNAPSHOTS] = {NULL};
	char *texts[SNAPSHOTS] = {NULL}, path[64], value[16];
	uint64_t count, expected;

	(void)state;
	srandom(7);
	for (int step = 1; step <= 6000; step++) {
		int p = random() % NAMES, q = random() % NAMES, at = random() % SNAPSHOTS;

		q ? snprintf(path, sizeof(path), "/n%d/n%d", p, q)
		  : snprintf(path, sizeof(path), "/n%d", p);
		if (random() % 100 < 55) {
			snprintf(value, sizeof(value), "%d", step);
			set(&root, path, value);
			model[p][q] = step;
			model[p][0] = model[p][0] ? model[p][0] : -1;
		} else if (model[p][q]) {
			node_put(tree_remove(&root, path));
			for (int i = 0; i < NAMES && !q; i++) {
				model[p][i] = 0;
			}
			model[p][q] = 0;
		} else {
			assert_null(tree_get(root, path));
		}
		if (step % 50 == 0) {
			if (snaps[at]) {
				char *now = dump_tree(snaps[at]);

				assert_string_equal(now, texts[at]);
				free(now);
				node_put(snaps[at]);
				free(texts[at]);
			}
			snaps[at] = node_ref(root);
			texts[at] = dump_tree(root);
		}
		assert_true(tree_check(root, &count));
		expected = 1;
		for (int i = 0; i < NAMES * NAMES; i++) {
			expected += model[i / NAMES][i % NAMES] != 0;
		}
		assert_int_equal(count, expected);
	}
	for (int p = 0; p < NAMES; p++) {
		for (int q = 1; q < NAMES; q++) {
			struct node *n;

			snprintf(path, sizeof(path), "/n%d/n%d", p, q);
			n = tree_get(root, path);
			assert_true(!n == !model[p][q]);
			assert_true(!n ||
				    atoi(strndupa(n->value->data, n->value->len)) == model[p][q]);
		}
	}
	for (int i = 0; i < SNAPSHOTS; i++) {
		node_put(snaps[i]);
		free(texts[i]);
	}
	node_put(root);
}

/* Sorted insertion is the worst case of an unbalanced tree. */
static void test_height(void **state)
{
	struct node *root = tree_new(perms_ref(perms));
	char path[32];
	uint64_t count;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		snprintf(path, sizeof(path), "/%06d", i);
		tree_put(&root, path, perms);
	}
	assert_true(tree_check(root, &count));
	assert_int_equal(count, 20001);
	assert_true(root->kids->height <= 20); /* 1.44 * log2(20000) */
	node_put(root);
}

/* The deepest path that the protocol allows: freeing and checking must not overrun the stack. */
static void test_deep(void **state)
{
	struct node *root = tree_new(perms_ref(perms));
	char path[3073];
	uint64_t count;

	(void)state;
	for (int i = 0; i < 3072; i += 2) {
		memcpy(path + i, "/d", 2);
	}
	path[3072] = '\0';
	tree_put(&root, path, perms);
	assert_true(tree_check(root, &count));
	assert_int_equal(count, 1537);
	node_put(tree_remove(&root, "/d"));
	node_put(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_get_remove), cmocka_unit_test(test_snapshot_stays),
		cmocka_unit_test(test_edit_in_place),  cmocka_unit_test(test_names_generation),
		cmocka_unit_test(test_random),         cmocka_unit_test(test_height),
		cmocka_unit_test(test_deep),
	};
	int failed;

	perms = perms_new(0, PERM_NONE, owners);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	perms_put(perms);
	return failed;
}
