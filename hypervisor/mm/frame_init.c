/* SPDX-License-Identifier: MIT */
/*
 * Which frames exist. Invariant: frame_valid(m) is true exactly for frames of RAM, and only for
 * those may the frame table be read. No lock: constant once boot is over.
 */
#include "mm/frame_init.h"

const u8 *frame_sections;
u64 frame_end;

void frame_table_set(const u8 *map, u64 end)
{
	frame_sections = map;
	frame_end = end;
}

void frame_init_range(mfn_t start, mfn_t end, u16 owner)
{
	for (u64 m = start.n; m < end.n; m++) {
		frame_table[m] = (struct frame){.owner = owner};
	}
}
