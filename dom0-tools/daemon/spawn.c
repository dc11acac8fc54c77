/* SPDX-License-Identifier: MIT */
/* Makes processes, logs and records for back ends; see spawn.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend.h"
#include "daemon/spawn.h"
#include "lib/paths.h"

/* A stream to the journal whose lines carry the name; -1: there is no journal. */
static int log_open(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX,
				      .sun_path = "/run/systemd/journal/stdout"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Identifier, unit, priority, lines may begin with <priority>, and no copies elsewhere. */
	if (fd >= 0 && (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
			dprintf(fd, "domus-backend-%s\n\n6\n1\n0\n0\n0\n", name) < 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A thread of ours blocks all signals and ignores some; the program shall find them as usual. */
static void attributes_set(posix_spawnattr_t *attributes)
{
	sigset_t none, ignored;

	sigemptyset(&none);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE);
	sigaddset(&ignored, SIGHUP);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &ignored);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* posix_spawn() shares our memory until the program runs: nothing is copied as by a fork. */
static int run(uint32_t domid, int conversation, int log, pid_t *pid)
{
	char number[16];
	char *const argv[] = {"domus-backend", "--domain", number, NULL}, *const env[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int errnum;

	snprintf(number, sizeof(number), "%u", domid);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	attributes_set(&attributes);
	if (log >= 0) {
		posix_spawn_file_actions_adddup2(&files, log, STDERR_FILENO);
	}
	posix_spawn_file_actions_adddup2(&files, conversation, BACKEND_FD);
	errnum = posix_spawn(pid, DOMUS_BACKEND_PATH, &files, &attributes, argv, env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return errnum;
}

int spawn_backend(uint32_t domid, const char *name, pid_t *pid, int *fd, struct err *e)
{
	int ends[2], log, errnum;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		err_set(e, ERR_HOST, "the guest gets no back end");
		return err_errno(e, errno, "socketpair");
	}
	log = log_open(name);
	errnum = run(domid, ends[1], log, pid);
	close(ends[1]);
	if (log >= 0) {
		close(log);
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
