/* SPDX-License-Identifier: MIT */
/*
 * What the little measuring programs share. All times are differences of the TSC, which counts
 * virtual nanoseconds, that is instructions, on the machines of the bench. One thread, no lock.
 */
#pragma once

#include <stdint.h>

/** The time stamp counter, after all that came before. */
static inline uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/** Ends the program with a message that names what failed and errno. */
void fail(const char *what) __attribute__((noreturn));

/** A measure starts now: time, and what the bench's plugin counts. */
void begin(void);

/** ... and ends: the mean time of one of `count` operations. */
uint64_t end(uint64_t count);

/** What a measure is about: a device, an address; empty if it was not given. */
const char *argument(void);

/* One measure each: the mean time of one operation. */
uint64_t measure_getpid(void);
uint64_t measure_fault(void);
uint64_t measure_munmap(void);
uint64_t measure_fork(void);
uint64_t measure_exec(void);
uint64_t measure_pipe(void);
uint64_t measure_hypercall(void);
uint64_t measure_evtchn(void);
uint64_t measure_notify(void);
uint64_t measure_handover(void);

/* Of a disk: 1 MiB in order, 4 KiB at random, the same with many at once. */
uint64_t measure_disk_read(void);
uint64_t measure_disk_write(void);
uint64_t measure_disk_random(void);
uint64_t measure_disk_deep(void);

/* Of a network: 1 MiB of a stream, one byte there and back, a datagram, a ping; and the other end.
 */
uint64_t measure_tcp_out(void);
uint64_t measure_tcp_in(void);
uint64_t measure_tcp_echo(void);
uint64_t measure_udp_out(void);
uint64_t measure_ping(void);
uint64_t measure_serve(void) __attribute__((noreturn));
