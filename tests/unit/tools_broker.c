/* SPDX-License-Identifier: MIT */
/*
 * domusd's broker of the store: what a back-end process gets, and all that a subverted one asks for
 * in vain. The store is a handful of nodes; the process is the test at the other end of the socket.
 */
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xenstore.h>

#include "backend.h"
#include "daemon/broker.h"
#include "daemon/broker_rules.h"
#include "daemon/worker.h"

#define BACK  "/local/domain/0/backend/domus-vbd/7/51712"
#define FRONT "/local/domain/7/device/vbd/51712"

enum { NODES = 8, EVENTS = 256 };

static struct {
	pthread_mutex_t lock;
	char path[NODES][128], value[NODES][512];
	char watch[128], token[32];
	char writes[4][128];
	unsigned int write_count, watch_count;
	char *events[EVENTS];
	unsigned int event_count;
	int bell;
} store = {.lock = PTHREAD_MUTEX_INITIALIZER, .bell = -1};

static int peer, own; /* ends of the conversation: the process's, the broker's */

struct xs_handle *xs_open(unsigned long flags)
{
	(void)flags;
	assert_string_equal(getenv("XENSTORED_PATH"), "/dev/xen/xenbus");
	store.bell = eventfd(0, EFD_NONBLOCK);
	return (struct xs_handle *)&store;
}

int xs_fileno(struct xs_handle *h)
{
	(void)h;
	return store.bell;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len)
{
	unsigned int i = 0;

	(void)h;
	(void)t;
	while (i < NODES && strcmp(store.path[i], path) != 0) {
		i++;
	}
	if (i == NODES) {
		errno = ENOENT;
		return NULL;
	}
	*len = strlen(store.value[i]);
	return strdup(store.value[i]);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data,
	      unsigned int len)
{
	(void)h;
	(void)t;
	snprintf(store.writes[store.write_count++ % 4], 128, "%s=%.*s", path, (int)len,
		 (const char *)data);
	return true;
}

/* A watch fires once when it is set, and whenever the test says so. */
static void event_add(const char *token)
{
	uint64_t one = 1;
	char **event = malloc(2 * sizeof(*event) + 32);

	strcpy((char *)&event[2], token);
	event[XS_WATCH_PATH] = event[XS_WATCH_TOKEN] = (char *)&event[2];
	pthread_mutex_lock(&store.lock);
	store.events[store.event_count++] = (char *)event;
	pthread_mutex_unlock(&store.lock);
	assert_int_equal(write(store.bell, &one, sizeof(one)), sizeof(one));
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	(void)h;
	store.watch_count++;
	snprintf(store.watch, sizeof(store.watch), "%s", path);
	snprintf(store.token, sizeof(store.token), "%s", token);
	event_add(token);
	return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	(void)h;
	(void)path;
	(void)token;
	__atomic_sub_fetch(&store.watch_count, 1, __ATOMIC_SEQ_CST);
	return true;
}

char **xs_check_watch(struct xs_handle *h)
{
	uint64_t count;
	char **event = NULL;

	(void)h;
	(void)!read(store.bell, &count, sizeof(count));
	pthread_mutex_lock(&store.lock);
	if (store.event_count) {
		event = (char **)store.events[--store.event_count];
	}
	pthread_mutex_unlock(&store.lock);
	return event;
}

int worker_thread(void *(*run)(void *arg), void *arg)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, run, arg);
}

static void node_set(unsigned int i, const char *path, const char *value)
{
	snprintf(store.path[i], sizeof(store.path[i]), "%s", path);
	snprintf(store.value[i], sizeof(store.value[i]), "%s", value);
}

static int start(void **state)
{
	int ends[2];

	(void)state;
	store.write_count = 0;
	memset(store.path, 0, sizeof(store.path));
	node_set(0, BACK "/frontend", FRONT);
	node_set(1, FRONT "/state", "3");
	node_set(2, FRONT "/queue-1/ring-ref0", "8");
	node_set(3, BACK "/state", "2");
	node_set(4, BACK "/params", "/srv/web.img");
	node_set(5, "/local/domain/8/device/vbd/51712/state", "4");
	node_set(6, "/local/domain/0/backend/domus-vbd/8/51712/params", "/srv/other.img");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(broker_add(7, ends[0]), 0);
	own = ends[0];
	peer = ends[1];
	return 0;
}

/* The broker has let go of all that the process had. */
static int stop(void **state)
{
	(void)state;
	close(peer);
	while (__atomic_load_n(&store.watch_count, __ATOMIC_SEQ_CST)) {
		usleep(1000);
	}
	return 0;
}

static struct backend_store_message message_get(void)
{
	struct backend_store_message m;

	assert_int_equal(recv(peer, &m, sizeof(m), 0), sizeof(m));
	return m;
}

static int is_quiet(void)
{
	struct pollfd p = {.fd = peer, .events = POLLIN};

	return poll(&p, 1, 50) == 0;
}

static struct backend_store_message ask(uint32_t op, const char *path, const char *value)
{
	struct backend_store_message m = {.op = op, .bytes = strlen(value)};

	snprintf(m.path, sizeof(m.path), "%s", path);
	memcpy(m.value, value, m.bytes);
	assert_int_equal(send(peer, &m, sizeof(m), 0), sizeof(m));
	do {
		m = message_get();
	} while (m.op == BACKEND_STORE_EVENT);
	assert_int_equal(m.op, op);
	return m;
}

static int status(uint32_t op, const char *path)
{
	return ask(op, path, "1").status;
}

static void own_devices_are_served(void **state)
{
	struct backend_store_message m;

	(void)state;
	m = ask(BACKEND_STORE_READ, BACK "/frontend", "");
	assert_int_equal(m.status, 0);
	assert_int_equal(m.bytes, strlen(FRONT));
	assert_memory_equal(m.value, FRONT, m.bytes);
	assert_int_equal(status(BACKEND_STORE_READ, FRONT "/queue-1/ring-ref0"), 0);
	assert_int_equal(status(BACKEND_STORE_READ, FRONT "/ring-ref"), -ENOENT);
	assert_int_equal(status(BACKEND_STORE_WATCH, FRONT "/state"), 0);
	assert_int_equal(status(BACKEND_STORE_WATCH, FRONT "/state"), -EEXIST);
	assert_int_equal(ask(BACKEND_STORE_WRITE, BACK "/state", "4").status, 0);
	assert_string_equal(store.writes[0], BACK "/state=4");
	assert_int_equal(status(BACKEND_STORE_UNWATCH, FRONT "/state"), 0);
	assert_int_equal(status(BACKEND_STORE_UNWATCH, FRONT "/state"), -ENOENT);
	/* It has let go of the device: the folder may be gone, and must not come back. */
	assert_int_equal(status(BACKEND_STORE_WRITE, BACK "/state"), -EACCES);
	assert_int_equal(store.write_count, 1);
}

static void long_values_are_refused(void **state)
{
	char text[400];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	node_set(2, FRONT "/ring-ref", text);
	assert_int_equal(status(BACKEND_STORE_READ, FRONT "/ring-ref"), -E2BIG);
}

/* However often a node changes, one event is on its way until it is read. */
static void events_do_not_pile_up(void **state)
{
	unsigned int i;

	(void)state;
	assert_int_equal(status(BACKEND_STORE_WATCH, FRONT "/state"), 0);
	(void)status(BACKEND_STORE_READ, BACK "/state");
	(void)(is_quiet() || message_get().op);
	for (i = 0; i < 100; i++) {
		event_add(store.token);
	}
	assert_true(is_quiet());
	assert_int_equal(status(BACKEND_STORE_READ, FRONT "/state"), 0);
	event_add(store.token);
	event_add(store.token);
	assert_string_equal(message_get().path, FRONT "/state");
	assert_true(is_quiet());
	event_add("4711");
	assert_true(is_quiet());
}

static const struct {
	uint32_t op;
	const char *path;
} forbidden[] = {
	{BACKEND_STORE_READ, "/"},
	{BACKEND_STORE_READ, ""},
	{BACKEND_STORE_READ, "/local/domain/8/device/vbd/51712/state"},
	{BACKEND_STORE_READ, "/local/domain/0/backend/domus-vbd/8/51712/params"},
	{BACKEND_STORE_READ, "/local/domain/7/console/ring-ref"},
	{BACKEND_STORE_READ, "/local/domain/7/device/vbd"},
	{BACKEND_STORE_READ, "/local/domain/7/device/vbd/51712"},
	{BACKEND_STORE_READ, "/local/domain/7/device/vbd/51712/"},
	{BACKEND_STORE_READ, "/local/domain/7/device/vbd/51712//state"},
	{BACKEND_STORE_READ, "/local/domain/7/device/vbd/51712/state/"},
	{BACKEND_STORE_READ, "/local/domain/7/device/vbd/051712/state"},
	{BACKEND_STORE_READ, "/local/domain/7/device/vbd/+51712/state"},
	{BACKEND_STORE_READ, "/local/domain/7/device/vbd/99999999999/state"},
	{BACKEND_STORE_READ, "/local/domain/7/device/vbd/51712/../../../8/name"},
	{BACKEND_STORE_READ, "/local/domain/0/backend/vbd/7/51712/params"},
	{BACKEND_STORE_READ, "/vm/x/uuid"},
	{BACKEND_STORE_WRITE, FRONT "/state"},
	{BACKEND_STORE_WRITE, BACK "/params"},
	{BACKEND_STORE_WRITE, BACK "/mode"},
	{BACKEND_STORE_WRITE, BACK "/format"},
	{BACKEND_STORE_WRITE, BACK "/frontend"},
	{BACKEND_STORE_WRITE, BACK "/online"},
	{BACKEND_STORE_WRITE, BACK "/state/more"},
	{BACKEND_STORE_WRITE, BACK "/feature-of-its-own"},
	{BACKEND_STORE_WRITE, "/local/domain/0/backend/domus-vif/7/0/bridge"},
	{BACKEND_STORE_WRITE, "/local/domain/0/backend/domus-vbd/7/51728/state"},
	{BACKEND_STORE_WRITE, "/local/domain/0/backend/vbd/7/51712/state"},
	{BACKEND_STORE_WRITE, "/local/domain/7/control/shutdown"},
	{BACKEND_STORE_WRITE, "/local/domain/0/name"},
	{BACKEND_STORE_WATCH, "@releaseDomain"},
	{BACKEND_STORE_WATCH, BACK "/state"},
	{BACKEND_STORE_WATCH, FRONT "/ring-ref"},
	{BACKEND_STORE_WATCH, "/local/domain/8/device/vbd/51712/state"},
	{BACKEND_STORE_UNWATCH, "/local/domain/8/device/vbd/51712/state"},
	{BACKEND_STORE_EVENT, FRONT "/state"},
	{0, FRONT "/state"},
	{99, FRONT "/state"},
};

static void what_is_others_is_refused(void **state)
{
	size_t i;

	(void)state;
	assert_int_equal(status(BACKEND_STORE_WATCH, FRONT "/state"), 0);
	(void)(is_quiet() || message_get().op);
	assert_int_equal(freopen("/dev/null", "w", stderr) != NULL, 1);
	for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		struct backend_store_message m = {.op = forbidden[i].op};

		snprintf(m.path, sizeof(m.path), "%s", forbidden[i].path);
		assert_int_equal(send(peer, &m, sizeof(m), 0), sizeof(m));
		assert_int_equal(message_get().status, -EACCES);
	}
	assert_int_equal(store.write_count, 0);
	/* A device that nobody set up. */
	assert_int_equal(status(BACKEND_STORE_WATCH, "/local/domain/7/device/vif/0/state"),
			 -ENOENT);
}

static void watches_are_counted(void **state)
{
	char path[128];
	unsigned int i;

	(void)state;
	for (i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/local/domain/0/backend/domus-vif/7/%u/frontend", i);
		node_set(7, path, "x");
		snprintf(path, sizeof(path), "/local/domain/7/device/vif/%u/state", i);
		assert_int_equal(status(BACKEND_STORE_WATCH, path), 0);
	}
	assert_int_equal(status(BACKEND_STORE_WATCH, FRONT "/state"), -EEXIST);
}

/* It loses its connection, and nobody else anything. */
static void check_end(const void *data, size_t bytes)
{
	struct backend_store_message m;

	assert_int_equal(send(peer, data, bytes, 0), bytes);
	assert_int_equal(recv(peer, &m, sizeof(m), 0), 0);
}

static void senseless_messages_end_it(void **state)
{
	struct backend_store_message m = {.op = BACKEND_STORE_READ};

	(void)state;
	check_end("x", 1);
	stop(NULL);
	start(NULL);
	m.bytes = sizeof(m.value) + 1;
	check_end(&m, sizeof(m));
	stop(NULL);
	start(NULL);
	m.bytes = 0;
	memset(m.path, '/', sizeof(m.path));
	check_end(&m, sizeof(m));
	stop(NULL);
	start(NULL);
	assert_int_equal(status(BACKEND_STORE_READ, BACK "/state"), 0);
}

/* One that never listens is not waited for. */
static void deaf_process_loses_its_connection(void **state)
{
	struct backend_store_message m = {.op = BACKEND_STORE_READ, .path = BACK "/state"};
	struct backend_store_message last;
	ssize_t n = sizeof(m);

	(void)state;
	while (n == sizeof(m)) {
		n = send(peer, &m, sizeof(m), MSG_NOSIGNAL);
	}
	assert_true(errno == EPIPE || errno == ECONNRESET);
	do {
		n = recv(peer, &last, sizeof(last), 0);
	} while (n == sizeof(last));
	assert_true(n <= 0);
}

/* A child that another thread has just forked holds all sockets until it is another program. */
static void the_end_is_final_while_somebody_holds_the_socket(void **state)
{
	int held = dup(own);

	assert_int_equal(status(BACKEND_STORE_WATCH, FRONT "/state"), 0);
	stop(state);
	start(state);
	/* What is watched has turns, so a second end would be told between these. */
	for (unsigned int i = 0; i < 8; i++) {
		assert_int_equal(status(BACKEND_STORE_READ, BACK "/state"), 0);
	}
	close(held);
}

int main(void)
{
	struct err e ERR_CLEANUP = {0};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(own_devices_are_served, start, stop),
		cmocka_unit_test_setup_teardown(long_values_are_refused, start, stop),
		cmocka_unit_test_setup_teardown(events_do_not_pile_up, start, stop),
		cmocka_unit_test_setup_teardown(what_is_others_is_refused, start, stop),
		cmocka_unit_test_setup_teardown(watches_are_counted, start, stop),
		cmocka_unit_test_setup_teardown(senseless_messages_end_it, start, stop),
		cmocka_unit_test_setup_teardown(deaf_process_loses_its_connection, start, stop),
		cmocka_unit_test_setup_teardown(the_end_is_final_while_somebody_holds_the_socket,
						start, stop),
	};

	if (broker_init(&e) || getenv("XENSTORED_PATH")) {
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
