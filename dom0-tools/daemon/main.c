/* SPDX-License-Identifier: MIT */
/*
 * domusd: looks after this host's guests and serves them as JSON over HTTP on a Unix socket.
 * Here is the order in which it starts; from then on all happens in the event loop, and long
 * work on worker threads. It may be killed at any time: guests run on, the next one finds them.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/console.h"
#include "daemon/life.h"
#include "daemon/networks.h"
#include "daemon/routes.h"
#include "daemon/warm.h"
#include "daemon/worker.h"
#include "lib/paths.h"
#include "public/domus.h"
#include "service.h"

struct options {
	const char *socket, *state_dir, *log_dir, *host_file;
	int is_detached;
};

static struct hyper hyper;
static struct loop_source signals, hangups;

static void signal_ready(struct loop_source *s, uint32_t events)
{
	(void)s;
	(void)events;
	loop_stop();
}

/* By custom SIGHUP means that files have changed. */
static void hangup_ready(struct loop_source *s, uint32_t events)
{
	struct err e ERR_CLEANUP = {0};
	struct signalfd_siginfo info;
	char *text;

	(void)events;
	if (read(s->fd, &info, sizeof(info)) == sizeof(info) && networks_reload(&e)) {
		text = err_text(&e, "domusd");
		fputs(text ? text : "", stderr);
		free(text);
	}
}

static int signals_init(struct err *e)
{
	int fd = service_signals(), hangup = service_hangups();

	if (fd < 0 || hangup < 0 || loop_add(&signals, fd, EPOLLIN, signal_ready) ||
	    loop_add(&hangups, hangup, EPOLLIN, hangup_ready)) {
		err_set(e, ERR_HOST, "signals cannot be received");
		return err_errno(e, errno, "signalfd");
	}
	return 0;
}

/* Makes the folder and, where missing, those above it. */
static int folder_make(const char *path, mode_t mode, struct err *e)
{
	char part[4096];
	size_t i, len = strlen(path);

	for (i = 1; i <= len && len < sizeof(part); i++) {
		if (path[i] == '/' || path[i] == '\0') {
			memcpy(part, path, i);
			part[i] = '\0';
			if (mkdir(part, i == len ? mode : 0755) && errno != EEXIST) {
				err_set(e, ERR_HOST, "the folder %s cannot be made", path);
				return err_errno(e, errno, "mkdir");
			}
		}
	}
	return 0;
}

static int start(const struct options *o, struct err *e)
{
	char *slash, folder[4096];

	snprintf(folder, sizeof(folder), "%s", o->socket);
	slash = strrchr(folder, '/');
	if (slash) {
		*slash = '\0';
	}
	if (folder_make(folder, 0755, e) || folder_make(o->state_dir, 0700, e) ||
	    folder_make(o->log_dir, 0750, e) || folder_make(DOMUS_NETWORK_DIR, 0755, e) ||
	    folder_make(DOMUS_RUN_DIR, 0755, e)) {
		return -1;
	}
	if (loop_init()) {
		err_set(e, ERR_HOST, "the event loop does not start");
		return err_errno(e, errno, "epoll_create1");
	}
	routes_init(&hyper, o->log_dir);
	if (signals_init(e) || hyper_open(&hyper, e) || console_init(e) || worker_init(e)) {
		return -1;
	}
	/* Before guests that are on them. */
	networks_init(o->host_file);
	return life_init(&hyper, o->state_dir, o->log_dir, e) ||
			       http_init(o->socket, routes_request, e)
		       ? -1
		       : 0;
}

static void usage(FILE *f)
{
	fputs("usage: domusd [--socket PATH] [--state DIR] [--log DIR] [--host FILE] [--detach]\n"
	      "Looks after this host's guests. It stays in the foreground; a service manager runs it.\n"
	      "  --socket PATH  where it listens (" DOMUS_SOCKET_PATH ")\n"
	      "  --state DIR    what it must remember (" DOMUS_STATE_DIR ")\n"
	      "  --log DIR      guests' console logs (" DOMUS_LOG_DIR ")\n"
	      "  --host FILE    the host's networks (" DOMUS_HOST_FILE ")\n"
	      "  --detach       go to the background once it serves\n"
	      "  --version, --help\n",
	      f);
}

/* 0: go on; otherwise exit with the value minus 1. */
static int options_read(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"socket", required_argument, NULL, 's'}, {"state", required_argument, NULL, 'd'},
		{"log", required_argument, NULL, 'l'},    {"host", required_argument, NULL, 'H'},
		{"detach", no_argument, NULL, 'D'},       {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},         {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 's') {
			o->socket = optarg;
		} else if (c == 'd') {
			o->state_dir = optarg;
		} else if (c == 'l') {
			o->log_dir = optarg;
		} else if (c == 'H') {
			o->host_file = optarg;
		} else if (c == 'D') {
			o->is_detached = 1;
		} else if (c == 'V') {
			puts("domusd " DOMUS_VERSION_STRING);
			return 1 + ERR_NONE;
		} else {
			usage(c == 'h' ? stdout : stderr);
			return 1 + (c == 'h' ? ERR_NONE : ERR_USAGE);
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 1 + ERR_USAGE;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = {DOMUS_SOCKET_PATH, DOMUS_STATE_DIR, DOMUS_LOG_DIR, DOMUS_HOST_FILE, 0};
	struct err e ERR_CLEANUP = {0};
	int code = options_read(argc, argv, &o), parent = -1;
	char *text;

	if (code) {
		return code - 1;
	}
	if (o.is_detached) {
		parent = service_detach();
		if (parent < 0) {
			perror("domusd: --detach");
			return ERR_HOST;
		}
	}
	service_file_limit();
	if (start(&o, &e)) {
		err_wrap(&e, "domusd cannot start");
		text = err_text(&e, "domusd");
		fputs(text ? text : "", stderr);
		free(text);
		return e.class;
	}
	warm_up();
	if (service_ready(parent)) {
		perror("domusd: whoever started it cannot be told that it serves");
	}
	if (loop_run()) {
		perror("domusd: epoll_wait");
		return ERR_HOST;
	}
	/* Guests stay; so do their records. The process's end closes all that is open. */
	return 0;
}
