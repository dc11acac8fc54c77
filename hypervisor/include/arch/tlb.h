/* SPDX-License-Identifier: MIT */
/*
 * TLB flushes. Guest pages are never global. `mask` names the CPUs that may hold translations
 * (a domain's dirty mask, or all). The calls return when every CPU of the mask has flushed.
 * Frames are reused under the rule "flush before reuse": a frame that lost its last reference
 * or changes its type carries a stamp, and tlb_flush_stamp() flushes only those CPUs that have not
 * flushed since.
 *
 * Where the CPU has PCIDs a change of mode or of the view (arch/isolation.h) flushes nothing: each
 * of the vcpu's tables has a number of its own. A flush is then one of all numbers.
 */
#pragma once

#include "arch/cpu.h"

void tlb_flush_local(void);
void tlb_flush_page_local(unsigned long va);
/* Now and then, at least once a second, on a CPU that runs guests: the clock may not leave it
 * behind. */
void tlb_keep_up(void);
void tlb_flush_mask(const cpumask_t *mask);
void tlb_flush_page_mask(const cpumask_t *mask, unsigned long va);

enum pcid { PCID_HYPERVISOR, PCID_USER, PCID_KERNEL, PCID_VIEW_USER, PCID_VIEW_KERNEL, PCIDS };
#define CR3_NO_FLUSH BIT(63)

/* What CR3 gets for a root table. */
static inline u64 cr3_with_pcid(maddr_t table, enum pcid pcid)
{
	return cpu_features.pcid ? table | (u64)pcid | CR3_NO_FLUSH : table;
}

/* The current value of the flush clock: to be kept in a frame that may be in TLBs. */
u32 tlb_stamp(void);
/* May any CPU of `mask` still hold what was mapped at `stamp`? */
bool tlb_is_stale(const cpumask_t *mask, u32 stamp);
/* Flushes those that may. */
void tlb_flush_stamp(const cpumask_t *mask, u32 stamp);
