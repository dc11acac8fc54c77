/* SPDX-License-Identifier: MIT */
/* Starts, ends and watches dnsmasq; see dhcp.h. */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/dhcp.h"
#include "daemon/loop.h"
#include "daemon/nat.h"
#include "daemon/spawn.h"

enum { FIRST_MS = 100, LONGEST_MS = 10000, LONG_LIFE_MS = 10000, WORDS = 32 };

struct command {
	char words[DHCP_COMMAND_BYTES];
	size_t bytes; /* 0: none */
};

struct dhcp {
	struct dhcp *next;
	link_name network;
	struct command wanted, running;
	pid_t pid;
	struct loop_source end; /* fd -1: nothing runs */
	struct loop_timer again;
	uint64_t started_ms;
	unsigned int pause_ms;
};

static struct dhcp *servers;

static int is_as_wanted(const struct dhcp *d)
{
	return d->wanted.bytes == d->running.bytes &&
	       memcmp(d->wanted.words, d->running.words, d->wanted.bytes) == 0;
}

static void start(struct dhcp *d);

/* Nobody needs it any more. */
static void server_free(struct dhcp *d)
{
	struct dhcp **at = &servers;

	while (*at != d) {
		at = &(*at)->next;
	}
	*at = d->next;
	loop_timer_clear(&d->again);
	free(d);
}

static void again(struct loop_timer *t)
{
	start((struct dhcp *)((char *)t - offsetof(struct dhcp, again)));
}

/* Each time later: a server that cannot live must not keep dom0 busy. */
static void again_soon(struct dhcp *d)
{
	if (loop_now_ms() - d->started_ms >= LONG_LIFE_MS || !d->pause_ms) {
		d->pause_ms = FIRST_MS;
	} else if (d->pause_ms < LONGEST_MS) {
		d->pause_ms *= 2;
	}
	loop_timer_set(&d->again, d->pause_ms, again);
}

static void ended(struct loop_source *s, uint32_t events)
{
	struct dhcp *d = (struct dhcp *)((char *)s - offsetof(struct dhcp, end));
	int fd = s->fd, is_asked = !is_as_wanted(d);

	(void)events;
	loop_remove(s);
	close(fd);
	s->fd = -1;
	waitpid(d->pid, NULL, WNOHANG); /* it may be an earlier daemon's child */
	d->running.bytes = 0;
	if (!d->wanted.bytes) {
		server_free(d);
	} else if (is_asked) {
		start(d);
	} else {
		fprintf(stderr,
			"domusd: the DHCP server of network %s ended and is started again\n",
			d->network);
		again_soon(d);
	}
}

static int watch(struct dhcp *d, pid_t pid)
{
	int fd = pidfd_open(pid, 0);

	d->pid = pid;
	if (fd < 0 || loop_add(&d->end, fd, EPOLLIN, ended)) {
		if (fd >= 0) {
			close(fd);
		}
		return -1;
	}
	return 0;
}

static void start(struct dhcp *d)
{
	char *argv[WORDS] = {NULL}, *word = d->wanted.words;
	struct err e ERR_CLEANUP = {0};
	char *text;
	pid_t pid;
	int i;

	for (i = 0; i < WORDS - 1 && word < d->wanted.words + d->wanted.bytes; i++) {
		argv[i] = word;
		word += strlen(word) + 1;
	}
	d->started_ms = loop_now_ms();
	if (spawn_program(argv, "dhcp", d->network, &pid, &e) == 0 && watch(d, pid) == 0) {
		d->running = d->wanted;
		return;
	}
	err_fix(&e, "install the package dnsmasq-base");
	err_wrap(&e, "guests of network %s get no addresses", d->network);
	text = err_text(&e, "domusd");
	fputs(text ? text : "", stderr);
	free(text);
	again_soon(d);
}

static size_t file_read(const char *path, char *buf, size_t bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, bytes);

	if (fd >= 0) {
		close(fd);
	}
	return n > 0 ? n : 0;
}

/* What an earlier daemon started, if it still runs: its words name the file of our leases. */
static void adopt(struct dhcp *d)
{
	char path[128], number[16] = "", leases[128], mark[160];
	long pid;

	dhcp_pid_path(d->network, path, sizeof(path));
	file_read(path, number, sizeof(number) - 1);
	pid = strtol(number, NULL, 10);
	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
	dhcp_leases_path(d->network, leases, sizeof(leases));
	snprintf(mark, sizeof(mark), "--dhcp-leasefile=%s", leases);
	if (pid <= 0 || watch(d, pid)) {
		return;
	}
	/* Read behind the descriptor: from now on the number is this process's. */
	d->running.bytes = file_read(path, d->running.words, sizeof(d->running.words));
	if (!memmem(d->running.words, d->running.bytes, mark, strlen(mark) + 1)) {
		int fd = d->end.fd;

		d->running.bytes = 0;
		loop_remove(&d->end);
		close(fd);
		d->end.fd = -1;
	}
}

static struct dhcp *server_find(const char *network)
{
	struct dhcp *d = servers;

	while (d && strcmp(d->network, network) != 0) {
		d = d->next;
	}
	return d;
}

static struct dhcp *server_get(const char *network)
{
	struct dhcp *d = server_find(network);

	if (!d && (d = calloc(1, sizeof(*d)))) {
		snprintf(d->network, sizeof(d->network), "%s", network);
		d->end.fd = -1;
		d->next = servers;
		servers = d;
		adopt(d);
	}
	return d;
}

void dhcp_want(const struct host_net *n)
{
	struct dhcp *d = server_get(n->name);

	if (!d) {
		return;
	}
	memset(&d->wanted, 0, sizeof(d->wanted));
	d->wanted.bytes = dhcp_command(n, d->wanted.words);
	if (d->end.fd >= 0) {
		if (!is_as_wanted(d)) {
			pidfd_send_signal(d->end.fd, SIGTERM, NULL, 0);
		}
	} else if (!d->wanted.bytes) {
		server_free(d);
	} else if (!d->again.is_set) {
		start(d);
	}
}

void dhcp_unwant(const char *network)
{
	struct host_net none = {0};

	snprintf(none.name, sizeof(none.name), "%s", network);
	dhcp_want(&none);
}

int dhcp_pid(const char *network)
{
	const struct dhcp *d = server_find(network);

	return d && d->end.fd >= 0 ? d->pid : 0;
}
