/* SPDX-License-Identifier: MIT */
/*
 * System call, page fault, processes and pipe: what a kernel does all day. Each measure repeats
 * its operation and returns the mean. One thread, no lock.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "micro.h"

enum { CALLS = 20000, PAGES = 2000, FORKS = 100, EXECS = 50, TRIPS = 1000, PAGE_BYTES = 4096 };

uint64_t measure_getpid(void)
{
	uint64_t start = tsc();
	int i;

	for (i = 0; i < CALLS; i++) {
		syscall(SYS_getpid);
	}
	return (tsc() - start) / CALLS;
}

/* One mapping of PAGES pages of ordinary size. */
static volatile char *map_pages(void)
{
	void *memory = mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || madvise(memory, PAGES * PAGE_BYTES, MADV_NOHUGEPAGE)) {
		fail("mmap");
	}
	return memory;
}

/* The time of the first touch of each page. */
static uint64_t touch_pages(volatile char *memory)
{
	uint64_t start = tsc();
	int i;

	for (i = 0; i < PAGES; i++) {
		memory[(size_t)i * PAGE_BYTES] = 1;
	}
	return tsc() - start;
}

/* The mapping itself is not measured. */
uint64_t measure_fault(void)
{
	return touch_pages(map_pages()) / PAGES;
}

/* Each page of a touched mapping, unmapped in one go. */
uint64_t measure_munmap(void)
{
	volatile char *memory = map_pages();
	uint64_t start;

	touch_pages(memory);
	start = tsc();
	if (munmap((void *)memory, PAGES * PAGE_BYTES)) {
		fail("munmap");
	}
	return (tsc() - start) / PAGES;
}

static void run_child(int exec)
{
	pid_t child = fork();

	if (child < 0) {
		fail("fork");
	}
	if (child == 0) {
		if (exec) {
			execl("/bin/busybox", "true", (char *)NULL);
			_exit(1);
		}
		_exit(0);
	}
	if (waitpid(child, NULL, 0) < 0) {
		fail("waitpid");
	}
}

uint64_t measure_fork(void)
{
	uint64_t start;
	int i;

	run_child(0);
	start = tsc();
	for (i = 0; i < FORKS; i++) {
		run_child(0);
	}
	return (tsc() - start) / FORKS;
}

uint64_t measure_exec(void)
{
	uint64_t start;
	int i;

	run_child(1);
	start = tsc();
	for (i = 0; i < EXECS; i++) {
		run_child(1);
	}
	return (tsc() - start) / EXECS;
}

static void answer(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1) {
		if (write(out, &byte, 1) != 1) {
			break;
		}
	}
	_exit(0);
}

/* A byte to another process and back. */
uint64_t measure_pipe(void)
{
	int there[2], back[2];
	uint64_t start;
	char byte = 0;
	int i;

	if (pipe(there) || pipe(back)) {
		fail("pipe");
	}
	if (fork() == 0) {
		close(there[1]);
		answer(there[0], back[1]);
	}
	start = tsc();
	for (i = 0; i < TRIPS; i++) {
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) {
			fail("pipe");
		}
	}
	return (tsc() - start) / TRIPS;
}
