/* SPDX-License-Identifier: MIT */
/*
 * Included before every source of the tests of event/, grant/ and memory_op: a small fake machine.
 * Each thread is a CPU with a current vcpu; machine memory is an array; heap, frames and domains
 * count what they give out, so that a test can end with "nothing is left".
 */
#pragma once

#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>

/* Fake CPUs are threads, and there may be more of them than CPUs: who waits lets the others run. */
static inline void fake_pause(void)
{
	sched_yield();
}
#define __builtin_ia32_pause() fake_pause()

#define sched_yield fake_sched_yield /* not the C library's */
#include "domain/domain.h"
#include "mm/frame.h"

#define FAKE_FRAMES 2048u
#define FAKE_CPUS   5u

extern __thread struct vcpu *fake_current;
extern __thread unsigned int fake_cpu;
extern uint64_t fake_m2p[FAKE_FRAMES];

#undef current
#define current     fake_current
#define cpu_id()    fake_cpu
#define cpu_relax() fake_pause()

/* Domains with vcpus and a shared page; all hooks of the tested room are the test's to call. */
struct domain *fake_domain(domid_t id, unsigned int vcpus);
void fake_domain_gone(struct domain *d);            /* drops the creator's reference */
void fake_run(struct domain *d, unsigned int vcpu); /* this thread is now that vcpu */
extern void (*fake_domain_free)(struct domain *d);  /* called at the last reference */

void fake_reset(void);                       /* empties memory; checks that no domain is left */
extern long fake_heap_left;                  /* allocations until the heap is empty; -1 = no end */
extern size_t fake_heap_bytes;               /* given out now */
extern long fake_preempt_every;              /* every so many looks find work pending; 0 = never */
extern __thread unsigned int fake_continued; /* hypercall_continue() calls */
extern __thread unsigned int fake_cont_nr;
extern __thread unsigned long fake_cont_args[6];
extern unsigned int fake_flushes, fake_kicks;
extern uint64_t fake_now;

mfn_t fake_frame(struct domain *d); /* a frame of d's own */
unsigned int fake_refs(mfn_t m);    /* general references beside the owner's */
unsigned int fake_writers(mfn_t m); /* writable references */
bool fake_owned(mfn_t m, struct domain *d);
void fake_set_kind(mfn_t m, unsigned int kind); /* as if it were a table: no writable references */
