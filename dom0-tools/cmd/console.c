/* SPDX-License-Identifier: MIT */
/*
 * domus console GUEST: joins the terminal and the guest's console. The terminal is raw while
 * attached, so that the guest gets every key but Ctrl-]. Invariant: the terminal is as before
 * when this ends, however it ends short of SIGKILL. No lock.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/verb.h"
#include "lib/client.h"

enum { ESCAPE_KEY = 0x1d, PIECE_BYTES = 4096 };

static struct termios terminal_before;
static int is_terminal;

static void terminal_restore(void)
{
	if (is_terminal) {
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal_before);
	}
}

static void on_signal(int signum)
{
	terminal_restore();
	_exit(128 + signum);
}

static void terminal_raw(void)
{
	struct termios raw;

	is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &terminal_before) == 0;
	if (is_terminal) {
		signal(SIGTERM, on_signal);
		signal(SIGHUP, on_signal);
		raw = terminal_before;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
}

static int write_all(int fd, const char *data, size_t bytes)
{
	while (bytes) {
		ssize_t n = write(fd, data, bytes);

		if (n < 0 && errno != EINTR) {
			return -1;
		}
		if (n > 0) {
			data += n;
			bytes -= n;
		}
	}
	return 0;
}

/* Keys to the guest: 1 to go on, 0 on Ctrl-] or when the guest is gone, -1 at the end of input. */
static int pass_keys(int fd)
{
	char keys[PIECE_BYTES], *escape;
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n <= 0) {
		return n < 0 && errno == EINTR ? 1 : -1;
	}
	escape = memchr(keys, ESCAPE_KEY, n);
	if (escape) {
		n = escape - keys;
	}
	return write_all(fd, keys, n) == 0 && !escape;
}

static int pass_output(int fd)
{
	char text[PIECE_BYTES];
	ssize_t n = recv(fd, text, sizeof(text), 0);

	if (n <= 0) {
		return n < 0 && errno == EINTR;
	}
	return write_all(STDOUT_FILENO, text, n) == 0;
}

/* Until Ctrl-] or the console's end; the end of input alone leaves the output running. */
static void relay(int fd)
{
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
	int keys;

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR) {
			return;
		}
		if (p[0].revents && !pass_output(fd)) {
			return;
		}
		if (p[1].revents) {
			keys = pass_keys(fd);
			if (keys == 0) {
				return;
			}
			p[1].fd = keys < 0 ? -1 : STDIN_FILENO;
		}
	}
}

int console_attach(const struct call *c, const char *guest, struct err *e)
{
	char early[PIECE_BYTES * 4], *target = verb_target(guest, "console");
	size_t bytes;
	int fd = target ? client_upgrade(c->socket_path, target, "domus-console", early,
					 sizeof(early), &bytes, e)
			: err_set(e, ERR_NO_MEMORY, "out of memory");

	free(target);
	if (fd < 0) {
		return -1;
	}
	if (isatty(STDIN_FILENO)) {
		fprintf(stderr, "Console of %s; Ctrl-] leaves it.\n", guest);
	}
	terminal_raw();
	if (write_all(STDOUT_FILENO, early, bytes) == 0) {
		relay(fd);
	}
	terminal_restore();
	close(fd);
	if (is_terminal) {
		fputs("\n", stderr);
	}
	return 0;
}

int console_run(const struct call *c, struct err *e)
{
	return console_attach(c, c->argv[0], e);
}
