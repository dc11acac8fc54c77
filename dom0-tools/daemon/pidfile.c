/* SPDX-License-Identifier: MIT */
/* Ends processes by their files of pid; see pidfile.h. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "daemon/pidfile.h"

/* A descriptor of the process that holds the file; -1: none does. */
static int holder_open(const char *path)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDONLY | O_CLOEXEC), pidfd = -1;
	char text[16] = "";

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && atoi(text) > 0) {
		pidfd = pidfd_open(atoi(text), 0);
	}
	/* It holds a lock on the file: a number that came to mean another process does not. */
	if (pidfd >= 0 && (fcntl(fd, F_OFD_GETLK, &lock) || lock.l_type == F_UNLCK)) {
		close(pidfd);
		pidfd = -1;
	}
	if (fd >= 0) {
		close(fd);
	}
	return pidfd;
}

void pidfile_end(const char *path, unsigned int patience_ms)
{
	struct pollfd p = {.fd = holder_open(path), .events = POLLIN};

	if (p.fd >= 0) {
		pidfd_send_signal(p.fd, SIGTERM, NULL, 0);
		if (poll(&p, 1, (int)patience_ms) != 1) {
			pidfd_send_signal(p.fd, SIGKILL, NULL, 0);
			poll(&p, 1, (int)patience_ms);
		}
		close(p.fd);
	}
	unlink(path);
}
