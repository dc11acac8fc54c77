/* SPDX-License-Identifier: MIT */
/* Where everything lies in dom0's pseudo-physical memory when it starts. */
#pragma once

#include "lib/types.h"

struct dom0_layout_in {
	u64 virt_base;
	u64 kernel_bytes; /* from virt_base to the kernel's end */
	u64 initrd_bytes; /* 0 = none */
	bool initrd_by_pfn;
	bool has_p2m_va;
	u64 p2m_va;
	u64 pages; /* all of dom0's memory */
};

/*
 * Frames by pfn. The boot region [0, boot_pages) is mapped from virt_base on, pfn by pfn:
 *   kernel | ramdisk* | p2m* | start_info | page tables | stack | at least 512 KiB of nothing
 * (* only if the kernel does not want them elsewhere); behind it, unmapped or elsewhere:
 *   ramdisk | p2m | the page tables that map it
 */
struct dom0_layout {
	u64 boot_pages;
	u64 initrd_pfn, initrd_pages;
	u64 p2m_pfn, p2m_pages;
	u64 p2m_va;
	u64 start_info_pfn;
	u64 table_pfn, table_count;         /* L4 first */
	u64 p2m_table_pfn, p2m_table_count; /* outside of the boot region; some may stay unused */
	u64 stack_pfn;
	u64 needed_pages; /* dom0 has at least these */
};

/* NULL, or a sentence. On "too little memory" needed_pages tells how much it takes. */
const char *dom0_layout(const struct dom0_layout_in *in, struct dom0_layout *out);
