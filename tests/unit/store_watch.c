/* SPDX-License-Identifier: MIT */
/*
 * Watches: who is told what, in which form, and who is not; and that a change finds the watches
 * it concerns, compared with a plain scan over all watches.
 */
#include "store_peer.h"

static struct server server;
static struct peer *host, *guest, *other;

static int setup(void **state)
{
	(void)state;
	server_init(&server, NULL, NULL);
	host = peer_new(&server, 0);
	guest = peer_new(&server, 5);
	other = peer_new(&server, 6);
	ask(host, XS_MKDIR, 0, "/local/domain/5", NULL);
	ask(host, XS_SET_PERMS, 0, "/local/domain/5", "n5", NULL);
	ask(host, XS_MKDIR, 0, "/local/domain/6", NULL);
	ask(host, XS_SET_PERMS, 0, "/local/domain/6", "n6", NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	server_free(&server);
	free(host);
	free(guest);
	free(other);
	return 0;
}

static void watch(struct peer *p, const char *path, const char *token)
{
	assert_int_equal(ask(p, XS_WATCH, 0, path, token, NULL), 0);
	run_idle(&server);
	assert_false(peer_take(p));
	p->events[0] = '\0'; /* the first event, tested apart */
}

static void test_forms(void **state)
{
	(void)state;
	assert_int_equal(ask(guest, XS_WATCH, 0, "data", "rel", NULL), 0);
	assert_events(guest, "data rel\n"); /* at once, though nothing is there */
	assert_int_equal(ask(guest, XS_WATCH, 0, "/local/domain/5", "abs", NULL), 0);
	assert_events(guest, "/local/domain/5 abs\n");
	assert_int_equal(ask(guest, XS_WATCH, 0, "data", "rel", NULL), -EEXIST);
	ask_write(host, 0, "/local/domain/5/data/x", "1");
	assert_events(guest, "data/x rel\n/local/domain/5/data/x abs\n");
	ask_write(guest, 0, "data", "2");
	assert_events(guest, "data rel\n/local/domain/5/data abs\n");
	assert_int_equal(ask(guest, XS_UNWATCH, 0, "data", "other", NULL), -ENOENT);
	assert_int_equal(ask(guest, XS_UNWATCH, 0, "/local/domain/5/data", "rel", NULL), 0);
	ask_write(guest, 0, "data", "3");
	assert_events(guest, "/local/domain/5/data abs\n");
}

static void test_arguments(void **state)
{
	(void)state;
	assert_int_equal(ask(host, XS_WATCH, 0, "/a", NULL), -EINVAL);
	assert_int_equal(ask(host, XS_WATCH, 0, "/a//b", "t", NULL), -EINVAL);
	assert_int_equal(ask(host, XS_WATCH, 0, "@noSuch", "t", NULL), -EINVAL);
	assert_int_equal(ask(host, XS_WATCH, 0, "/a", "t", "x", NULL), -EINVAL);
	assert_int_equal(ask(host, XS_WATCH, 0, "/a", "t", "-1", NULL), -EINVAL);
	assert_int_equal(ask(host, XS_UNWATCH, 0, "/a", "t", NULL), -ENOENT);
	assert_int_equal(ask(host, XS_UNWATCH, 0, "/a", NULL), -EINVAL);
	assert_events(host, "");
}

static void test_depth(void **state)
{
	(void)state;
	assert_int_equal(ask(host, XS_WATCH, 0, "/d", "zero", "0", NULL), 0);
	assert_int_equal(ask(host, XS_WATCH, 0, "/d", "one", "1", NULL), 0);
	assert_events(host, "/d zero\n/d one\n");
	ask_write(host, 0, "/d", "");
	assert_events(host, "/d zero\n/d one\n");
	ask_write(host, 0, "/d/x", "");
	assert_events(host, "/d/x one\n");
	ask_write(host, 0, "/d/x/y", "");
	assert_events(host, "");
	ask(host, XS_RM, 0, "/d", NULL);
	assert_events(host, "/d zero\n/d one\n");
}

static void test_removal(void **state)
{
	(void)state;
	ask_write(host, 0, "/r/a/b", "");
	ask_write(host, 0, "/r/c", "");
	watch(host, "/r", "top");
	watch(host, "/r/a/b", "deep");
	watch(host, "/r/a/never", "absent");
	ask(host, XS_RM, 0, "/r/a", NULL);
	assert_events(host, "/r/a top\n/r/a/b deep\n"); /* each told of its own node */
	ask(host, XS_RM, 0, "/r/a", NULL);
	assert_events(host, ""); /* nothing was there */
}

static void test_no_change_no_event(void **state)
{
	(void)state;
	watch(host, "/n", "t");
	ask(host, XS_MKDIR, 0, "/n", NULL);
	assert_events(host, "/n t\n");
	ask(host, XS_MKDIR, 0, "/n", NULL);
	assert_events(host, "");
	assert_int_equal(ask_write(host, 0, "/n/bad//path", ""), -EINVAL);
	assert_events(host, "");
}

static void test_rights(void **state)
{
	(void)state;
	watch(other, "/local/domain/5", "spy");
	watch(other, "/", "root");
	ask_write(guest, 0, "secret", "1");
	assert_events(other, "");
	assert_int_equal(ask(guest, XS_SET_PERMS, 0, "secret", "n5", "r6", NULL), 0);
	assert_events(other, "/local/domain/5/secret spy\n/local/domain/5/secret root\n");
	ask_write(guest, 0, "secret", "2");
	assert_events(other, "/local/domain/5/secret spy\n/local/domain/5/secret root\n");
	/* The loss of a right is the last thing that is told. */
	assert_int_equal(ask(guest, XS_SET_PERMS, 0, "secret", "n5", NULL), 0);
	assert_events(other, "/local/domain/5/secret spy\n/local/domain/5/secret root\n");
	ask_write(guest, 0, "secret", "3");
	ask(guest, XS_RM, 0, "secret", NULL);
	assert_events(other, "");
}

static void test_special(void **state)
{
	(void)state;
	watch(host, "@releaseDomain", "h");
	assert_int_equal(ask(host, XS_WATCH, 0, "@releaseDomain", "which", "1", NULL), 0);
	assert_events(host, "@releaseDomain which\n");
	watch(guest, "@releaseDomain", "g");
	server_announce(&server, SPECIAL_RELEASE, 9);
	assert_events(host, "@releaseDomain h\n@releaseDomain/9 which\n");
	assert_events(guest, ""); /* guests may not know, unless they are given the right */
	assert_int_equal(ask(guest, XS_GET_PERMS, 0, "@releaseDomain", NULL), -EACCES);
	assert_int_equal(ask(guest, XS_SET_PERMS, 0, "@releaseDomain", "r5", NULL), -EACCES);
	assert_int_equal(ask(host, XS_SET_PERMS, 0, "@releaseDomain", "n0", "r5", NULL), 0);
	assert_int_equal(ask(guest, XS_GET_PERMS, 0, "@releaseDomain", NULL), 0);
	assert_string_equal(guest->data, "n0");
	server_announce(&server, SPECIAL_RELEASE, 9);
	assert_events(guest, "@releaseDomain g\n");
	server_announce(&server, SPECIAL_INTRODUCE, 9);
	assert_events(guest, "");
	assert_int_equal(ask(host, XS_READ, 0, "@releaseDomain", NULL), -EINVAL);
	assert_int_equal(ask_write(host, 0, "@releaseDomain", ""), -EINVAL);
}

static void test_limit_and_reset(void **state)
{
	char token[16];

	(void)state;
	for (int i = 0; i < 128; i++) {
		snprintf(token, sizeof(token), "%d", i);
		assert_int_equal(ask(guest, XS_WATCH, 0, "data", token, NULL), 0);
	}
	assert_int_equal(ask(guest, XS_WATCH, 0, "data", "more", NULL), -E2BIG);
	assert_int_equal(ask(guest, XS_RESET_WATCHES, 0, "", NULL), 0);
	guest->events[0] = '\0';
	assert_int_equal(server.store.watches.path_count, 0);
	ask_write(guest, 0, "data", "");
	assert_events(guest, "");
	assert_int_equal(ask(guest, XS_WATCH, 0, "data", "more", NULL), 0);
}

/* A guest that takes no events gets each distinct one once, and costs a bounded amount. */
static void test_deaf_guest(void **state)
{
	char path[64];

	(void)state;
	watch(guest, "data", "t");
	guest->stuck = true;
	for (int i = 0; i < 100; i++) {
		ask_write(host, 0, "/local/domain/5/data", "x");
	}
	guest->stuck = false;
	conn_ready(guest->conn);
	assert_events(guest, "data t\ndata t\n"); /* what was on its way, and one more */
	guest->stuck = true;
	for (int i = 0; i < 30000; i++) {
		snprintf(path, sizeof(path), "/local/domain/5/data/%d", i);
		ask_write(host, 0, path, "x");
		ask(host, XS_RM, 0, path, NULL);
	}
	assert_true(guest->conn->out.bytes <= 2560 * 1024);
	assert_int_equal(guest->conn->broken, 0);
}

/* A program in dom0 that takes no events is cut off rather than left without some. */
static void test_deaf_client(void **state)
{
	struct peer *deaf = peer_new(&server, 0);
	int i;

	(void)state;
	server.store.limits.value[LIMIT_HOST_OUTPUT_BYTES] = 10000;
	watch(deaf, "/x", "t");
	deaf->stuck = true;
	for (i = 0; i < 1000 && !deaf->broke; i++) {
		ask_write(host, 0, "/x", "");
	}
	assert_int_equal(deaf->broke, -ENOBUFS);
	assert_in_range(i, 50, 500);
	free(deaf);
}

/* Random watches and changes: told exactly those whose path is the changed one or above it. */
static void test_random(void **state)
{
	char path[64], expected[65536], line[128];
	struct {
		char path[64], token[16];
	} kept[200];

	(void)state;
	srandom(3);
	for (int i = 0; i < 200; i++) {
		int depth = 1 + random() % 3, len = 0;

		for (int k = 0; k < depth; k++) {
			len += sprintf(kept[i].path + len, "/%ld", random() % 4);
		}
		sprintf(kept[i].token, "%d", i);
		watch(host, kept[i].path, kept[i].token);
	}
	for (int step = 0; step < 2000; step++) {
		unsigned int told = 0;
		int len = 0;

		for (int k = 0; k < 3; k++) {
			len += sprintf(path + len, "/%ld", random() % 4);
		}
		ask_write(host, 0, path, "");
		run_idle(&server);
		assert_false(peer_take(host));
		strcpy(expected, host->events);
		host->events[0] = '\0';
		for (int i = 0; i < 200; i++) {
			size_t n = strlen(kept[i].path);
			bool above =
				strncmp(path, kept[i].path, n) == 0 && (path[n] == '/' || !path[n]);

			snprintf(line, sizeof(line), "%s %s\n", path, kept[i].token);
			assert_int_equal(strstr(expected, line) != NULL, above);
			told += above;
		}
		for (const char *p = expected; *p; p++) {
			told -= *p == '\n';
		}
		assert_int_equal(told, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arguments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_change_no_event, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rights, setup, teardown),
		cmocka_unit_test_setup_teardown(test_special, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit_and_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deaf_guest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deaf_client, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
