/* SPDX-License-Identifier: MIT */
/*
 * Domains on a Xen of tables: introduction, talk through rings, quotas, hostile rings, the end of
 * a domain, and a new domain with an old one's number.
 */
#include "store_peer.h"

static struct server server;
static struct fake_xen *xen;
static struct peer *host;

static int setup(void **state)
{
	(void)state;
	xen = calloc(1, sizeof(*xen));
	server_init(&server, &fake_ops, xen);
	host = peer_new(&server, 0);
	return 0;
}

static int teardown(void **state)
{
	uint64_t nodes;

	(void)state;
	assert_true(store_check(&server.store, &nodes));
	server_free(&server);
	for (int i = 0; i < FAKE_DOMAINS; i++) {
		assert_false(xen->mapped[i]);
		assert_false(xen->bound[i]);
	}
	free(host);
	free(xen);
	return 0;
}

static int introduce(int domid)
{
	char id[16], path[64], owner[16];

	snprintf(id, sizeof(id), "%d", domid);
	snprintf(path, sizeof(path), "/local/domain/%d", domid);
	snprintf(owner, sizeof(owner), "n%d", domid);
	xen->alive[domid] = true;
	assert_int_equal(ask(host, XS_MKDIR, 0, path, NULL), 0);
	assert_int_equal(ask(host, XS_SET_PERMS, 0, path, owner, NULL), 0);
	return ask(host, XS_INTRODUCE, 0, id, "12345", "1", NULL);
}

static void event(int domid)
{
	domain_event(&server, FAKE_FIRST_PORT + domid);
	run_idle(&server);
}

/* One request through the ring; message and answer may be larger than it. Returns the type. */
static uint32_t ring_ask(int domid, uint32_t type, const void *data, size_t len, char *answer,
			 size_t *answer_len)
{
	struct xenstore_domain_interface *page = &xen->pages[domid];
	char request[WIRE_MESSAGE_MAX], reply[WIRE_MESSAGE_MAX];
	struct xsd_sockmsg h = {type, 42, 0, len};
	size_t sent = 0, got = 0;

	memcpy(request, &h, sizeof(h));
	memcpy(request + sizeof(h), data, len);
	for (int i = 0; i < 100; i++) {
		sent += guest_send(page, request + sent, sizeof(h) + len - sent);
		event(domid);
		got += guest_receive(page, reply + got,
				     got < sizeof(h) ? sizeof(h) - got : sizeof(h) + h.len - got);
		if (got == sizeof(h)) {
			memcpy(&h, reply, sizeof(h));
			assert_true(h.len <= XENSTORE_PAYLOAD_MAX);
		}
		if (sent == sizeof(h) + len && got >= sizeof(h) && got == sizeof(h) + h.len) {
			memcpy(answer, reply + sizeof(h), h.len);
			answer[h.len] = '\0';
			*answer_len = h.len;
			assert_int_equal(h.req_id, 42);
			return h.type;
		}
	}
	fail_msg("no answer");
	return 0;
}

static void test_introduce(void **state)
{
	char answer[8192];
	size_t len;

	(void)state;
	ask(host, XS_WATCH, 0, "@introduceDomain", "t", NULL);
	assert_events(host, "@introduceDomain t\n");
	assert_int_equal(ask(host, XS_INTRODUCE, 0, "5", "1", "1", NULL), -EINVAL); /* none such */
	assert_int_equal(ask(host, XS_IS_DOMAIN_INTRODUCED, 0, "5", NULL), 0);
	assert_string_equal(host->data, "F");
	assert_int_equal(introduce(5), 0);
	assert_events(host, "@introduceDomain t\n");
	assert_int_equal(ask(host, XS_IS_DOMAIN_INTRODUCED, 0, "5", NULL), 0);
	assert_string_equal(host->data, "T");
	assert_int_equal(ask(host, XS_IS_DOMAIN_INTRODUCED, 0, "0", NULL), 0);
	assert_string_equal(host->data, "T");
	assert_true(xen->notified[5] > 0);
	assert_int_equal(xen->pages[5].server_features, 3);
	assert_int_equal(ring_ask(5, XS_WRITE, "data\0hello", 10, answer, &len), XS_WRITE);
	assert_reads(host, 0, "/local/domain/5/data", "hello");
	assert_int_equal(ring_ask(5, XS_READ, "data", 5, answer, &len), XS_READ);
	assert_string_equal(answer, "hello");
	assert_int_equal(ring_ask(5, XS_GET_DOMAIN_PATH, "5", 2, answer, &len), XS_GET_DOMAIN_PATH);
	assert_string_equal(answer, "/local/domain/5");
	assert_int_equal(ask(host, XS_INTRODUCE, 0, "0", "1", "1", NULL), -EINVAL);
	assert_int_equal(ask(host, XS_INTRODUCE, 0, "40000", "1", "1", NULL), -EINVAL);
	assert_int_equal(ask(host, XS_INTRODUCE, 0, "6", "1", "0", NULL), -EINVAL);
	xen->alive[6] = true;
	assert_int_equal(ask(host, XS_INTRODUCE, 0, "6", "1", "666", NULL), -EINVAL);
	assert_false(xen->mapped[6]); /* what failed half-way is undone */
}

/* Requests and answers that are larger than the ring go through it in parts. */
static void test_large(void **state)
{
	char payload[4096], answer[8192];
	size_t len;

	(void)state;
	assert_int_equal(introduce(5), 0);
	memcpy(payload, "data", 5);
	memset(payload + 5, 'x', 2048);
	assert_int_equal(ring_ask(5, XS_WRITE, payload, 5 + 2048, answer, &len), XS_WRITE);
	assert_int_equal(ring_ask(5, XS_READ, "data", 5, answer, &len), XS_READ);
	assert_int_equal(len, 2048);
	assert_int_equal(ring_ask(5, XS_WRITE, payload, 5 + 2049, answer, &len), XS_ERROR);
	assert_string_equal(answer, "ENOSPC");
}

static void test_hostile_ring(void **state)
{
	char answer[8192];
	size_t len;

	(void)state;
	assert_int_equal(introduce(5), 0);
	assert_int_equal(introduce(6), 0);
	ring_ask(5, XS_WATCH, "data\0t\0", 7, answer, &len);
	xen->pages[5].req_prod = xen->pages[5].req_cons + 1025;
	event(5);
	assert_int_equal(xen->pages[5].error, XENSTORE_ERROR_RINGIDX);
	assert_true(server.domains[5]->conn->broken);
	assert_int_equal(server.store.watches.path_count, 0);
	ask_write(host, 0, "/local/domain/5/data", "x");
	event(5);
	assert_int_equal(ring_ask(6, XS_WRITE, "data\0y", 6, answer, &len), XS_WRITE);
	/* The toolstack may connect it anew. */
	memset(&xen->pages[5], 0, sizeof(xen->pages[5]));
	assert_int_equal(ask(host, XS_INTRODUCE, 0, "5", "1", "1", NULL), 0);
	assert_int_equal(ring_ask(5, XS_READ, "data", 5, answer, &len), XS_READ);
	assert_string_equal(answer, "x");
}

/* An illegal length in a ring; then the domain asks for a fresh connection and gets it. */
static void test_reconnect(void **state)
{
	struct xenstore_domain_interface *page = &xen->pages[5];
	struct xsd_sockmsg h = {XS_READ, 1, 0, 5000};
	char answer[8192];
	size_t len;

	(void)state;
	assert_int_equal(introduce(5), 0);
	guest_send(page, &h, sizeof(h));
	event(5);
	assert_true(server.domains[5]->conn->broken);
	page->connection = XENSTORE_RECONNECT;
	event(5);
	assert_int_equal(page->connection, XENSTORE_CONNECTED);
	assert_int_equal(page->req_prod, 0);
	assert_int_equal(page->error, XENSTORE_ERROR_NONE);
	assert_int_equal(ring_ask(5, XS_DIRECTORY, "", 1, answer, &len), XS_ERROR);
	assert_string_equal(answer, "EINVAL");
	assert_int_equal(ring_ask(5, XS_DIRECTORY, "/local/domain/5", 16, answer, &len),
			 XS_DIRECTORY);
}

static void test_death(void **state)
{
	char answer[8192];
	size_t len;

	(void)state;
	ask(host, XS_WATCH, 0, "@releaseDomain", "t", NULL);
	assert_events(host, "@releaseDomain t\n");
	assert_int_equal(introduce(5), 0);
	assert_int_equal(introduce(6), 0);
	domain_scan(&server);
	assert_events(host, "");
	xen->shutdown[5] = true;
	domain_scan(&server);
	assert_events(host, "@releaseDomain t\n");
	domain_scan(&server); /* told once */
	assert_events(host, "");
	assert_true(xen->mapped[5]); /* it may be resumed */
	assert_int_equal(ask(host, XS_RESUME, 0, "5", NULL), 0);
	domain_scan(&server);
	assert_events(host, "@releaseDomain t\n");
	xen->deaf = true;
	domain_scan(&server); /* not to be told is not to be dead */
	assert_events(host, "");
	assert_true(xen->mapped[6]);
	xen->deaf = false;
	xen->dying[5] = true;
	domain_scan(&server);
	assert_events(host, "@releaseDomain t\n");
	assert_false(xen->mapped[5]);
	xen->alive[5] = false;
	domain_scan(&server);
	assert_events(host, "");
	assert_int_equal(ring_ask(6, XS_READ, "x", 2, answer, &len), XS_ERROR);
	assert_int_equal(ask(host, XS_RELEASE, 0, "5", NULL), -ENOENT);
	assert_int_equal(ask(host, XS_RELEASE, 0, "0", NULL), -EINVAL);
	assert_int_equal(ask(host, XS_RELEASE, 0, "6", NULL), 0);
	assert_events(host, "@releaseDomain t\n");
	assert_false(xen->mapped[6]);
	assert_int_equal(ask(host, XS_RESUME, 0, "6", NULL), -ENOENT);
}

/* What named the old domain 5 means nothing for the new one. */
static void test_number_again(void **state)
{
	char answer[8192];
	size_t len;

	(void)state;
	assert_int_equal(introduce(5), 0);
	ring_ask(5, XS_WRITE, "secret\0old", 10, answer, &len);
	ask_write(host, 0, "/shared", "host's");
	assert_int_equal(ask(host, XS_SET_PERMS, 0, "/shared", "n0", "b5", NULL), 0);
	assert_int_equal(ring_ask(5, XS_READ, "/shared", 8, answer, &len), XS_READ);
	assert_true(server.store.owners[5].nodes == 2);
	xen->alive[5] = false;
	domain_scan(&server);
	assert_true(server.store.owners[5].nodes == 0);
	memset(&xen->pages[5], 0, sizeof(xen->pages[5]));
	/* The tools take their time to clean up. */
	xen->alive[5] = true;
	assert_int_equal(ask(host, XS_INTRODUCE, 0, "5", "1", "1", NULL), 0);
	assert_int_equal(ring_ask(5, XS_READ, "secret", 7, answer, &len), XS_ERROR);
	assert_string_equal(answer, "EACCES");
	assert_int_equal(ring_ask(5, XS_READ, "/shared", 8, answer, &len), XS_ERROR);
	assert_string_equal(answer, "EACCES");
	assert_int_equal(ask(host, XS_GET_PERMS, 0, "/local/domain/5/secret", NULL), 0);
	assert_string_equal(host->data, "n0");
}

/* A domain that was built but never introduced, and is gone again. */
static void test_never_introduced(void **state)
{
	(void)state;
	xen->alive[7] = true;
	ask_write(host, 0, "/local/domain/7", "");
	assert_int_equal(ask(host, XS_SET_PERMS, 0, "/local/domain/7", "n7", NULL), 0);
	domain_scan(&server);
	assert_true(server.store.owners[7].nodes == 1);
	xen->alive[7] = false;
	domain_scan(&server);
	assert_true(server.store.owners[7].nodes == 0);
}

static void test_target(void **state)
{
	char answer[8192];
	size_t len;

	(void)state;
	assert_int_equal(introduce(5), 0);
	assert_int_equal(introduce(6), 0);
	ring_ask(5, XS_WRITE, "data\0mine", 9, answer, &len);
	assert_int_equal(ring_ask(6, XS_READ, "/local/domain/5/data", 21, answer, &len), XS_ERROR);
	assert_int_equal(ask(host, XS_SET_TARGET, 0, "6", "9", NULL), -ENOENT);
	assert_int_equal(ask(host, XS_SET_TARGET, 0, "6", "5", NULL), 0);
	assert_int_equal(ring_ask(6, XS_READ, "/local/domain/5/data", 21, answer, &len), XS_READ);
	xen->alive[5] = false;
	domain_scan(&server);
	assert_int_equal(server.domains[6]->conn->watcher.who.target, -1);
}

static void test_node_quota(void **state)
{
	struct peer *g = peer_new(&server, 5);
	char path[32];
	int i;

	(void)state;
	ask(host, XS_MKDIR, 0, "/local/domain/5", NULL);
	ask(host, XS_SET_PERMS, 0, "/local/domain/5", "b5", NULL);
	for (i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "n%d", i);
		if (ask_write(g, 0, path, "")) {
			break;
		}
	}
	assert_int_equal(i, 999); /* and the folder itself */
	assert_string_equal(g->data, "ENOSPC");
	assert_int_equal(ask_write(g, 0, "n1", "changed"), 0);
	assert_int_equal(ask(g, XS_RM, 0, "n1", NULL), 0);
	assert_int_equal(ask(g, XS_MKDIR, 0, "x/y", NULL), -ENOSPC); /* two, with one free */
	assert_int_equal(ask(g, XS_MKDIR, 0, "x", NULL), 0);
	/* In a transaction what it removed itself is free at once, for itself. */
	snprintf(path, sizeof(path), "%u", ask_start(g));
	assert_int_equal(ask(g, XS_RM, atoi(path), "x", NULL), 0);
	assert_int_equal(ask(g, XS_MKDIR, atoi(path), "z", NULL), 0);
	assert_int_equal(ask(g, XS_MKDIR, atoi(path), "zz", NULL), -ENOSPC);
	assert_int_equal(ask_end(g, atoi(path), "T"), 0);
	/* The host is not bound by the guest's quota, another guest has its own. */
	assert_int_equal(ask_write(host, 0, "/local/domain/5/host", ""), 0);
	assert_int_equal(server.store.owners[5].nodes, 1001);
	conn_free(g->conn);
	free(g);
}

static void test_memory_quota(void **state)
{
	struct peer *g = peer_new(&server, 5);
	char value[2049], path[32];
	int i, err = 0;

	(void)state;
	server.store.limits.value[LIMIT_MEMORY] = 100 * 1024;
	ask(host, XS_MKDIR, 0, "/local/domain/5", NULL);
	ask(host, XS_SET_PERMS, 0, "/local/domain/5", "n5", NULL);
	memset(value, 'v', 2048);
	value[2048] = '\0';
	for (i = 0; i < 1000 && !err; i++) {
		snprintf(path, sizeof(path), "n%d", i);
		err = ask_write(g, 0, path, value);
	}
	assert_int_equal(err, -ENOMEM);
	assert_in_range(i, 40, 50);
	assert_int_equal(ask_write(g, 0, "n0", ""), 0);
	assert_int_equal(ask_write(g, 0, "n1", "smaller"), 0);
	conn_free(g->conn);
	free(g);
}

static void test_perms_quota(void **state)
{
	struct peer *g = peer_new(&server, 5);

	(void)state;
	ask(host, XS_MKDIR, 0, "/local/domain/5", NULL);
	ask(host, XS_SET_PERMS, 0, "/local/domain/5", "n5", NULL);
	ask_write(g, 0, "x", "");
	assert_int_equal(ask(g, XS_SET_PERMS, 0, "x", "n5", "r1", "r2", "r3", "r4", NULL), 0);
	assert_int_equal(ask(g, XS_SET_PERMS, 0, "x", "n5", "r1", "r2", "r3", "r4", "r6", NULL),
			 -ENOSPC);
	assert_int_equal(ask(g, XS_SET_PERMS, 0, "x", "n6", NULL), -EPERM); /* no giving away */
	assert_int_equal(ask(g, XS_SET_PERMS, 0, "/tool", "n5", NULL), -EACCES);
	assert_int_equal(ask(g, XS_SET_PERMS, 0, "x", "q5", NULL), -EINVAL);
	conn_free(g->conn);
	free(g);
}

/* A guest that asks but does not take the answers is not read any further. */
static void test_outstanding(void **state)
{
	struct peer *g = peer_new(&server, 5);

	(void)state;
	g->stuck = true;
	for (int i = 0; i < 1000; i++) {
		peer_send(g, XS_GET_DOMAIN_PATH, 0, "5", 2);
	}
	run_idle(&server);
	assert_int_equal(g->conn->out.replies, 20);
	assert_int_equal(ask(host, XS_READ, 0, "/", NULL), 0);
	g->stuck = false;
	conn_ready(g->conn);
	run_idle(&server);
	for (int i = 0; i < 1000; i++) {
		assert_true(peer_take(g));
	}
	conn_free(g->conn);
	free(g);
}

/* dom0's own kernel: its page is there before, and it waits to be notified. */
static void test_host_ring(void **state)
{
	char answer[8192];
	size_t len;

	(void)state;
	xen->mapped[0] = xen->bound[0] = true;
	domain_attach_host(&server, &xen->pages[0], FAKE_FIRST_PORT);
	assert_true(xen->notified[0] > 0);
	assert_int_equal(ring_ask(0, XS_WRITE, "name\0Domain-0", 13, answer, &len), XS_WRITE);
	assert_reads(host, 0, "/local/domain/0/name", "Domain-0");
	assert_int_equal(ring_ask(0, XS_IS_DOMAIN_INTRODUCED, "0", 2, answer, &len),
			 XS_IS_DOMAIN_INTRODUCED);
	domain_scan(&server);
	assert_true(xen->mapped[0]);
}

/* Many come and go: nothing is left. */
static void test_no_leak(void **state)
{
	uint64_t first, last;
	char path[64], id[16];

	(void)state;
	assert_true(store_check(&server.store, &first));
	for (int i = 0; i < 300; i++) {
		int domid = 1 + i % (FAKE_DOMAINS - 1);

		assert_int_equal(introduce(domid), 0);
		xen->alive[domid] = false;
		domain_scan(&server);
		snprintf(path, sizeof(path), "/local/domain/%d", domid);
		assert_int_equal(ask(host, XS_RM, 0, path, NULL), 0);
		snprintf(id, sizeof(id), "%d", domid);
		assert_int_equal(ask(host, XS_IS_DOMAIN_INTRODUCED, 0, id, NULL), 0);
		assert_string_equal(host->data, "F");
	}
	assert_true(store_check(&server.store, &last));
	assert_true(first == last);
	assert_int_equal(server.conn_count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(introduce),  TEST(large),        TEST(hostile_ring),     TEST(reconnect),
		TEST(death),      TEST(number_again), TEST(never_introduced), TEST(target),
		TEST(node_quota), TEST(memory_quota), TEST(perms_quota),      TEST(outstanding),
		TEST(host_ring),  TEST(no_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
