/* SPDX-License-Identifier: MIT */
/*
 * TLB flushes. Guest pages are never global. `mask` names the CPUs that may hold translations
 * (a domain's dirty mask, or all). The calls return when every CPU of the mask has flushed.
 * Frames are reused under the rule "flush before reuse": a frame that lost its last reference
 * or changes its type carries a stamp, and tlb_flush_stamp() flushes only those CPUs that have not
 * flushed since.
 */
#ifndef ARCH_TLB_H
#define ARCH_TLB_H

#include "arch/cpu.h"

void tlb_flush_local(void);
void tlb_flush_mask(const cpumask_t *mask);
void tlb_flush_page_mask(const cpumask_t *mask, unsigned long va);

/* The current value of the flush clock: to be kept in a frame that may be in TLBs. */
u32 tlb_stamp(void);
/* Flushes all CPUs of `mask` that may still hold what was mapped at `stamp`. */
void tlb_flush_stamp(const cpumask_t *mask, u32 stamp);

#endif
