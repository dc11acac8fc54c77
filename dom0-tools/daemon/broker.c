/* SPDX-License-Identifier: MIT */
/* Does what back ends ask of the store; see broker.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xenstore.h>

#include "backend.h"
#include "daemon/broker.h"
#include "daemon/broker_rules.h"
#include "daemon/worker.h"

#define KERNEL_STORE "/dev/xen/xenbus"

/* What paths of drivers are made of; the rest is not for logs. */
#define HARMLESS "abcdefghijklmnopqrstuvwxyz0123456789-/"

enum {
	WATCH_LIMIT = 64, /* of a guest: it has at most 42 devices */
	REFUSALS_SAID = 5,
	TOKEN_BYTES = 24,
};

/* A process. */
struct channel {
	uint32_t domid;
	int fd;
	unsigned int watch_count, refusals;
};

struct watch {
	struct watch *next;
	struct channel *c;
	struct broker_device d;
	char token[TOKEN_BYTES];
	char path[BACKEND_STORE_PATH_BYTES];
	int is_told; /* and was not read since */
};

static struct {
	struct xs_handle *xsh;
	int epoll_fd;
	struct watch *watches;
	unsigned long serial; /* of watches, ever: each has a token of its own */
} broker;

static struct watch **watch_find(const struct channel *c, const char *path)
{
	struct watch **at = &broker.watches;

	while (*at && ((*at)->c != c || strcmp((*at)->path, path) != 0)) {
		at = &(*at)->next;
	}
	return at;
}

static void watch_remove(struct watch **at)
{
	struct watch *w = *at;

	*at = w->next;
	xs_unwatch(broker.xsh, w->path, w->token);
	w->c->watch_count--;
	free(w);
}

/* A process watches a device's front end from the first moment to the last. */
static int is_watched(const struct channel *c, const struct broker_device *d)
{
	const struct watch *w = broker.watches;

	while (w && (w->c != c || w->d.is_disk != d->is_disk || w->d.handle != d->handle)) {
		w = w->next;
	}
	return w != NULL;
}

static int node_read(struct channel *c, struct backend_store_message *m)
{
	struct watch *w = *watch_find(c, m->path);
	unsigned int bytes;
	char *value;

	if (w) {
		w->is_told = 0; /* before: what changes from now on is told again */
	}
	value = xs_read(broker.xsh, XBT_NULL, m->path, &bytes);
	if (!value) {
		return -errno;
	}
	m->bytes = bytes <= sizeof(m->value) ? bytes : 0;
	memcpy(m->value, value, m->bytes);
	free(value);
	return bytes <= sizeof(m->value) ? 0 : -E2BIG;
}

static int node_write(const struct backend_store_message *m)
{
	return xs_write(broker.xsh, XBT_NULL, m->path, m->value, m->bytes) ? 0 : -errno;
}

/* Of a device that domusd has set up; others would be folders that nobody removes. */
static int is_set_up(const struct channel *c, const struct broker_device *d)
{
	char path[BACKEND_STORE_PATH_BYTES];
	unsigned int bytes;
	char *value;
	int is_there;

	snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%u/%u/frontend",
		 d->is_disk ? BACKEND_STORE_BLOCK : BACKEND_STORE_NET, c->domid, d->handle);
	value = xs_read(broker.xsh, XBT_NULL, path, &bytes);
	is_there = value != NULL;
	free(value);
	return is_there;
}

static int node_watch(struct channel *c, const char *path, const struct broker_device *d)
{
	struct watch *w;

	if (*watch_find(c, path) || c->watch_count == WATCH_LIMIT) {
		return -EEXIST;
	}
	w = is_set_up(c, d) ? calloc(1, sizeof(*w)) : NULL;
	if (!w) {
		return -ENOENT;
	}
	w->c = c;
	w->d = *d;
	snprintf(w->token, sizeof(w->token), "%lu", ++broker.serial);
	snprintf(w->path, sizeof(w->path), "%s", path);
	w->next = broker.watches;
	broker.watches = w;
	c->watch_count++;
	if (!xs_watch(broker.xsh, w->path, w->token)) {
		watch_remove(&broker.watches);
		return -EIO;
	}
	return 0;
}

static int node_unwatch(struct channel *c, const char *path)
{
	struct watch **at = watch_find(c, path);

	if (!*at) {
		return -ENOENT;
	}
	watch_remove(at);
	return 0;
}

static int refuse(struct channel *c, const struct backend_store_message *m)
{
	if (c->refusals++ < REFUSALS_SAID) {
		fprintf(stderr,
			"domusd: the back end of domain %u asks for what it may not: %u %.*s\n",
			c->domid, m->op, (int)strspn(m->path, HARMLESS), m->path);
	}
	return -EACCES;
}

/* Does what a message asks for, if it may; returns the status. */
static int serve(struct channel *c, struct backend_store_message *m)
{
	struct broker_device d = {0, 0};
	unsigned int rights = broker_rights(c->domid, m->path, &d);

	if (m->op == BACKEND_STORE_READ && rights & BROKER_READ) {
		return node_read(c, m);
	}
	if (m->op == BACKEND_STORE_WRITE && rights & BROKER_WRITE && is_watched(c, &d)) {
		return node_write(m);
	}
	if (m->op == BACKEND_STORE_WATCH && rights & BROKER_WATCH) {
		return node_watch(c, m->path, &d);
	}
	if (m->op == BACKEND_STORE_UNWATCH && rights & BROKER_WATCH) {
		return node_unwatch(c, m->path);
	}
	return refuse(c, m);
}

static void channel_end(struct channel *c)
{
	struct watch **at = &broker.watches;

	while (*at) {
		if ((*at)->c == c) {
			watch_remove(at);
		} else {
			at = &(*at)->next;
		}
	}
	/* A child on its way to another program may hold the socket, and keep it watched. */
	epoll_ctl(broker.epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
	close(c->fd);
	free(c);
}

/* A process that does not take its messages has none to come. */
static void message_send(struct channel *c, const struct backend_store_message *m)
{
	if (send(c->fd, m, sizeof(*m), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(*m)) {
		channel_end(c);
	}
}

/* One message: the others get their turns, however much this one sends. */
static void channel_ready(struct channel *c)
{
	struct backend_store_message m;

	if (recv(c->fd, &m, sizeof(m), MSG_DONTWAIT) != sizeof(m) || m.bytes > sizeof(m.value) ||
	    !memchr(m.path, '\0', sizeof(m.path))) {
		channel_end(c);
		return;
	}
	m.status = serve(c, &m);
	message_send(c, &m);
}

static void changed(const char *token)
{
	struct backend_store_message m = {.op = BACKEND_STORE_EVENT};
	struct watch *w = broker.watches;

	while (w && strcmp(w->token, token) != 0) {
		w = w->next;
	}
	if (w && !w->is_told) {
		w->is_told = 1;
		memcpy(m.path, w->path, sizeof(m.path));
		message_send(w->c, &m);
	}
}

static void events_take(void)
{
	char **event;

	while ((event = xs_check_watch(broker.xsh))) {
		changed(event[XS_WATCH_TOKEN]);
		free(event);
	}
}

/* One event at a time: a channel that ends has no other in hand. */
static void *broker_main(void *arg)
{
	struct epoll_event event;

	(void)arg;
	for (;;) {
		if (epoll_wait(broker.epoll_fd, &event, 1, -1) != 1) {
			continue;
		}
		if (event.data.ptr) {
			channel_ready(event.data.ptr);
		} else {
			events_take();
		}
	}
	return NULL;
}

/* libxenstore takes the path of its socket from here; the other connections stay as they were. */
static struct xs_handle *kernel_store_open(void)
{
	const char *was = getenv("XENSTORED_PATH");
	char *kept = was ? strdup(was) : NULL;
	struct xs_handle *xsh;

	setenv("XENSTORED_PATH", KERNEL_STORE, 1);
	xsh = xs_open(0);
	if (kept) {
		setenv("XENSTORED_PATH", kept, 1);
	} else {
		unsetenv("XENSTORED_PATH");
	}
	free(kept);
	return xsh;
}

int broker_init(struct err *e)
{
	struct epoll_event event = {.events = EPOLLIN};
	int ret;

	broker.xsh = kernel_store_open();
	if (!broker.xsh) {
		err_set(e, ERR_HOST, "back ends cannot be given the store");
		return err_errno(e, errno, "open " KERNEL_STORE);
	}
	broker.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (broker.epoll_fd < 0 ||
	    epoll_ctl(broker.epoll_fd, EPOLL_CTL_ADD, xs_fileno(broker.xsh), &event)) {
		err_set(e, ERR_HOST, "the store does not tell of changes");
		return err_errno(e, errno, "epoll_ctl");
	}
	ret = worker_thread(broker_main, NULL);
	if (ret) {
		err_set(e, ERR_HOST, "the thread that serves back ends cannot be started");
		return err_errno(e, ret, "pthread_create");
	}
	return 0;
}

int broker_add(uint32_t domid, int fd)
{
	struct channel *c = calloc(1, sizeof(*c));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

	if (!c) {
		close(fd);
		errno = ENOMEM;
		return -1;
	}
	c->domid = domid;
	c->fd = fd;
	if (epoll_ctl(broker.epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		close(fd);
		free(c);
		return -1;
	}
	return 0;
}
