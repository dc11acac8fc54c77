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
	int errnum = program_start(argv[0], argv, &log, 1, pid);

	if (log.fd >= 0) {
		close(log.fd);
	}
	if (errnum) {
		err_set(e, ERR_HOST, "%s cannot be started", argv[0]);
		err_errno(e, errnum, "posix_spawn");
	}
	return errnum ? -1 : 0;
}

int spawn_backend(uint32_t domid, const char *name, int has_nbd, pid_t *pid, int *fd, struct err *e)
{
	char number[16], *const argv[] = {"domus-backend", "--domain", number,
					  has_nbd ? "--nbd" : NULL, NULL};
	struct program_fd fds[] = {{-1, STDERR_FILENO}, {-1, BACKEND_FD}};
	int ends[2], errnum;

	snprintf(number, sizeof(number), "%u", domid);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		err_set(e, ERR_HOST, "the guest gets no back end");
		return err_errno(e, errno, "socketpair");
	}
	fds[0].fd = log_open("backend", name);
	fds[1].fd = ends[1];
	errnum = program_start(DOMUS_BACKEND_PATH, argv, fds, 2, pid);
	close(ends[1]);
	if (fds[0].fd >= 0) {
		close(fds[0].fd);
	}
	if (errnum) {
		close(ends[0]);
		err_set(e, ERR_HOST, DOMUS_BACKEND_PATH " cannot be started");
		err_errno(e, errnum, "posix_spawn");
		return err_fix(e, "install it, or write backend: kernel");
	}
	*fd = ends[0];
	return 0;
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
