/* SPDX-License-Identifier: MIT */
/*
 * Prints one measure: `micro getpid`, with what it is about behind it: `micro disk-read /dev/xvda`;
 * or the time of a command: `micro time COMMAND...`, or the TSC now: `micro tsc`. The result is a
 * line "micro NAME VALUE", with the number of operations behind it if it is a mean. One thread, no
 * lock.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "micro.h"

void window_begin(void);
void window_end(void);

static const struct {
	const char *name;
	uint64_t (*run)(void);
} measures[] = {
	{"getpid", measure_getpid},
	{"fault", measure_fault},
	{"munmap", measure_munmap},
	{"fork", measure_fork},
	{"exec", measure_exec},
	{"pipe", measure_pipe},
	{"hypercall", measure_hypercall},
	{"evtchn", measure_evtchn},
	{"notify", measure_notify},
	{"handover", measure_handover},
	{"disk-read", measure_disk_read},
	{"disk-write", measure_disk_write},
	{"disk-random", measure_disk_random},
	{"disk-deep", measure_disk_deep},
	{"serve", measure_serve},
	{"tcp-out", measure_tcp_out},
	{"tcp-in", measure_tcp_in},
	{"tcp-echo", measure_tcp_echo},
	{"udp-out", measure_udp_out},
	{"ping", measure_ping},
	{"tsc", tsc},
};

static uint64_t started, operations;
static const char *about = "";

/* The plugin knows these two by their addresses. */
__attribute__((noinline, noclone)) void window_begin(void)
{
	__asm__ volatile("");
}

__attribute__((noinline, noclone)) void window_end(void)
{
	__asm__ volatile("");
}

void begin(void)
{
	window_begin();
	started = tsc();
}

uint64_t end(uint64_t count)
{
	uint64_t time = tsc() - started;

	window_end();
	operations = count;
	return time / count;
}

const char *argument(void)
{
	return about;
}

void fail(const char *what)
{
	fprintf(stderr, "micro: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t time_command(char **argv)
{
	uint64_t start = tsc();
	pid_t child = fork();
	int status;

	if (child < 0) {
		fail("fork");
	}
	if (child == 0) {
		execvp(argv[0], argv);
		fail(argv[0]);
	}
	if (waitpid(child, &status, 0) < 0 || status != 0) {
		fail("the command failed");
	}
	return tsc() - start;
}

int main(int argc, char **argv)
{
	unsigned int i;
	uint64_t value;

	if (argc > 2 && strcmp(argv[1], "time") == 0) {
		printf("micro time %" PRIu64 "\n", time_command(argv + 2));
		return 0;
	}
	about = argc == 3 ? argv[2] : about;
	for (i = 0; (argc == 2 || argc == 3) && i < sizeof(measures) / sizeof(measures[0]); i++) {
		if (strcmp(argv[1], measures[i].name) == 0) {
			value = measures[i].run();
			printf("micro %s %" PRIu64 " %" PRIu64 "\n", argv[1], value, operations);
			return 0;
		}
	}
	fprintf(stderr, "usage: micro MEASURE [ABOUT] | micro time COMMAND...\n");
	return 2;
}
