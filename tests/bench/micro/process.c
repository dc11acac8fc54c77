/* SPDX-License-Identifier: MIT */
/*
 * System call, page fault, processes and pipe: what a kernel does all day. Each measure repeats
 * its operation and returns the mean. One thread, no lock.
 */
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "micro.h"

enum { CALLS = 20000, PAGES = 2000, FORKS = 100, EXECS = 50, TRIPS = 1000, PAGE_BYTES = 4096 };

uint64_t measure_getpid(void)
{
	int i;

	begin();
	for (i = 0; i < CALLS; i++) {
		syscall(SYS_getpid);
	}
	return end(CALLS);
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

/* The time of the first touch of a page. */
static uint64_t touch_pages(volatile char *memory)
{
	int i;

	begin();
	for (i = 0; i < PAGES; i++) {
		memory[(size_t)i * PAGE_BYTES] = 1;
	}
	return end(PAGES);
}

/* The mapping itself is not measured. */
uint64_t measure_fault(void)
{
	return touch_pages(map_pages());
}

/* Each page of a touched mapping, unmapped in one go. */
uint64_t measure_munmap(void)
{
	volatile char *memory = map_pages();

	touch_pages(memory);
	begin();
	if (munmap((void *)memory, PAGES * PAGE_BYTES)) {
		fail("munmap");
	}
	return end(PAGES);
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
	int i;

	run_child(0);
	begin();
	for (i = 0; i < FORKS; i++) {
		run_child(0);
	}
	return end(FORKS);
}

uint64_t measure_exec(void)
{
	int i;

	run_child(1);
	begin();
	for (i = 0; i < EXECS; i++) {
		run_child(1);
	}
	return end(EXECS);
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

/* From now on this process and its children run on the vCPU alone; negative: wherever they like. */
static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (cpu >= 0 && sched_setaffinity(0, sizeof(set), &set)) {
		fail("sched_setaffinity");
	}
}

/* A byte to another process and back; `ways`: how many of these ways are an operation. */
static uint64_t round_trip(int here, int other, int ways)
{
	int there[2], back[2];
	char byte = 0;
	int i;

	if (pipe(there) || pipe(back)) {
		fail("pipe");
	}
	stay_on(other);
	if (fork() == 0) {
		close(there[1]);
		answer(there[0], back[1]);
	}
	stay_on(here);
	for (i = 0; i <= TRIPS; i++) {
		if (i == 1) {
			begin(); /* the first one only tells that the other is there */
		}
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) {
			fail("pipe");
		}
	}
	return end(TRIPS * 2 / ways);
}

uint64_t measure_pipe(void)
{
	return round_trip(-1, -1, 2);
}

/* One way from a process on one vCPU to a process on another, both idle but for that. */
uint64_t measure_handover(void)
{
	return round_trip(0, 1, 1);
}
