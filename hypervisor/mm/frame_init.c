/* SPDX-License-Identifier: MIT */
/*
 * Which frames exist. Invariant: frame_valid(m) is true exactly for frames of RAM, and only for
 * those may the frame table be read. No lock: constant once boot is over.
 */
#include "mm/frame_init.h"

const u64 *frame_sections;
u64 frame_end;

void frame_table_set(const u64 *map, u64 end)
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

#if defined(DOMUS_HOST_TEST) && !defined(HOST_FRAME_TABLE)
bool frame_valid(mfn_t m)
{
	u64 section = m.n / SECTION_FRAMES;

	return m.n < frame_end && frame_sections[section / 64] >> (section % 64) & 1 &&
	       frame_table[m.n].owner != FRAME_OWNER_IO;
}
#endif
