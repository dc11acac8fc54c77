/* SPDX-License-Identifier: MIT */
/*
 * domus-xenstored: options, start, main loop, end. Invariant: systemd (or whoever set
 * NOTIFY_SOCKET) is told READY only when dom0's kernel and the socket are served. No lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"
#include "sock.h"
#include "util.h"
#include "xenio.h"

#define VERSION         "0.1"
#define DEFAULT_SOCKET  "/run/xenstored/socket"
#define DEFAULT_CLIENTS 4096

struct options {
	const char *socket;
	uint32_t max_clients;
	bool no_domains, detach;
	struct limits limits;
};

static struct loop loop;
static int detached_from = -1; /* with --detach: where the parent waits for a byte */

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: domus-xenstored [OPTION]...\n"
		"The store that dom0 and its guests share, by xenstore's protocol. Runs in the\n"
		"foreground and logs to stderr; routine lines too if that is the journal.\n\n"
		"  -s, --socket=PATH      the Unix socket for dom0's programs\n"
		"                         (" DEFAULT_SOCKET ")\n"
		"  -c, --max-clients=N    connections to the socket at once (%d)\n"
		"  -n, --no-domains       serve the socket only, also where Xen is present\n"
		"  -d, --detach           return when ready; the daemon goes on in the background\n"
		"  -q, --quota=NAME=N     set a limit, see below\n"
		"  -v, --verbose          log more\n"
		"  -h, --help             print this\n"
		"  -V, --version          print the version\n\n"
		"Limits (those named host- are for dom0):\n",
		DEFAULT_CLIENTS);
	for (int i = 0; i < LIMIT_COUNT; i++) {
		fprintf(to, "  %-22s %10u  %s\n", limit_infos[i].name, limit_infos[i].preset,
			limit_infos[i].help);
	}
	fprintf(to,
		"\nExit codes: 0 stopped by SIGTERM or SIGINT, 1 general, 2 usage, 5 no memory,\n"
		"6 the host lacks what is needed (socket, Xen's devices).\n");
}

static bool parse_quota(struct limits *l, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals && limits_set(l, text, equals - text, equals + 1) == 0) {
		return true;
	}
	fprintf(stderr,
		"domus-xenstored: --quota=%s: not NAME=NUMBER of a known limit; "
		"see --help\n",
		text);
	return false;
}

static bool parse_clients(struct options *o, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || n < 1 || n > 65536) {
		fprintf(stderr, "domus-xenstored: --max-clients=%s: not a number from 1 to 65536\n",
			text);
		return false;
	}
	o->max_clients = n;
	return true;
}

/* Returns -1 to go on, else the exit code. */
static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{"socket", required_argument, NULL, 's'},
		{"max-clients", required_argument, NULL, 'c'},
		{"no-domains", no_argument, NULL, 'n'},
		{"detach", no_argument, NULL, 'd'},
		{"quota", required_argument, NULL, 'q'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "s:c:ndq:vhV", table, NULL)) >= 0) {
		switch (option) {
		case 's':
			o->socket = optarg;
			break;
		case 'c':
			if (!parse_clients(o, optarg)) {
				return EXIT_USAGE;
			}
			break;
		case 'n':
			o->no_domains = true;
			break;
		case 'd':
			o->detach = true;
			break;
		case 'q':
			if (!parse_quota(&o->limits, optarg)) {
				return EXIT_USAGE;
			}
			break;
		case 'v':
			log_set_level(LOG_LEVEL_DEBUG);
			break;
		case 'h':
			usage(stdout);
			return EXIT_DONE;
		case 'V':
			puts("domus-xenstored " VERSION);
			return EXIT_DONE;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "domus-xenstored: unexpected argument '%s'; see --help\n",
			argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

/* systemd's protocol: one datagram to the socket that it named. */
static void notify(const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(address.sun_path)) {
		return;
	}
	memcpy(address.sun_path, path, len);
	if (*path == '@') {
		address.sun_path[0] = '\0'; /* an abstract name */
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return;
	}
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
		   offsetof(struct sockaddr_un, sun_path) + len) < 0) {
		log_line(LOG_LEVEL_WARNING, "NOTIFY_SOCKET %s: %s", path, strerror(errno));
	}
	close(fd);
}

/*
 * Goes on in a child. The parent ends when the child is ready, or with its exit code if it never
 * is. Returns in the child only.
 */
static void detach(void)
{
	int ends[2], null, status = 0;
	char byte;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0) {
		log_line(LOG_LEVEL_ERROR, "--detach: %s", strerror(errno));
		exit(EXIT_HOST);
	}
	if (child) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) == 1) {
			exit(EXIT_DONE);
		}
		waitpid(child, &status, 0);
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_GENERAL);
	}
	close(ends[0]);
	detached_from = ends[1];
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
}

/* Tells whoever started the daemon that it serves: systemd, and the parent of --detach. */
static void tell_ready(void)
{
	notify("READY=1");
	if (detached_from >= 0) {
		if (write(detached_from, "", 1) != 1) {
			log_line(LOG_LEVEL_WARNING, "whoever started the store is gone");
		}
		close(detached_from);
	}
}

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
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	item->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	item->handle = signal_event;
	return item->fd < 0 ? -errno : loop_add(&loop, item, EPOLLIN);
}

/* Many clients need many files; the hard limit is what the administrator allows. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
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

	tell_ready();
	while (!loop.stop && !err) {
		err = loop_wait(&loop, busy);
		busy = server_run(s);
	}
	if (err) {
		log_line(LOG_LEVEL_ERROR, "waiting for events: %s", strerror(-err));
		return EXIT_GENERAL;
	}
	notify("STOPPING=1");
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
	raise_file_limit();
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
	struct options o = {.socket = DEFAULT_SOCKET, .max_clients = DEFAULT_CLIENTS};
	int code;

	log_init();
	limits_preset(&o.limits);
	code = parse_options(&o, argc, argv);
	if (code >= 0) {
		return code;
	}
	if (o.detach) {
		detach();
	}
	return serve(&o);
}
