/* SPDX-License-Identifier: MIT */
/*
 * What every daemon of this tree does as a service: end on SIGTERM and SIGINT by its event loop, go
 * to the background on request, and say that it serves: to systemd (sd_notify(3) describes the
 * datagram) and to whoever started it. One thread.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/** Blocks SIGTERM and SIGINT and returns a descriptor that reads them; -1 with errno. */
static inline int service_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/** Blocks SIGHUP and returns a descriptor that reads it; -1 with errno. After service_signals(). */
static inline int service_hangups(void)
{
	sigset_t set;

	signal(SIGHUP, SIG_DFL); /* one that is ignored is not delivered anywhere */
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/** Many guests need many files: the hard limit is what the administrator allows. */
static inline void service_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/** One datagram to the socket that systemd named, if it did. Returns 0, or -1 with errno. */
static inline int service_notify(const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd, rc = 0;

	if (!len || len >= sizeof(address.sun_path)) {
		return 0;
	}
	memcpy(address.sun_path, path, len);
	if (*path == '@') {
		address.sun_path[0] = '\0'; /* an abstract name */
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -1;
	}
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
		   offsetof(struct sockaddr_un, sun_path) + len) < 0) {
		rc = -1;
	}
	close(fd);
	return rc;
}

/**
 * Goes on in a child, whose descriptor for service_ready() it returns; -1 with errno: no child. The
 * parent ends with 0 once the child is ready, or as the child ends if it never is.
 */
static inline int service_detach(void)
{
	int ends[2], null, status = 0;
	char byte;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0) {
		return -1;
	}
	if (child) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) == 1) {
			_exit(0);
		}
		waitpid(child, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	close(ends[0]);
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	return ends[1];
}

/** The daemon serves: tells systemd, and the parent of service_detach() unless detached is -1. */
static inline int service_ready(int detached)
{
	int rc = service_notify("READY=1");

	if (detached >= 0) {
		rc = write(detached, "", 1) == 1 ? rc : -1;
		close(detached);
	}
	return rc;
}
