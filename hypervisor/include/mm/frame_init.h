/* SPDX-License-Identifier: MIT */
/*
 * Bringing the frame table up at boot. It is backed by sections: 512 frames (2 MiB of machine
 * memory) take exactly three pages of it. A section without any RAM is not backed.
 */
#pragma once

#include "mm/frame.h"

#define SECTION_PAGES (SECTION_FRAMES * sizeof(struct frame) / PAGE_SIZE)
_Static_assert(SECTION_PAGES *PAGE_SIZE == SECTION_FRAMES * sizeof(struct frame),
	       "a section of the frame table is whole pages");

/* `map`: a byte per section below `end`, 1 where the frame table is backed. Kept, not copied. */
void frame_table_set(const u8 *map, u64 end);
/* Frames [start, end) of backed sections: allocated by nobody, FRAME_OWNER_NONE or _IO. */
void frame_init_range(mfn_t start, mfn_t end, u16 owner);
