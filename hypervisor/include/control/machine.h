/* SPDX-License-Identifier: MIT */
/* What memory_op tells about the machine's memory; boot/ provides it before dom0 runs. */
#ifndef CONTROL_MACHINE_H
#define CONTROL_MACHINE_H

#include "lib/types.h"

/* Adds a range to the map that dom0 gets from XENMEM_machine_memory_map: RAM, reserved, the pages
 * of I/O and local APICs (reserved). dom0 sorts it; types as in an e820 map. What does not fit is
 * reported. */
void machine_map_add(u64 addr, u64 size, u32 type);

/* boot/memory.c: the frame where 2 MiB of M2P (for frames index << 18 up) begin; false: a hole. */
bool m2p_chunk(u64 index, mfn_t *m);

#endif
