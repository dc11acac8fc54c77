/* SPDX-License-Identifier: MIT */
/*
 * `load SECONDS`: on each CPU a process, pinned to it, that makes the kernel do what it is there
 * for: fork, mmap, futex, signal, file, and reads the clock, which never goes back, from whichever
 * CPU it is read. Each checks what it gets back. Prints a line per kind of work with the count of
 * all CPUs and "load done"; a failed check ends with status 1.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FORK, MMAP, FUTEX, SIGNAL, FILES, CLOCK, KINDS };
static const char *const names[KINDS] = {"fork", "mmap", "futex", "signal", "file", "clock"};

static struct shared {
	atomic_ulong count[KINDS];
	atomic_ullong newest_ns; /* the latest time that anybody saw */
} * shared;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void work_fork(void)
{
	int status;
	pid_t child = fork();

	if (child < 0) {
		fail("fork");
	}
	if (child == 0) {
		_exit(42);
	}
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 42) {
		fail("a child did not end as told");
	}
}

static void work_mmap(void)
{
	const size_t pages = 64, page = 4096;
	unsigned char *p = mmap(NULL, pages * page, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		fail("mmap");
	}
	for (size_t i = 0; i < pages; i++) {
		if (p[i * page]) {
			fail("new memory is not zero");
		}
		p[i * page] = (unsigned char)(i + 1);
	}
	if (mprotect(p, pages * page, PROT_READ)) {
		fail("mprotect");
	}
	for (size_t i = 0; i < pages; i++) {
		if (p[i * page] != (unsigned char)(i + 1)) {
			fail("memory forgot");
		}
	}
	munmap(p, pages * page);
}

static void futex(atomic_int *word, int op, int value)
{
	syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static void *answer(void *arg)
{
	atomic_int *word = arg;

	while (atomic_load(word) != 1) {
		futex(word, FUTEX_WAIT_PRIVATE, 0);
	}
	atomic_store(word, 2);
	futex(word, FUTEX_WAKE_PRIVATE, 1);
	return NULL;
}

static void work_futex(void)
{
	atomic_int word = 0;
	pthread_t other;

	if (pthread_create(&other, NULL, answer, &word)) {
		fail("pthread_create");
	}
	atomic_store(&word, 1);
	futex(&word, FUTEX_WAKE_PRIVATE, 1);
	while (atomic_load(&word) != 2) {
		futex(&word, FUTEX_WAIT_PRIVATE, 1);
	}
	pthread_join(other, NULL);
}

static volatile sig_atomic_t caught;

static void catch (int signal)
{
	caught = signal;
}

static void work_signal(void)
{
	caught = 0;
	if (kill(getpid(), SIGUSR1) || caught != SIGUSR1) {
		fail("a signal is lost");
	}
}

static void work_files(void)
{
	char name[] = P_tmpdir "/load.XXXXXX", data[8192], back[8192];
	int fd = mkstemp(name);

	memset(data, getpid() & 0xff, sizeof(data));
	if (fd < 0 || write(fd, data, sizeof(data)) != sizeof(data) ||
	    pread(fd, back, sizeof(back), 0) != sizeof(back) || memcmp(data, back, sizeof(data))) {
		fail("a file");
	}
	close(fd);
	unlink(name);
}

/* What anybody read before may not be later than what is read now. */
static void work_clock(void)
{
	for (int i = 0; i < 100; i++) {
		unsigned long long before = atomic_load(&shared->newest_ns);
		uint64_t now = now_ns();

		if (now < before) {
			fprintf(stderr, "load: the clock went back by %llu ns\n", before - now);
			exit(1);
		}
		while (before < now &&
		       !atomic_compare_exchange_weak(&shared->newest_ns, &before, now)) {
		}
	}
}

static void (*const work[KINDS])(void) = {work_fork,   work_mmap,  work_futex,
					  work_signal, work_files, work_clock};

static void run_on(int cpu, uint64_t end)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		fail("sched_setaffinity");
	}
	signal(SIGUSR1, catch);
	while (now_ns() < end) {
		for (int i = 0; i < KINDS; i++) {
			work[i]();
			atomic_fetch_add(&shared->count[i], 1);
		}
	}
	exit(0);
}

int main(int argc, char **argv)
{
	int seconds = argc == 2 ? atoi(argv[1]) : 0, failed = 0, status;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t end;

	if (seconds <= 0) {
		fprintf(stderr, "usage: load SECONDS\n");
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED) {
		fail("mmap");
	}
	end = now_ns() + seconds * 1000000000ull;
	for (int cpu = 0; cpu < cpus; cpu++) {
		if (fork() == 0) {
			run_on(cpu, end);
		}
	}
	while (wait(&status) > 0) {
		failed |= !WIFEXITED(status) || WEXITSTATUS(status);
	}
	for (int i = 0; i < KINDS; i++) {
		printf("load %s %lu\n", names[i], atomic_load(&shared->count[i]));
	}
	printf(failed ? "load failed\n" : "load done on %ld CPUs\n", cpus);
	return failed;
}
