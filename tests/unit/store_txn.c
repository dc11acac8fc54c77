/* SPDX-License-Identifier: MIT */
/*
 * Transactions. First the rule of merging case by case; then a random test of a few clients with
 * overlapping transactions against a naive model: a flat array of nodes, copied whole for each
 * transaction and replayed at its end. After every step the daemon and the model must agree on
 * each answer, on every node of the live tree, and on what each domain owns.
 */
#include "store_peer.h"

static struct server server;

static int setup(void **state)
{
	server_init(&server, NULL, NULL);
	(void)state;
	return 0;
}

static int teardown(void **state)
{
	uint64_t nodes;
	struct list *it;

	(void)state;
	assert_true(store_check(&server.store, &nodes));
	list_for_each (it, &server.conns) {
		free(list_entry(it, struct conn, link)->io_ctx);
	}
	server_free(&server);
	return 0;
}

static void test_isolation(void **state)
{
	struct peer *a = peer_new(&server, 0), *b = peer_new(&server, 0);
	uint32_t t;

	(void)state;
	ask_write(a, 0, "/x", "old");
	t = ask_start(a);
	assert_int_equal(ask_write(a, t, "/x", "new"), 0);
	assert_int_equal(ask_write(a, t, "/y/z", "1"), 0);
	assert_reads(a, t, "/x", "new");
	assert_reads(b, 0, "/x", "old");
	assert_int_equal(ask(b, XS_READ, 0, "/y/z", NULL), -ENOENT);
	assert_int_equal(ask(b, XS_READ, t, "/x", NULL), -ENOENT); /* not b's transaction */
	assert_int_equal(ask_end(a, t, "T"), 0);
	assert_reads(b, 0, "/x", "new");
	assert_reads(b, 0, "/y/z", "1");
	assert_int_equal(ask_end(a, t, "T"), -ENOENT);
}

static void test_abort(void **state)
{
	struct peer *a = peer_new(&server, 0);
	uint32_t t = ask_start(a);

	(void)state;
	assert_int_equal(ask_write(a, t, "/x", "new"), 0);
	assert_int_equal(ask(a, XS_TRANSACTION_START, t, "", NULL), -EBUSY);
	assert_int_equal(ask_end(a, t, "X"), -EINVAL);
	assert_int_equal(ask_end(a, t, "F"), 0);
	assert_int_equal(ask(a, XS_READ, 0, "/x", NULL), -ENOENT);
	assert_int_equal(ask_end(a, 0, "T"), -ENOENT);
}

/* What the other one does meanwhile, and whether a transaction that did `mine` must repeat. */
static const struct {
	const char *name, *mine, *others; /* r: read, d: list, p: permissions, w: write, m, x: rm */
	bool conflict;
} merges[] = {
	{"the value that was read changed", "r/a w/t", "w/a", true},
	{"it was written with the same content", "r/a w/t", "s/a", false},
	{"another value changed", "r/a w/t", "w/b", false},
	{"what was read has gone", "r/a w/t", "x/a", true},
	{"what was missed has come", "r/new w/t", "w/new", true},
	{"what was missed is still missing", "r/new w/t", "w/a", false},
	{"a listed folder got a child", "d/dir w/t", "w/dir/more", true},
	{"a listed folder lost a child", "d/dir w/t", "x/dir/one", true},
	{"a child of a listed folder changed", "d/dir w/t", "w/dir/one", false},
	{"a child came and went", "d/dir w/t", "w/dir/more x/dir/more", false},
	{"a folder below the listed one grew", "d/dir w/t", "w/dir/one/deep", false},
	{"siblings were created on both sides", "w/dir/mine", "w/dir/more", false},
	{"both wrote, neither read", "w/a", "w/a", false},
	{"both created the same folder", "m/new", "m/new", false},
	{"the permissions read have changed", "p/a w/t", "c/a", true},
	{"permissions of another node changed", "p/a w/t", "c/b", false},
	{"the folder above was removed", "r/dir/one w/t", "x/dir", true},
	{"written below what was removed", "w/dir/mine", "x/dir", false},
	{"removed what was removed", "x/dir/one", "x/dir/one", false},
	{"removed where the parent has gone", "x/dir/one", "x/dir", true},
	{"read only", "r/a d/dir", "w/a w/dir/more", false},
	{"read its own write, which was overwritten", "w/a r/a", "w/a", false},
};

/* Does a script such as "r/a w/t"; the values of w are unique to the transaction. */
static void script(struct peer *p, uint32_t t, const char *text)
{
	char copy[256], *save, *word;

	strcpy(copy, text);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		const char *path = word + 1;

		switch (*word) {
		case 'r':
			ask(p, XS_READ, t, path, NULL);
			break;
		case 'd':
			ask(p, XS_DIRECTORY, t, path, NULL);
			break;
		case 'p':
			ask(p, XS_GET_PERMS, t, path, NULL);
			break;
		case 'w':
			ask_write(p, t, path, t ? "mine" : "other's");
			break;
		case 's':
			ask_write(p, t, path, "start");
			break;
		case 'm':
			ask(p, XS_MKDIR, t, path, NULL);
			break;
		case 'x':
			ask(p, XS_RM, t, path, NULL);
			break;
		case 'c':
			ask(p, XS_SET_PERMS, t, path, "r3", NULL);
			break;
		}
	}
}

static void test_merges(void **state)
{
	struct peer *a = peer_new(&server, 0), *b = peer_new(&server, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(merges) / sizeof(merges[0]); i++) {
		int expected = merges[i].conflict ? -EAGAIN : 0;
		uint32_t t;

		script(b, 0, "x/a x/b x/t x/new x/dir s/a s/b s/dir/one s/dir/two");
		t = ask_start(a);
		script(a, t, merges[i].mine);
		script(b, 0, merges[i].others);
		if (ask_end(a, t, "T") != expected) {
			fail_msg("%s: expected %d", merges[i].name, expected);
		}
		if (merges[i].conflict) {
			assert_int_equal(ask(b, XS_READ, 0, "/t", NULL), -ENOENT);
		} else if (strstr(merges[i].mine, "w/t")) {
			assert_reads(b, 0, "/t", "mine");
		}
	}
}

static void test_both_changes_survive(void **state)
{
	struct peer *a = peer_new(&server, 0), *b = peer_new(&server, 0);
	uint32_t t = ask_start(a), u = ask_start(b);

	(void)state;
	ask_write(a, t, "/dir/a", "1");
	ask_write(b, u, "/dir/b", "2");
	assert_int_equal(ask_end(b, u, "T"), 0);
	assert_int_equal(ask_end(a, t, "T"), 0);
	assert_reads(a, 0, "/dir/a", "1");
	assert_reads(a, 0, "/dir/b", "2");
}

static void test_lost_update(void **state)
{
	struct peer *a = peer_new(&server, 0), *b = peer_new(&server, 0);
	uint32_t t, u;

	(void)state;
	ask_write(a, 0, "/counter", "0");
	t = ask_start(a);
	u = ask_start(b);
	assert_reads(a, t, "/counter", "0");
	assert_reads(b, u, "/counter", "0");
	ask_write(a, t, "/counter", "1");
	ask_write(b, u, "/counter", "1");
	assert_int_equal(ask_end(a, t, "T"), 0);
	assert_int_equal(ask_end(b, u, "T"), -EAGAIN);
}

static void test_events_at_the_end(void **state)
{
	struct peer *a = peer_new(&server, 0), *b = peer_new(&server, 0);
	uint32_t t;

	(void)state;
	assert_int_equal(ask(b, XS_WATCH, 0, "/w", "tok", NULL), 0);
	assert_events(b, "/w tok\n");
	t = ask_start(a);
	ask_write(a, t, "/w/1", "");
	ask_write(a, t, "/w/2", "");
	assert_events(b, "");
	assert_int_equal(ask_end(a, t, "T"), 0);
	assert_events(b, "/w/1 tok\n/w/2 tok\n");
	t = ask_start(a);
	ask_write(a, t, "/w/3", "");
	assert_int_equal(ask_end(a, t, "F"), 0);
	assert_events(b, "");
}

static void test_limits(void **state)
{
	struct peer *a = peer_new(&server, 5), *host = peer_new(&server, 0);
	uint32_t t = 0;

	(void)state;
	ask(host, XS_MKDIR, 0, "/local/domain/5", NULL);
	ask(host, XS_SET_PERMS, 0, "/local/domain/5", "n5", NULL);
	for (int i = 0; i < 10; i++) {
		t = ask_start(a);
	}
	assert_int_equal(ask(a, XS_TRANSACTION_START, 0, "", NULL), -ENOSPC);
	for (int i = 0; i < 1024; i++) {
		assert_int_equal(ask_write(a, t, "k", "v"), 0);
	}
	assert_int_equal(ask_write(a, t, "k", "v"), -ENOSPC);
	assert_int_equal(ask_end(a, t, "T"), 0);
	t = ask_start(a);
	for (int i = 0; i < 3000; i++) { /* polling does not fill the log */
		assert_int_equal(ask(a, XS_READ, t, "k", NULL), 0);
	}
	assert_int_equal(ask(a, XS_RESET_WATCHES, 0, "", NULL), 0);
	assert_int_equal(ask(a, XS_READ, t, "k", NULL), -ENOENT); /* all have ended */
}

/* ---- the random test ---- */

#define PATHS   39 /* 3 + 9 + 27 paths of the names a, b, c; index 0 is the root */
#define CLIENTS 4
#define OPS_MAX 24
#define STEPS   30000

struct model_node {
	bool there;
	int value, owner;
	char others; /* the letter of the first permission */
};

struct model {
	struct model_node node[PATHS + 1];
};

struct model_op {
	char what; /* as in script() */
	int path, value, owner;
	char others;
	int err, seen; /* the answer */
};

struct client {
	struct peer *peer;
	uint16_t domid;
	uint32_t txn;
	struct model snapshot;
	struct model_op log[OPS_MAX];
	int count;
};

static struct model live;
static char names[PATHS + 1][16];

static int parent_of(int i)
{
	return i <= 3 ? 0 : i <= 12 ? (i - 4) / 3 + 1 : (i - 13) / 3 + 4;
}

static void model_init(void)
{
	live.node[0] = (struct model_node){true, 0, 0, 'b'};
	strcpy(names[0], "/");
	for (int i = 1; i <= PATHS; i++) {
		int p = parent_of(i);

		snprintf(names[i], sizeof(names[i]), "%s/%c", p ? names[p] : "",
			 'a' + (i - (i <= 3    ? 1
				     : i <= 12 ? 4
					       : 13)) %
					 3);
	}
}

static bool model_may(const struct model_node *n, int who, char right)
{
	return who == 0 || n->owner == who || n->others == 'b' || n->others == right;
}

static int model_find(struct model *m, int path, int who, char right, bool owner)
{
	int near = path;

	while (!m->node[near].there) {
		near = parent_of(near);
	}
	if (near != path) {
		return model_may(&m->node[near], who, right) ? -ENOENT : -EACCES;
	}
	if (owner && who && m->node[path].owner != who) {
		return -EACCES;
	}
	return model_may(&m->node[path], who, right) ? 0 : -EACCES;
}

static void model_create(struct model *m, int path, int who)
{
	int p = parent_of(path);

	if (!m->node[p].there) {
		model_create(m, p, who);
	}
	m->node[path] = m->node[p];
	m->node[path].value = 0;
	m->node[path].owner = who ? who : m->node[p].owner;
}

static void model_remove(struct model *m, int path)
{
	m->node[path].there = false;
	for (int i = 1; i <= PATHS; i++) {
		if (m->node[i].there && i != path && parent_of(i) == path) {
			model_remove(m, i);
		}
	}
}

/* Applies op to a version; fills in the answer. Values and lists become one number, `seen`. */
static void model_apply(struct model *m, struct model_op *op, int who)
{
	struct model_node *n = &m->node[op->path];
	bool reads = strchr("rdp", op->what);

	op->err = model_find(m, op->path, who, reads ? 'r' : 'w', op->what == 'c');
	op->seen = 0;
	if (strchr("wm", op->what) && op->err == -ENOENT) {
		model_create(m, op->path, who);
		op->err = 0;
	}
	if (op->what == 'x' && op->err == -ENOENT && m->node[parent_of(op->path)].there) {
		op->err = 0;
		return;
	}
	if (op->what == 'c' && !op->err && who && op->owner != n->owner) {
		op->err = -EPERM;
	}
	if (op->err) {
		return;
	}
	switch (op->what) {
	case 'r':
		op->seen = n->value;
		break;
	case 'p':
		op->seen = n->owner * 256 + n->others;
		break;
	case 'd':
		for (int i = 1; i <= PATHS; i++) {
			op->seen |= (m->node[i].there && parent_of(i) == op->path)
				    << (names[i][strlen(names[i]) - 1] - 'a');
		}
		break;
	case 'w':
		n->value = op->value;
		break;
	case 'x':
		model_remove(m, op->path);
		break;
	case 'c':
		n->owner = op->owner;
		n->others = op->others;
		break;
	}
}

/* The naive merge: replay on a copy of the live model, compare all answers. */
static int model_merge(struct client *c)
{
	struct model m = live;
	bool wrote = false;

	for (int i = 0; i < c->count; i++) {
		wrote |= !strchr("rdp", c->log[i].what) && !c->log[i].err;
	}
	for (int i = 0; i < c->count && wrote; i++) {
		struct model_op op = c->log[i];

		model_apply(&m, &op, c->domid);
		if (op.err != c->log[i].err || op.seen != c->log[i].seen) {
			return -EAGAIN;
		}
	}
	if (wrote) {
		live = m;
	}
	return 0;
}

static void daemon_apply(struct client *c, struct model_op *op)
{
	const char *path = names[op->path];
	struct peer *p = c->peer;
	char text[16];

	op->seen = 0;
	switch (op->what) {
	case 'r':
		op->err = ask(p, XS_READ, c->txn, path, NULL);
		op->seen = op->err ? 0 : atoi(p->data);
		break;
	case 'p':
		op->err = ask(p, XS_GET_PERMS, c->txn, path, NULL);
		op->seen = op->err ? 0 : atoi(p->data + 1) * 256 + p->data[0];
		break;
	case 'd':
		op->err = ask(p, XS_DIRECTORY, c->txn, path, NULL);
		for (size_t i = 0; !op->err && i < p->len; i += 2) {
			/* The daemon's own first nodes have longer names. */
			if (p->data[i + 1]) {
				i += strlen(p->data + i) - 1;
			} else {
				op->seen |= 1 << (p->data[i] - 'a');
			}
		}
		break;
	case 'w':
		snprintf(text, sizeof(text), "%d", op->value);
		op->err = ask_write(p, c->txn, path, text);
		break;
	case 'm':
		op->err = ask(p, XS_MKDIR, c->txn, path, NULL);
		break;
	case 'x':
		op->err = ask(p, XS_RM, c->txn, path, NULL);
		break;
	case 'c':
		snprintf(text, sizeof(text), "%c%d", op->others, op->owner);
		op->err = ask(p, XS_SET_PERMS, c->txn, path, text, NULL);
		break;
	}
}

static void random_op(struct model_op *op, int step)
{
	op->what = "rrddpwwwwmxc"[random() % 12];
	op->path = 1 + random() % PATHS;
	op->value = step;
	op->owner = random() % 3;
	op->others = "bbrwn"[random() % 5];
}

static void compare_all(struct peer *host)
{
	uint64_t nodes;

	for (int i = 1; i <= PATHS; i++) {
		struct model_node *n = &live.node[i];
		int err = ask(host, XS_READ, 0, names[i], NULL);

		assert_int_equal(err, n->there ? 0 : -ENOENT);
		if (n->there) {
			assert_int_equal(atoi(host->data), n->value);
			assert_int_equal(ask(host, XS_GET_PERMS, 0, names[i], NULL), 0);
			assert_int_equal(host->data[0], n->others);
			assert_int_equal(atoi(host->data + 1), n->owner);
		}
	}
	assert_true(store_check(&server.store, &nodes));
}

static void random_step(struct client *c, int step, unsigned int *merged, unsigned int *repeated)
{
	struct model_op op = {0}, answer;

	if (!c->txn && random() % 4 == 0) {
		c->txn = ask_start(c->peer);
		c->snapshot = live;
		c->count = 0;
	} else if (c->txn && (c->count == OPS_MAX || random() % 6 == 0)) {
		bool keep = random() % 5;
		int expected = keep ? model_merge(c) : 0;

		assert_int_equal(ask_end(c->peer, c->txn, keep ? "T" : "F"), expected);
		c->txn = 0;
		*merged += keep && !expected;
		*repeated += expected == -EAGAIN;
	} else {
		random_op(&op, step);
		answer = op;
		model_apply(c->txn ? &c->snapshot : &live, &op, c->domid);
		daemon_apply(c, &answer);
		if (answer.err != op.err || answer.seen != op.seen) {
			fail_msg("step %d: %c %s by %u: answered %d/%d, expected %d/%d", step,
				 op.what, names[op.path], c->domid, answer.err, answer.seen, op.err,
				 op.seen);
		}
		if (c->txn) {
			c->log[c->count++] = op;
		}
	}
}

static void test_random(void **state)
{
	static const uint16_t domids[CLIENTS] = {0, 1, 1, 2};
	struct client client[CLIENTS] = {0};
	unsigned int merged = 0, repeated = 0;

	(void)state;
	srandom(20);
	model_init();
	for (int i = 0; i < CLIENTS; i++) {
		client[i].peer = peer_new(&server, domids[i]);
		client[i].domid = domids[i];
	}
	assert_int_equal(ask(client[0].peer, XS_SET_PERMS, 0, "/", "b0", NULL), 0);
	for (int step = 1; step <= STEPS; step++) {
		random_step(&client[random() % CLIENTS], step, &merged, &repeated);
		if (step % 100 == 0) {
			compare_all(client[0].peer);
		}
	}
	/* Both ends of a transaction must have been exercised. */
	assert_true(merged > 500);
	assert_true(repeated > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_isolation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abort, setup, teardown),
		cmocka_unit_test_setup_teardown(test_merges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_both_changes_survive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_update, setup, teardown),
		cmocka_unit_test_setup_teardown(test_events_at_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
