/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own page tables: one map, in slots 256-271 of every L4 table. Boot builds it
 * (boot/memory.c); afterwards only device memory and CPU windows are added to it.
 */
#pragma once

#include "arch/page.h"

/* L4 entries 256-271, to be copied into every guest's L4 table. Constant once hv_map_load() ran. */
extern pte_t hv_l4_slots[HV_SLOTS];
/* The machine address of the hypervisor's own L4 table: what an idle CPU has in CR3. */
extern maddr_t hv_root;
/* A zeroed frame, mapped read-only where a GDT page is empty. */
extern mfn_t hv_zero_frame;

/* Flags of a mapping, PTE_NX and PTE_G to be added where they fit. */
#define HV_RO (PTE_P | PTE_A)
#define HV_RW (PTE_P | PTE_RW | PTE_A | PTE_D)
#define HV_UC (PTE_PCD | PTE_PWT)

/* Boot: tables come from `table_alloc` (machine address of a zeroed page below 4 GiB, 0 if there
 * is none) until hv_map_load(), then from its argument. */
void hv_map_start(maddr_t (*table_alloc)(void));
/* Boot: maps pages, with the largest page size that fits; the range must be unmapped. */
void hv_map_range(unsigned long va, maddr_t ma, u64 bytes, u64 flags);
/* Boot: puts the map into use: afterwards nothing below HV_START is mapped. */
void hv_map_load(maddr_t (*table_alloc)(void));

/*
 * Direct-map addresses of memory that is not RAM: device registers (uncached) or firmware tables
 * (cached). Pages that are mapped already stay as they are. NULL: out of the direct map's
 * reach, or no memory for a table. Never unmapped. Interrupts on, unless all was mapped before.
 */
void *map_mmio(maddr_t ma, size_t bytes);
void *map_firmware(maddr_t ma, size_t bytes);

/* Allocates and maps what a CPU needs before it runs: GDT page 14, zero pages for the rest of its
 * GDT, its stacks. -ENOMEM. */
int cpu_window_init(unsigned int cpu);
/* The L1 entries of a CPU's window: 0-15 GDT, 16-31 LDT. The caller flushes what it replaces. */
pte_t *cpu_window_l1(unsigned int cpu);
