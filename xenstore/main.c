/* SPDX-License-Identifier: MIT */
/*
 * domus-xenstored: start, main loop, end. Invariant: systemd (or whoever set
 * NOTIFY_SOCKET) is told READY only when dom0's kernel and the socket are served. No lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "options.h"
#include "server.h"
#include "service.h"
#include "sock.h"
#include "util.h"
#include "xenio.h"

static struct loop loop;
static int detached = -1; /* with --detach: where the parent waits for a byte */

static void signal_event(struct loop_item *item, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(item->fd, &info, sizeof(info)) == sizeof(info)) {
		loop.stop = true;
	}
}

static int start_signals(struct loop_item *item)
{
	item->fd = service_signals();
	item->handle = signal_event;
	return item->fd < 0 ? -errno : loop_add(&loop, item, EPOLLIN);
}

static int start_socket(struct listener *l, struct server *s, const struct options *o)
{
	char *folder = mem_strndup(o->socket, strlen(o->socket));
	char *slash = strrchr(folder, '/');
	int err;

	if (slash && slash != folder) {
		*slash = '\0';
		mkdir(folder, 0755); /* if that fails, the socket's error tells */
	}
	free(folder);
	err = sock_listen(l, &loop, s, o->socket, o->max_clients);
	if (err == -EADDRINUSE) {
		log_line(LOG_LEVEL_ERROR, "%s: another store serves this socket; stop it first",
			 o->socket);
	} else if (err) {
		log_line(LOG_LEVEL_ERROR, "%s: %s; --socket names another place", o->socket,
			 strerror(-err));
	}
	return err;
}

static int run(struct server *s)
{
	bool busy = server_run(s);
	int err = 0;

	if (service_ready(detached)) {
		log_line(LOG_LEVEL_WARNING, "whoever started the store cannot be told: %s",
			 strerror(errno));
	}
	while (!loop.stop && !err) {
		err = loop_wait(&loop, busy);
		busy = server_run(s);
	}
	if (err) {
		log_line(LOG_LEVEL_ERROR, "waiting for events: %s", strerror(-err));
		return EXIT_GENERAL;
	}
	service_notify("STOPPING=1");
	log_line(LOG_LEVEL_INFO, "stopping");
	return EXIT_DONE;
}

/* Xen's side, where there is one. Returns false, with the reason logged, if it cannot work. */
static bool open_xen(const struct options *o, struct xenio **xen)
{
	*xen = NULL;
	if (o->no_domains || !xenio_present()) {
		log_line(LOG_LEVEL_INFO, "%s: only the socket is served",
			 o->no_domains ? "--no-domains" : "no Xen here");
		return true;
	}
	*xen = xenio_open();
	return *xen != NULL;
}

static int serve(const struct options *o)
{
	struct loop_item signals = {.fd = -1};
	struct listener listener;
	struct server server;
	struct xenio *xen;
	int code = EXIT_HOST;

	if (loop_init(&loop) || start_signals(&signals)) {
		log_line(LOG_LEVEL_ERROR, "epoll or signalfd: %s", strerror(errno));
		return EXIT_HOST;
	}
	service_file_limit();
	if (!open_xen(o, &xen)) {
		return EXIT_HOST;
	}
	server_init(&server, xen ? &xenio_ops : NULL, xen);
	server.store.limits = o->limits;
	/* The socket first: a second daemon must stop before it touches dom0's ring. */
	if (!start_socket(&listener, &server, o)) {
		if (!xen || !xenio_start(xen, &loop, &server)) {
			log_line(LOG_LEVEL_INFO, "serving %s", o->socket);
			code = run(&server);
		}
		sock_close(&listener);
	}
	server_free(&server);
	if (xen) {
		xenio_close(xen);
	}
	loop_close(&loop);
	close(signals.fd);
	return code;
}

int main(int argc, char **argv)
{
	struct options o;
	int code;

	log_init();
	code = options_parse(&o, argc, argv);
	if (code >= 0) {
		return code;
	}
	if (o.detach) {
		detached = service_detach();
		if (detached < 0) {
			log_line(LOG_LEVEL_ERROR, "--detach: %s", strerror(errno));
			return EXIT_HOST;
		}
	}
	return serve(&o);
}
