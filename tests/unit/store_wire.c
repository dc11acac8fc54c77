/* SPDX-License-Identifier: MIT */
/*
 * The protocol's framing, the rings' indexes with a hostile peer, and malformed requests of
 * every type.
 */
#include "store_peer.h"

static struct server server;
static struct peer *host, *guest;

static int setup(void **state)
{
	(void)state;
	server_init(&server, NULL, NULL);
	host = peer_new(&server, 0);
	guest = peer_new(&server, 5);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	server_free(&server);
	free(host);
	free(guest);
	return 0;
}

/* A request that arrives byte by byte is answered once, at its last byte. */
static void test_byte_by_byte(void **state)
{
	struct xsd_sockmsg h = {XS_READ, 77, 0, 6};
	char message[sizeof(h) + 6];

	(void)state;
	ask_write(host, 0, "/name", "value");
	memcpy(message, &h, sizeof(h));
	memcpy(message + sizeof(h), "/name", 6);
	for (size_t i = 0; i < sizeof(message); i++) {
		assert_false(peer_take(host));
		peer_push(host, message + i, 1);
		run_idle(&server);
	}
	memcpy(&h, host->out + host->out_done, sizeof(h));
	assert_int_equal(h.req_id, 77);
	assert_true(peer_take(host));
	assert_string_equal(host->data, "value");
	assert_false(peer_take(host));
}

/* Many requests at once are answered in order, over several turns, those of a turn together. */
static void test_pipeline(void **state)
{
	char path[16];

	(void)state;
	for (int i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "%d", i);
		peer_send(host, XS_GET_DOMAIN_PATH, 0, path, strlen(path) + 1);
	}
	assert_true(server_run(&server)); /* one turn is not enough: others must have theirs */
	run_idle(&server);
	assert_in_range(host->writes, 2, 50);
	for (int i = 0; i < 500; i++) {
		assert_true(peer_take(host));
		assert_int_equal(atoi(host->data + strlen("/local/domain/")), i);
	}
	assert_false(peer_take(host));
}

static void test_too_long(void **state)
{
	struct xsd_sockmsg h = {XS_READ, 1, 0, XENSTORE_PAYLOAD_MAX + 1};
	char longest[XENSTORE_PAYLOAD_MAX];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(ask_bytes(host, XS_READ, 0, longest, sizeof(longest)), -EINVAL);
	h.len = 0xffffffff;
	peer_push(guest, &h, sizeof(h));
	run_idle(&server);
	assert_int_equal(guest->broke, -EPROTO);
	peer_send(guest, XS_READ, 0, "/", 2);
	run_idle(&server);
	assert_int_equal(guest->out_len, 0); /* nobody listens to it any more */
	assert_int_equal(ask(host, XS_READ, 0, "/", NULL), 0);
}

static void test_unknown_types(void **state)
{
	(void)state;
	assert_int_equal(ask(host, XS_WATCH_EVENT, 0, "/", NULL), -ENOSYS);
	assert_int_equal(ask(host, XS_ERROR, 0, "/", NULL), -ENOSYS);
	assert_int_equal(ask(host, 20, 0, "/", NULL), -ENOSYS);
	assert_int_equal(ask(host, XS_TYPE_COUNT, 0, "/", NULL), -ENOSYS);
	assert_int_equal(ask(host, XS_INVALID, 0, "/", NULL), -ENOSYS);
	assert_int_equal(ask(host, 0xffffffff, 0, "/", NULL), -ENOSYS);
}

/* Payloads that are no list of strings as the type wants it: an error, never more. */
static void test_malformed(void **state)
{
	static const struct {
		const char *data;
		size_t len;
	} bad[] = {{"", 0},      {"x", 1},     {"/", 1},     {"\0", 1},
		   {"/a/\0", 4}, {"/a\0b", 4}, {"\0\0\0", 3}};
	static const uint32_t types[] = {
		XS_DIRECTORY, XS_READ,       XS_GET_PERMS,      XS_WATCH,
		XS_UNWATCH,   XS_INTRODUCE,  XS_RELEASE,        XS_GET_DOMAIN_PATH,
		XS_MKDIR,     XS_RM,         XS_SET_PERMS,      XS_IS_DOMAIN_INTRODUCED,
		XS_RESUME,    XS_SET_TARGET, XS_DIRECTORY_PART, XS_TRANSACTION_END,
		XS_CONTROL,
	};

	(void)state;
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			/* UNWATCH "/a" "b" is well-formed but for the missing NUL. */
			if (ask_bytes(host, types[t], 0, bad[i].data, bad[i].len) == 0) {
				fail_msg("type %u took payload %zu", types[t], i);
			}
		}
	}
	assert_int_equal(ask_bytes(host, XS_WRITE, 0, "/a", 2), -EINVAL);
	assert_int_equal(ask_bytes(host, XS_WRITE, 0, "/a\0", 3), 0); /* an empty value */
	assert_int_equal(ask_bytes(host, XS_WRITE, 0, "/a\0\0\1\2", 6), 0);
	assert_int_equal(ask(host, XS_READ, 0, "/a", NULL), 0);
	assert_int_equal(host->len, 3);
	assert_memory_equal(host->data, "\0\1\2", 3);
	assert_int_equal(ask(host, XS_READ, 99, "/a", NULL), -ENOENT); /* no such transaction */
}

static void test_host_only(void **state)
{
	static const uint32_t types[] = {XS_CONTROL, XS_INTRODUCE, XS_RELEASE, XS_RESUME,
					 XS_SET_TARGET};

	(void)state;
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		assert_int_equal(ask(guest, types[t], 0, "5", "6", "7", NULL), -EACCES);
	}
}

/* A list that is too long for DIRECTORY comes in parts. */
static void test_parts(void **state)
{
	char path[32], offset[16], generation[32] = "";
	size_t taken = 0, names = 0;
	bool end = false;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/many/name-%04d", i);
		assert_int_equal(ask_write(host, 0, path, ""), 0);
	}
	assert_int_equal(ask(host, XS_DIRECTORY, 0, "/many", NULL), -E2BIG);
	while (!end) {
		const char *p;

		snprintf(offset, sizeof(offset), "%zu", taken);
		assert_int_equal(ask(host, XS_DIRECTORY_PART, 0, "/many", offset, NULL), 0);
		assert_true(!*generation || strcmp(generation, host->data) == 0);
		strcpy(generation, host->data);
		for (p = host->data + strlen(host->data) + 1; p < host->data + host->len;
		     p += strlen(p) + 1) {
			if (!*p) {
				end = true;
				break;
			}
			snprintf(path, sizeof(path), "name-%04zu", names++);
			assert_string_equal(p, path);
			taken += strlen(p) + 1;
		}
	}
	assert_int_equal(names, 1000);
	assert_int_equal(ask(host, XS_DIRECTORY_PART, 0, "/many", "4000000", NULL), 0);
	assert_int_equal(host->len, strlen(host->data) + 2);
	ask_write(host, 0, "/many/one-more", "");
	assert_int_equal(ask(host, XS_DIRECTORY_PART, 0, "/many", "0", NULL), 0);
	assert_string_not_equal(host->data, generation); /* the reader must begin again */
	assert_int_equal(ask(host, XS_DIRECTORY_PART, 0, "/many", "-1", NULL), -EINVAL);
}

static void test_control(void **state)
{
	unsigned long counted;

	(void)state;
	assert_int_equal(ask(host, XS_CONTROL, 0, "help", NULL), 0);
	assert_non_null(strstr(host->data, "memreport"));
	assert_int_equal(ask(host, XS_CONTROL, 0, "check", NULL), 0);
	assert_memory_equal(host->data, "consistent: ", 12);
	counted = strtoul(host->data + 12, NULL, 10);
	assert_int_equal(ask(host, XS_CONTROL, 0, "nodes", NULL), 0);
	assert_int_equal(strtoul(host->data, NULL, 10), counted);
	ask_write(host, 0, "/counted/twice", "");
	assert_int_equal(ask(host, XS_CONTROL, 0, "nodes", NULL), 0);
	assert_int_equal(strtoul(host->data, NULL, 10), counted + 2);
	assert_int_equal(ask(host, XS_CONTROL, 0, "memreport", NULL), 0);
	assert_int_equal(ask(host, XS_CONTROL, 0, "log", "maybe", NULL), -EINVAL);
	assert_int_equal(ask(host, XS_CONTROL, 0, "quota", "nodes", "3", NULL), 0);
	assert_int_equal(server.store.limits.value[LIMIT_NODES], 3);
	assert_int_equal(ask(host, XS_CONTROL, 0, "quota", "nodez", "3", NULL), -EINVAL);
	assert_int_equal(ask(host, XS_CONTROL, 0, "quota", NULL), 0);
	assert_int_equal(ask(host, XS_CONTROL, 0, "no-such", NULL), -EINVAL);
}

/* ---- rings ---- */

static struct xenstore_domain_interface page;

static void test_ring_wraps(void **state)
{
	char out[XENSTORE_RING_SIZE], in[XENSTORE_RING_SIZE];
	struct ring r;

	(void)state;
	memset(&page, 0, sizeof(page));
	/* Just before both the ring's end and the index's. */
	page.req_cons = page.req_prod = page.rsp_cons = page.rsp_prod = 0xfffffff0;
	ring_attach(&r, &page);
	for (size_t i = 0; i < sizeof(out); i++) {
		out[i] = random();
	}
	assert_int_equal(guest_send(&page, out, sizeof(out)), sizeof(out));
	assert_int_equal(ring_read(&r, in, 10), 10);
	assert_int_equal(ring_read(&r, in + 10, sizeof(in)), sizeof(in) - 10);
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(ring_read(&r, in, sizeof(in)), 0);
	assert_int_equal(page.req_cons, 0xfffffff0u + 1024);
	assert_int_equal(ring_write(&r, out, sizeof(out)), sizeof(out));
	assert_int_equal(ring_write(&r, out, 1), 0); /* full */
	assert_int_equal(guest_receive(&page, in, sizeof(in)), sizeof(in));
	assert_memory_equal(in, out, sizeof(in));
}

static void test_ring_hostile_indexes(void **state)
{
	char data[64];
	struct ring r;

	(void)state;
	memset(&page, 0, sizeof(page));
	ring_attach(&r, &page);
	for (uint32_t jump = XENSTORE_RING_SIZE + 1; jump; jump *= 2) {
		page.req_prod = r.req_cons + jump;
		assert_int_equal(ring_read(&r, data, sizeof(data)), -EPROTO);
	}
	page.req_prod = r.req_cons - 1; /* backwards */
	assert_int_equal(ring_read(&r, data, sizeof(data)), -EPROTO);
	page.req_prod = r.req_cons;
	page.rsp_cons = r.rsp_prod + 1; /* took what was never sent */
	assert_int_equal(ring_write(&r, data, sizeof(data)), -EPROTO);
	page.rsp_cons = r.rsp_prod - XENSTORE_RING_SIZE - 1;
	assert_int_equal(ring_write(&r, data, sizeof(data)), -EPROTO);
}

/* The daemon's own indexes are its own: what a domain writes there is not believed. */
static void test_ring_own_indexes(void **state)
{
	char in[16] = "";
	struct ring r;

	(void)state;
	memset(&page, 0, sizeof(page));
	ring_attach(&r, &page);
	page.req_cons = 500;
	page.rsp_prod = 500;
	memcpy(page.req, "hello", 5);
	page.req_prod = 5;
	assert_int_equal(ring_read(&r, in, sizeof(in)), 5);
	assert_string_equal(in, "hello");
	assert_int_equal(page.req_cons, 5);
	assert_int_equal(ring_write(&r, "abc", 3), 3);
	assert_int_equal(page.rsp_prod, 3);
	assert_memory_equal(page.rsp, "abc", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_byte_by_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pipeline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_types, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_control, setup, teardown),
		cmocka_unit_test(test_ring_wraps),
		cmocka_unit_test(test_ring_hostile_indexes),
		cmocka_unit_test(test_ring_own_indexes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
