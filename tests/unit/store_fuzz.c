/* SPDX-License-Identifier: MIT */
/*
 * A hundred thousand random messages, seeded: from dom0's client, from guests over memory, and
 * through a ring whose page is scribbled on. The daemon must answer each whole message once, keep
 * its invariants, and never trip a sanitizer.
 */
#include "store_peer.h"

#define MESSAGES 100000
#define PEERS    4

static struct server server;
static struct fake_xen xen;

static const char *const words[] = {
	"/",
	"/a",
	"/a/b",
	"a",
	"b",
	"data",
	"/local/domain/5",
	"/a/b/c/d",
	"n5",
	"r6",
	"b0",
	"w32751",
	"n0",
	"@releaseDomain",
	"T",
	"F",
	"0",
	"5",
	"6",
	"31",
	"32752",
	"-1",
	"1",
	"help",
	"check",
	"memreport",
	"quota",
	"4294967295",
	"token",
	"",
	"//",
	"/local/domain",
	"/a/",
	"/local",
	"@introduceDomain",
	"nodes",
	"65535",
	"0x10",
	"/x/\xff",
	"/local/domain/6",
};

static uint32_t pick(uint32_t n)
{
	return random() % n;
}

/* Random words, sometimes random bytes, sometimes without the last NUL. Returns the length. */
static size_t random_payload(char *text)
{
	size_t len = 0, count = pick(5);

	for (size_t i = 0; i < count; i++) {
		const char *word = words[pick(sizeof(words) / sizeof(words[0]))];

		memcpy(text + len, word, strlen(word) + 1);
		len += strlen(word) + 1;
	}
	if (pick(8) == 0) {
		for (size_t i = pick(300); i; i--) {
			text[len++] = random();
		}
	}
	return len - (len && pick(10) == 0);
}

static uint32_t random_type(void)
{
	switch (pick(20)) {
	case 0:
		return random();
	case 1:
		return XS_TRANSACTION_START;
	default:
		return pick(XS_TYPE_COUNT + 1);
	}
}

static uint32_t random_txn(const struct conn *c)
{
	if (list_empty(&c->txns) || pick(2)) {
		return pick(30) ? 0 : random();
	}
	return list_entry(c->txns.prev, struct txn, link)->id;
}

static void peer_step(struct peer *p, uint32_t *answered)
{
	char payload[2048];
	uint32_t type = random_type();
	size_t len = random_payload(payload);

	if (type == XS_RM && pick(10)) {
		type = XS_WRITE; /* lest the tree stays empty */
	}
	peer_send(p, type, random_txn(p->conn), payload, len);
	run_idle(&server);
	assert_true(peer_take(p));
	assert_false(peer_take(p));
	p->events[0] = '\0';
	++*answered;
}

/* Random bytes or a message through the ring, sometimes over the indexes as well. */
static void ring_step(struct xenstore_domain_interface *page)
{
	char bytes[4096];
	struct xsd_sockmsg h = {random_type(), random(), 0, 0};
	size_t len = random_payload(bytes + sizeof(h));

	h.len = pick(50) ? len : (uint32_t)random();
	memcpy(bytes, &h, sizeof(h));
	guest_send(page, bytes, sizeof(h) + len);
	if (pick(200) == 0) {
		((char *)page)[pick(sizeof(*page))] ^= 1 << pick(8);
	}
	if (pick(3)) {
		guest_receive(page, bytes, sizeof(bytes));
	}
	if (pick(500) == 0) {
		page->connection = XENSTORE_RECONNECT;
	}
	domain_event(&server, FAKE_FIRST_PORT + 7);
	run_idle(&server);
}

static void test_random_messages(void **state)
{
	struct peer *peers[PEERS];
	uint32_t answered = 0;
	uint64_t nodes;

	(void)state;
	srandom(12345);
	for (int i = 1; i < 8; i++) {
		xen.alive[i] = true;
	}
	log_set_level(LOG_LEVEL_ERROR);
	server_init(&server, &fake_ops, &xen);
	for (int i = 0; i < PEERS; i++) {
		peers[i] = peer_new(&server, i < 2 ? 0 : 3 + i);
	}
	ask(peers[0], XS_SET_PERMS, 0, "/", "b0", NULL);
	for (int i = 0; i < MESSAGES; i++) {
		if (!server.domains[7]) {
			memset(&xen.pages[7], 0, sizeof(xen.pages[7]));
			assert_int_equal(domain_introduce(&server, 7, 1), 0);
		}
		if (pick(5)) {
			peer_step(peers[pick(PEERS)], &answered);
		} else {
			ring_step(&xen.pages[7]);
		}
		if (i % 5000 == 0) {
			domain_scan(&server);
			assert_true(store_check(&server.store, &nodes));
		}
	}
	assert_in_range(answered, MESSAGES / 2, MESSAGES);
	assert_true(server.request_count > MESSAGES * 3 / 4);
	server_free(&server);
	for (int i = 0; i < PEERS; i++) {
		free(peers[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_messages)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
