/* SPDX-License-Identifier: MIT */
/*
 * TLB flushes by a clock: every full flush of a CPU advances the clock and is noted with the CPU.
 * What was unmapped at stamp S cannot be in the TLB of a CPU that flushed after S.
 * Stamps are compared by signed difference: each CPU flushes at least every 2^30 ticks
 * (tlb_keep_up()), or is idle and began that with a flush.
 */
#include "arch/smp.h"
#include "arch/tlb.h"
#include "arch/x86_private.h"
#include "lib/spinlock.h"

static u32 flush_clock = 1;
static u32 flushed_at[CONFIG_NR_CPUS];

void tlb_note_flush(void)
{
	flushed_at[cpu_id()] = __atomic_add_fetch(&flush_clock, 1, __ATOMIC_SEQ_CST);
}

void tlb_flush_local(void)
{
	unsigned long flags = irq_save();

	/* The clock first: what is unmapped while we flush gets a stamp that this flush does not
	 * cover. */
	tlb_note_flush();
	if (cpu_features.pcid) {
		invpcid(INVPCID_ALL, 0, 0);
	} else {
		write_cr3(read_cr3());
	}
	irq_restore(flags);
}

void tlb_keep_up(void)
{
	if (tlb_stamp() - flushed_at[cpu_id()] > 1u << 30) {
		tlb_flush_local();
	}
}

static __noinline void flush_page_pcids(unsigned long va)
{
	for (u64 pcid = 0; pcid < PCIDS; pcid++) {
		invpcid(INVPCID_PAGE, pcid, va);
	}
}

void tlb_flush_page_local(unsigned long va)
{
	if (cpu_features.pcid) {
		flush_page_pcids(va);
	} else {
		invlpg(va);
	}
}

static void flush_fn(void *arg)
{
	tlb_flush_local();
}

static void flush_page_fn(void *arg)
{
	tlb_flush_page_local((unsigned long)arg);
}

void tlb_flush_mask(const cpumask_t *mask)
{
	smp_call(mask, flush_fn, NULL);
}

void tlb_flush_page_mask(const cpumask_t *mask, unsigned long va)
{
	smp_call(mask, flush_page_fn, (void *)va);
}

u32 tlb_stamp(void)
{
	return __atomic_load_n(&flush_clock, __ATOMIC_SEQ_CST);
}

static bool cpus_stale(const cpumask_t *mask, u32 stamp, cpumask_t *stale)
{
	bool any = false;

	for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
		if ((mask->bits[cpu / 64] >> (cpu % 64) & 1) &&
		    (s32)(__atomic_load_n(&flushed_at[cpu], __ATOMIC_SEQ_CST) - stamp) <= 0) {
			stale->bits[cpu / 64] |= BIT(cpu % 64);
			any = true;
		}
	}
	return any;
}

bool tlb_is_stale(const cpumask_t *mask, u32 stamp)
{
	cpumask_t stale = {{0}};

	return cpus_stale(mask, stamp, &stale);
}

void tlb_flush_stamp(const cpumask_t *mask, u32 stamp)
{
	cpumask_t stale = {{0}};

	if (cpus_stale(mask, stamp, &stale)) {
		tlb_flush_mask(&stale);
	}
}
