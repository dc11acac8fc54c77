/* SPDX-License-Identifier: MIT */
/* dom0's kernel: an ELF64 image with Xen's notes. */
#pragma once

#include <xen/elfnote.h>
#include "lib/types.h"

#define ELF_MAX_SEGMENTS 16u

struct elf_segment {
	u64 paddr;  /* less the notes' PADDR_OFFSET: bytes from VIRT_BASE */
	u64 offset; /* in the file */
	u64 filesz, memsz;
};

struct elf_kernel {
	struct elf_segment segment[ELF_MAX_SEGMENTS];
	unsigned int segment_count;
	u64 end; /* bytes from VIRT_BASE, one past the last segment */

	/* From the notes. */
	u32 notes; /* bit XEN_ELFNOTE_x: that one is there */
	u64 entry, virt_base, paddr_offset;
	u64 init_p2m, hypercall_page;
	u64 initrd_by_pfn; /* MOD_START_PFN: not 0, it need not be mapped */
	u64 supported_features;
	char guest_os[16], loader[16], xen_version[16], features[128];
};

/* note: XEN_ELFNOTE_*. */
static inline bool elf_has_note(const struct elf_kernel *k, unsigned int note)
{
	return k->notes >> note & 1;
}

/*
 * Reads the image's headers and notes and checks that it can be run as dom0. NULL, or a sentence
 * saying what is wrong and what to do. Looks at nothing outside of [image, image + size); every
 * segment in *out lies inside of it, and no two overlap in memory.
 */
const char *elf_parse(const void *image, u64 size, struct elf_kernel *out);

/* The notes in [notes, notes + size): elfnotes.c. */
void elf_parse_notes(const u8 *notes, u64 size, struct elf_kernel *out);
/* Do they describe a kernel that can be dom0 here? */
const char *elf_check_notes(const struct elf_kernel *k);
