/* SPDX-License-Identifier: MIT */
/* Asks domusd, and waits for the answer; see store.h. */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "backend.h"
#include "backend/control.h"
#include "backend/loop.h"
#include "backend/store.h"

/* Watches that changed while an answer was awaited; each is there once. */
enum { PENDING_MAX = 64 };

static struct {
	struct loop_watch watch;
	struct loop_settler settler;
	void (*changed)(const char *path);
	void (*lost)(void);
	bool is_lost;
	char pending[PENDING_MAX][BACKEND_STORE_PATH_BYTES];
	unsigned int pending_count;
} store;

static void pending_add(const char *path)
{
	unsigned int i = 0;

	while (i < store.pending_count && strcmp(store.pending[i], path)) {
		i++;
	}
	if (i == store.pending_count && i < PENDING_MAX) {
		memcpy(store.pending[store.pending_count++], path, sizeof(store.pending[0]));
	}
	loop_again();
}

/* Not at once: whoever just asked is in the middle of something. */
static void settle(struct loop_settler *s)
{
	char path[BACKEND_STORE_PATH_BYTES];
	unsigned int i, count = store.pending_count;

	(void)s;
	for (i = 0; i < count && store.pending_count; i++) {
		memcpy(path, store.pending[--store.pending_count], sizeof(path));
		store.changed(path);
	}
	if (store.is_lost && store.lost) {
		store.lost();
		store.lost = NULL;
		loop_again();
	}
}

static int lose(void)
{
	store.is_lost = true;
	store.watch.fd = -1;
	loop_again();
	return -EPIPE;
}

/* The next message: 0; -EAGAIN: none is there now; -EPIPE. */
static int message_take(struct backend_store_message *m, int flags)
{
	ssize_t n = recv(BACKEND_STORE_FD, m, sizeof(*m), flags);

	if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
		return -EAGAIN;
	}
	return n == sizeof(*m) ? 0 : lose();
}

static void events_ready(struct loop_watch *w)
{
	struct backend_store_message m;

	/* One: what else is there makes the descriptor ready again, behind the rings. */
	(void)w;
	if (!store.is_lost && !message_take(&m, MSG_DONTWAIT)) {
		pending_add(m.path);
	}
}

/* Asks for what a message says; the message is the answer then. The status, or -EPIPE. */
static int ask(struct backend_store_message *m)
{
	int rc;

	if (store.is_lost || send(BACKEND_STORE_FD, m, sizeof(*m), MSG_NOSIGNAL) != sizeof(*m)) {
		return lose();
	}
	for (;;) {
		rc = message_take(m, 0);
		if (rc == -EPIPE) {
			return rc;
		}
		if (!rc && m->op != BACKEND_STORE_EVENT) {
			return m->status;
		}
		if (!rc) {
			pending_add(m->path);
		}
	}
}

int store_open(void (*changed)(const char *path), void (*lost)(void), struct complaint *c)
{
	int rc = control_socket_check(BACKEND_STORE_FD, c);

	if (!rc) {
		store.changed = changed;
		store.lost = lost;
		loop_settler_add(&store.settler, settle);
		loop_watch(&store.watch, BACKEND_STORE_FD, events_ready);
	}
	return rc;
}

static int ask_of(struct backend_store_message *m, uint32_t op, const char *folder,
		  const char *node)
{
	int n = snprintf(m->path, sizeof(m->path), "%s/%s", folder, node);

	m->op = op;
	return n < 0 || n >= (int)sizeof(m->path) ? -ENAMETOOLONG : ask(m);
}

int store_read(const char *folder, const char *node, char *text, size_t bytes)
{
	struct backend_store_message m = {.bytes = 0};
	int rc = ask_of(&m, BACKEND_STORE_READ, folder, node);

	if (rc) {
		return rc == -E2BIG ? -EINVAL : rc;
	}
	if (m.bytes >= bytes || m.bytes > sizeof(m.value)) {
		return -EINVAL;
	}
	memcpy(text, m.value, m.bytes);
	text[m.bytes] = '\0';
	return 0;
}

int store_read_number(const char *folder, const char *node, uint64_t max, uint64_t *value)
{
	char text[24], *end;
	int rc = store_read(folder, node, text, sizeof(text));

	if (rc) {
		return rc;
	}
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || end == text || *end || *text == '-' || *value > max ? -EINVAL : 0;
}

uint64_t store_number_or(const char *folder, const char *node, uint64_t max, uint64_t other)
{
	uint64_t value;

	return store_read_number(folder, node, max, &value) ? other : value;
}

int store_write(const char *folder, const char *node, const char *fmt, ...)
{
	struct backend_store_message m = {.bytes = 0};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m.value, sizeof(m.value), fmt, ap);
	va_end(ap);
	m.bytes = (uint32_t)strlen(m.value);
	return ask_of(&m, BACKEND_STORE_WRITE, folder, node);
}

int store_watch(const char *folder, const char *node)
{
	struct backend_store_message m = {.bytes = 0};

	return ask_of(&m, BACKEND_STORE_WATCH, folder, node);
}

void store_unwatch(const char *folder, const char *node)
{
	struct backend_store_message m = {.bytes = 0};

	(void)ask_of(&m, BACKEND_STORE_UNWATCH, folder, node);
}
