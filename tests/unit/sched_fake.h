/* SPDX-License-Identifier: MIT */
/* Included before every source of the scheduler's tests: which CPU this is, the test says. */
#pragma once

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

/* Fake CPUs may be threads, and more than there are CPUs: who waits lets the others run. */
static inline void fake_pause(void)
{
	sched_yield();
}
#define __builtin_ia32_pause() fake_pause()

#define sched_yield hv_sched_yield /* not the C library's */
#include "arch/cpu.h"

extern __thread unsigned int fake_cpu;
#define cpu_id()    fake_cpu
#define cpu_relax() fake_pause()

#ifdef __SANITIZE_THREAD__ /* which takes volatile accesses for plain ones */
#undef READ_ONCE
#undef WRITE_ONCE
#define READ_ONCE(x)     __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#endif
