/* SPDX-License-Identifier: MIT */
/*
 * Unix sockets as a transport; see sock.h for the invariant. Nothing here blocks. No lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conn.h"
#include "sock.h"
#include "util.h"

#define ACCEPTS_AT_ONCE 16
#define BACKLOG         128

struct client {
	struct loop_item item;
	struct listener *listener;
	struct conn *conn;
	bool drained; /* the last read got less than it could take: wait for an event first */
};

static void client_free(struct client *k)
{
	struct listener *l = k->listener;

	loop_remove(l->loop, &k->item);
	close(k->item.fd);
	free(k);
	l->clients--;
	if (l->item.fd >= 0) {
		loop_change(l->loop, &l->item, EPOLLIN);
	}
}

static ssize_t sock_result(ssize_t count)
{
	if (count >= 0) {
		return count;
	}
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static ssize_t sock_read(struct conn *c, void *data, size_t size)
{
	struct client *k = c->io_ctx;
	ssize_t count;

	if (k->drained) {
		return 0;
	}
	count = recv(k->item.fd, data, size, MSG_DONTWAIT);
	k->drained = count > 0 && (size_t)count < size;
	return count == 0 ? -ECONNRESET : sock_result(count);
}

static ssize_t sock_write(struct conn *c, const void *data, size_t size)
{
	struct client *k = c->io_ctx;

	return sock_result(send(k->item.fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static void sock_settle(struct conn *c)
{
	struct client *k = c->io_ctx;
	uint32_t events = conn_may_read(c) ? EPOLLIN : 0;

	loop_change(k->listener->loop, &k->item, c->out.head ? events | EPOLLOUT : events);
}

static void sock_broke(struct conn *c, int err)
{
	struct client *k = c->io_ctx;

	if (err == -EPROTO || err == -ENOBUFS) {
		log_line(LOG_LEVEL_WARNING, "a client of the socket is disconnected: %s",
			 err == -EPROTO ? "it sent a message of an illegal length"
					: "it does not read its events");
	}
	conn_free(c);
	client_free(k);
}

static const struct transport sock_transport = {
	.read = sock_read,
	.write = sock_write,
	.settle = sock_settle,
	.broke = sock_broke,
};

static void client_event(struct loop_item *item, uint32_t events)
{
	struct client *k = (struct client *)item;

	(void)events;
	k->drained = false;
	conn_ready(k->conn);
}

static void client_new(struct listener *l, int fd)
{
	struct client *k = mem_alloc(sizeof(*k));

	k->item = (struct loop_item){.fd = fd, .handle = client_event};
	k->listener = l;
	if (loop_add(l->loop, &k->item, EPOLLIN)) {
		close(fd);
		free(k);
		return;
	}
	l->clients++;
	/* Programs of dom0 are dom0's: libxl asks for "domid", to know which domain it runs in. */
	k->conn = conn_new(l->server, WHO_HOST, "/local/domain/0", &sock_transport, k);
}

static void listener_event(struct loop_item *item, uint32_t events)
{
	struct listener *l = (struct listener *)item;

	(void)events;
	for (int i = 0; i < ACCEPTS_AT_ONCE && l->clients < l->max_clients; i++) {
		int fd = accept4(item->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE) {
				log_line(LOG_LEVEL_WARNING, "no more files for clients: %s",
					 strerror(errno));
				/* Without any client nobody's leaving would wake this up again. */
				loop_change(l->loop, item, l->clients ? 0 : EPOLLIN);
			}
			return;
		}
		client_new(l, fd);
	}
	if (l->clients >= l->max_clients) {
		log_line(LOG_LEVEL_WARNING, "%u clients: no further ones for now", l->clients);
		loop_change(l->loop, item, 0);
	}
}

/* True if somebody answers at this address. */
static bool served(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes;

	if (fd < 0) {
		return false;
	}
	/* A full queue of one that hangs (EAGAIN) is an answer too. */
	yes = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	      errno == EAGAIN;
	close(fd);
	return yes;
}

int sock_listen(struct listener *l, struct loop *loop, struct server *s, const char *path,
		uint32_t max_clients)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int fd, err;

	*l = (struct listener){.item.fd = -1, .item.handle = listener_event, .loop = loop};
	l->server = s;
	l->max_clients = max_clients;
	l->path = path;
	if (strlen(path) >= sizeof(address.sun_path)) {
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	if (served(&address)) {
		return -EADDRINUSE;
	}
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -errno;
	}
	mask = umask(0177);
	err = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	l->item.fd = fd;
	if (!err && listen(fd, BACKLOG)) {
		err = -errno;
	}
	if (!err) {
		err = loop_add(loop, &l->item, EPOLLIN);
	}
	if (err) {
		close(fd);
		l->item.fd = -1;
	}
	return err;
}

void sock_close(struct listener *l)
{
	if (l->item.fd < 0) {
		return;
	}
	loop_remove(l->loop, &l->item);
	close(l->item.fd);
	l->item.fd = -1;
	unlink(l->path);
}
