/* SPDX-License-Identifier: MIT */
/*
 * `clock SECONDS`: does CLOCK_MONOTONIC ever go back between any two CPUs? On each CPU two threads
 * read it all the time, one that stays there and one that hops from CPU to CPU. A time that is
 * earlier than one that anybody read before is a step back. Where the kernel lets us read the ACPI
 * PM timer (in dom0) the clock is compared with it, too: both at the begin and the end, each by the
 * best of many readings, whose length is the doubt. Prints
 *
 *     clock read N times on C CPUs, B steps back, the worst W ns
 *     clock drift D ppm, doubt E ppm, over S s
 *
 * and ends with status 1 if there was a step back.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <time.h>
#include <unistd.h>

#define PM_HZ     3579545.0
#define PM_MASK   0xffffffu /* of the narrower kind: the other one's low bits are the same */
#define READINGS  2000
#define HOP_READS 200
#define CPUS_MAX  1024

static long cpu_count;
static unsigned short pm_port;
static uint64_t end_ns;
static _Atomic uint64_t newest_ns, steps_back, worst_ns, reads;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void raise_to(_Atomic uint64_t *max, uint64_t value)
{
	uint64_t old = atomic_load(max);

	while (old < value && !atomic_compare_exchange_weak(max, &old, value)) {
	}
}

static uint64_t read_once(void)
{
	uint64_t before = atomic_load(&newest_ns), now = now_ns();

	if (now < before) {
		atomic_fetch_add(&steps_back, 1);
		raise_to(&worst_ns, before - now);
	}
	raise_to(&newest_ns, now);
	return now;
}

static void go_to(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % cpu_count, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Threads with odd numbers hop, those with even ones stay. */
static void *reader(void *arg)
{
	long number = (intptr_t)arg, cpu = number / 2;
	uint64_t count = 0;

	go_to(cpu);
	while (read_once() < end_ns) {
		if (++count % HOP_READS == 0 && number % 2) {
			go_to(++cpu);
		}
	}
	atomic_fetch_add(&reads, count);
	return NULL;
}

/* The PM timer's port, from the kernel's list. */
static unsigned short find_pm_timer(void)
{
	FILE *f = fopen("/proc/ioports", "r");
	unsigned int first, port = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, "PM_TMR") && sscanf(line, " %x-", &first) == 1) {
			port = first;
		}
	}
	if (f) {
		fclose(f);
	}
	return port && ioperm(port, 4, 1) == 0 ? port : 0;
}

struct sample {
	uint64_t ns, doubt;
	uint32_t pm;
};

static struct sample sample(void)
{
	struct sample best = {.doubt = UINT64_MAX};

	for (int i = 0; i < READINGS; i++) {
		uint64_t before = now_ns();
		uint32_t pm = inl(pm_port);
		uint64_t took = now_ns() - before;

		if (took / 2 < best.doubt) {
			best = (struct sample){before + took / 2, took / 2, pm};
		}
	}
	return best;
}

/* The counter comes round every 4.7 s; how often, the clock itself tells. */
static void print_drift(struct sample a, struct sample b)
{
	double round = (PM_MASK + 1.0) / PM_HZ, seconds = (b.ns - a.ns) / 1e9;
	double by_pm = ((b.pm - a.pm) & PM_MASK) / PM_HZ;

	by_pm += round * (double)(int64_t)((seconds - by_pm) / round + 0.5);
	printf("clock drift %.2f ppm, doubt %.2f ppm, over %.0f s\n",
	       (seconds - by_pm) / by_pm * 1e6, (a.doubt + b.doubt) / 1e3 / by_pm, seconds);
}

int main(int argc, char **argv)
{
	int seconds = argc == 2 ? atoi(argv[1]) : 0;
	static pthread_t threads[2 * CPUS_MAX];
	struct sample start;

	cpu_count = sysconf(_SC_NPROCESSORS_ONLN);
	if (seconds <= 0 || cpu_count > CPUS_MAX) {
		fprintf(stderr, "usage: clock SECONDS\n");
		return 2;
	}
	pm_port = find_pm_timer();
	if (pm_port) {
		start = sample();
	}
	end_ns = now_ns() + seconds * 1000000000ull;
	for (intptr_t i = 0; i < 2 * cpu_count; i++) {
		if (pthread_create(&threads[i], NULL, reader, (void *)i)) {
			perror("pthread_create");
			return 2;
		}
	}
	for (long i = 0; i < 2 * cpu_count; i++) {
		pthread_join(threads[i], NULL);
	}
	printf("clock read %llu times on %ld CPUs, %llu steps back, the worst %llu ns\n",
	       (unsigned long long)reads, cpu_count, (unsigned long long)steps_back,
	       (unsigned long long)worst_ns);
	if (pm_port) {
		print_drift(start, sample());
	}
	return steps_back != 0;
}
