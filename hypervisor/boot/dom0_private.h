/* SPDX-License-Identifier: MIT */
/* The files that build dom0 share this. */
#pragma once

#include "boot/boot.h"
#include "domain/domain.h"
#include "dom0_layout.h"
#include "elf.h"

struct dom0_builder {
	struct domain *d;
	const u8 *image;                  /* the kernel's ELF file */
	mfn_t image_mfn;                  /* its first frame */
	const struct boot_module *initrd; /* or NULL */
	struct elf_kernel kernel;
	struct dom0_layout layout;
	u64 pages;
	u64 *p2m;  /* dom0's own list of its frames, in its memory; 0 = none yet */
	mfn_t run; /* frames of dom0 that have no pfn yet: run_left from here on */
	u64 run_left;
};

static inline void *dom0_page(const struct dom0_builder *b, u64 pfn)
{
	return mfn_to_virt(_mfn(b->p2m[pfn]));
}

/* dom0_memory.c: decides on dom0's size and layout, gives it its memory, fills in kernel, ramdisk,
 * p2m. */
void dom0_choose_layout(struct dom0_builder *b);
void dom0_fill_memory(struct dom0_builder *b);
/* dom0_tables.c: builds the page tables and has them validated. The L4 table's frame. */
mfn_t dom0_build_tables(struct dom0_builder *b);
/* dom0_start.c: the start_info page. */
void dom0_write_start_info(struct dom0_builder *b);
