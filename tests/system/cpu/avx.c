/* SPDX-License-Identifier: MIT */
/*
 * `avx ROUNDS`: two processes fill the sixteen 256-bit registers with patterns of their own, hop
 * from CPU to CPU beside each other and look whether the patterns are still there. Status 0 and
 * "avx kept" if they are, 2 if there is no AVX2.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define REGISTERS 16
#define EACH(op)                                                                                \
	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13) \
		op(14) op(15)
#define LOAD(n)  "vmovdqu " #n "*32(%0), %%ymm" #n "\n"
#define NAME(n)  , "xmm" #n
#define STORE(n) "vmovdqu %%ymm" #n ", " #n "*32(%1)\n"

typedef uint8_t registers_t[REGISTERS][32];

/* The registers live over the system calls between: nothing but the kernel may touch them. */
static void hop(const registers_t in, registers_t out, int cpu)
{
	cpu_set_t set;
	register long number asm("rax") = 203; /* sched_setaffinity */

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	asm volatile(EACH(LOAD) "syscall\n"
				"movl $24, %%eax\n" /* sched_yield */
				"syscall\n" EACH(STORE)
		     : "+r"(in), "+r"(out), "+r"(number)
		     : "D"(0L), "S"(sizeof(set)), "d"(&set)
		     : "rcx", "r11", "memory", "cc" EACH(NAME));
}

static int run(unsigned int seed, long rounds, int cpus)
{
	static registers_t in, out;

	for (long i = 0; i < rounds; i++) {
		for (size_t j = 0; j < sizeof(in); j++) {
			((uint8_t *)in)[j] = (uint8_t)(rand_r(&seed) >> 8);
		}
		hop(in, out, (int)(i % cpus));
		if (memcmp(in, out, sizeof(in))) {
			printf("round %ld: registers have changed\n", i);
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 1000;
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), status = 1, failed = 0;
	pid_t child;

	if (!__builtin_cpu_supports("avx2")) {
		puts("no AVX2");
		return 2;
	}
	child = fork();
	failed = run(child ? 1 : 2, rounds, cpus);
	if (!child) {
		_exit(failed);
	}
	waitpid(child, &status, 0);
	failed |= status;
	puts(failed ? "avx lost" : "avx kept");
	return failed ? 1 : 0;
}
