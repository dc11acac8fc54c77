/* SPDX-License-Identifier: MIT */
/* Starts programs, waits for them, listens to them; see program.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/program.h"

/* A thread of ours blocks all signals, and ignores some. */
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
int program_start(const char *path, char *const argv[], char *const env[],
		  const struct program_fd *fds, unsigned int fd_count, pid_t *pid)
{
	char *const empty[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	unsigned int i;
	int errnum;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	attributes_set(&attributes);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	for (i = 0; i < fd_count; i++) {
		if (fds[i].fd >= 0) {
			posix_spawn_file_actions_adddup2(&files, fds[i].fd, fds[i].as);
		}
	}
	errnum = posix_spawn(pid, path, &files, &attributes, argv, env ? env : empty);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return errnum;
}

/* What it left running may hold its end of the pipe: this is all that will be read. */
static void listen_to(int words, char *text, size_t bytes)
{
	ssize_t n = read(words, text, bytes - 1);

	text[n > 0 ? n : 0] = '\0';
	while (n > 0 && text[n - 1] == '\n') {
		text[--n] = '\0';
	}
}

int program_run(char *const argv[], char *const env[], int keep, char *text, size_t bytes)
{
	struct program_fd fds[] = {{-1, STDERR_FILENO}, {keep, PROGRAM_FD}};
	int words[2], errnum, status = 0;
	pid_t pid;

	if (pipe2(words, O_CLOEXEC | O_NONBLOCK)) {
		return -1;
	}
	fds[0].fd = words[1];
	errnum = program_start(argv[0], argv, env, fds, 2, &pid);
	close(words[1]);
	while (!errnum && waitpid(pid, &status, 0) < 0) {
		errnum = errno == EINTR ? 0 : errno;
	}
	listen_to(words[0], text, bytes);
	close(words[0]);
	if (errnum) {
		errno = errnum;
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
