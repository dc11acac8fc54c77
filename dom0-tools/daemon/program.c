/* SPDX-License-Identifier: MIT */
/* Starts programs, waits for them, listens to them; see program.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/program.h"

void program_attributes(posix_spawnattr_t *attributes)
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

static int start(char *const argv[], int keep, int words, pid_t *pid)
{
	char *const env[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int errnum;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	program_attributes(&attributes);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, words, STDERR_FILENO);
	if (keep >= 0) {
		posix_spawn_file_actions_adddup2(&files, keep, PROGRAM_FD);
	}
	errnum = posix_spawn(pid, argv[0], &files, &attributes, argv, env);
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

int program_run(char *const argv[], int keep, char *text, size_t bytes)
{
	int words[2], errnum, status = 0;
	pid_t pid;

	if (pipe2(words, O_CLOEXEC | O_NONBLOCK)) {
		return -1;
	}
	errnum = start(argv, keep, words[1], &pid);
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
