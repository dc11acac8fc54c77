/* SPDX-License-Identifier: MIT */
/*
 * What `perf` asks of the kernel: a hardware counter, which a guest does not have, and a software
 * one, which it has. Prints the answers.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void ask(const char *name, unsigned int type, unsigned long long config)
{
	struct perf_event_attr attr = {.type = type, .size = sizeof(attr), .config = config};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	unsigned long long count = 0;

	if (fd < 0) {
		printf("%s: %s\n", name, strerror(errno));
	} else {
		printf("%s: %s\n", name,
		       read(fd, &count, sizeof(count)) == sizeof(count) ? "counts" : "unreadable");
	}
}

int main(void)
{
	ask("cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
	ask("task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK);
	return 0;
}
