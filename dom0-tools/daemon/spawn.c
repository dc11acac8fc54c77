/* SPDX-License-Identifier: MIT */
/* Makes processes, logs and records for back ends; see spawn.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend.h"
#include "daemon/broker.h"
#include "daemon/program.h"
#include "daemon/spawn.h"
#include "lib/paths.h"

/* A stream to the journal whose lines carry a name of two parts; -1: there is no journal. */
static int log_open(const char *kind, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX,
				      .sun_path = "/run/systemd/journal/stdout"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Identifier, unit, priority, lines may begin with <priority>, and no copies elsewhere. */
	if (fd >= 0 && (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
			dprintf(fd, "domus-%s-%s\n\n6\n1\n0\n0\n0\n", kind, name) < 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

int spawn_program(char *const argv[], const char *kind, const char *name, pid_t *pid, struct err *e)
{
	const struct program_fd log = {log_open(kind, name), STDERR_FILENO};
	int errnum = program_start(argv[0], argv, NULL, &log, 1, pid);

	if (log.fd >= 0) {
		close(log.fd);
	}
	if (errnum) {
		err_set(e, ERR_HOST, "%s cannot be started", argv[0]);
		err_errno(e, errnum, "posix_spawn");
	}
	return errnum ? -1 : 0;
}

/* A socket whose other end is the child's; 0, or -1 with an error. */
static int pair_make(int ends[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		err_set(e, ERR_HOST, "the guest gets no back end");
		return err_errno(e, errno, "socketpair");
	}
	return 0;
}

static int backend_run(uint32_t domid, const char *name, enum backend_needs needs, pid_t *pid,
		       int conversation, int store, struct err *e)
{
	char number[16], *const argv[] = {"domus-backend",
					  "--domain",
					  number,
					  needs >= BACKEND_DISKS ? "--disks" : NULL,
					  needs >= BACKEND_NBD ? "--nbd" : NULL,
					  NULL};
	const struct program_fd fds[] = {{log_open("backend", name), STDERR_FILENO},
					 {conversation, BACKEND_FD},
					 {store, BACKEND_STORE_FD}};
	int errnum;

	snprintf(number, sizeof(number), "%u", domid);
	errnum = program_start(DOMUS_BACKEND_PATH, argv, NULL, fds, 3, pid);
	if (fds[0].fd >= 0) {
		close(fds[0].fd);
	}
	if (errnum) {
		err_set(e, ERR_HOST, DOMUS_BACKEND_PATH " cannot be started");
		err_errno(e, errnum, "posix_spawn");
		return err_fix(e, "install it, or write backend: kernel");
	}
	return 0;
}

int spawn_backend(uint32_t domid, const char *name, enum backend_needs needs, pid_t *pid, int *fd,
		  struct err *e)
{
	int ends[2], store[2], ret = -1;

	if (pair_make(ends, e)) {
		return -1;
	}
	if (pair_make(store, e) == 0) {
		if (broker_add(domid, store[0]) == 0) {
			ret = backend_run(domid, name, needs, pid, ends[1], store[1], e);
		} else {
			err_set(e, ERR_HOST, "the guest's back end cannot be given the store");
			err_errno(e, errno, "epoll_ctl");
		}
		close(store[1]);
	}
	close(ends[1]);
	if (ret) {
		close(ends[0]);
	}
	*fd = ends[0];
	return ret;
}

static void record_path(const struct device *d, char path[64])
{
	snprintf(path, 64, DOMUS_RUN_DIR "/requests-%u-%u", d->domid, d->handle);
}

int spawn_record(const struct device *d, int is_new, struct err *e)
{
	char path[64];
	int fd;

	record_path(d, path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (is_new ? O_TRUNC : 0), 0600);
	if (fd < 0) {
		err_set(e, ERR_HOST, "%s cannot be made", path);
		err_errno(e, errno, "open");
	}
	return fd;
}

void spawn_record_remove(const struct device *d)
{
	char path[64];

	record_path(d, path);
	unlink(path);
}
