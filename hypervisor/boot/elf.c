/* SPDX-License-Identifier: MIT */
/*
 * The ELF64 container of dom0's kernel. The file comes from disk through the boot loader and may be
 * cut short or damaged: every offset is checked against its size before use. Pure.
 */
#include "elf.h"
#include "lib/lib.h"

struct elf_header {
	u8 magic[4], class, data, version, abi, pad[8];
	u16 type, machine;
	u32 version2;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

#define CLASS_64       2
#define MACHINE_X86_64 62
#define PT_LOAD        1
#define PT_NOTE        4
#define MAX_PHDRS      64u
#define MAX_SPAN       (1ull << 30) /* of the loaded kernel */

static const char truncated[] =
	"The dom0 kernel's file is cut short: its headers point behind its end";

static bool is_bzimage(const u8 *p, u64 size)
{
	return size > 0x206 && p[0x1fe] == 0x55 && p[0x1ff] == 0xaa &&
	       !memcmp(p + 0x202, "HdrS", 4);
}

static const char *check_header(const u8 *image, u64 size, struct elf_header *h)
{
	if (is_bzimage(image, size)) {
		return "The dom0 kernel is a compressed bzImage: unpack it once with `domus-unpack-kernel VMLINUZ OUT.elf` and load OUT.elf instead";
	}
	if (size < sizeof(*h)) {
		return truncated;
	}
	memcpy(h, image, sizeof(*h));
	if (memcmp(h->magic, "\177ELF", 4)) {
		return "The first boot module is no ELF kernel: it must be dom0's unpacked kernel";
	}
	if (h->class != CLASS_64 || h->machine != MACHINE_X86_64) {
		return "The dom0 kernel is not for 64-bit x86: 32-bit kernels are not supported";
	}
	if (h->phentsize < sizeof(struct elf_phdr) || !h->phnum || h->phnum > MAX_PHDRS) {
		return "The dom0 kernel's ELF program headers are malformed";
	}
	if (h->phoff > size || (u64)h->phentsize * h->phnum > size - h->phoff) {
		return truncated;
	}
	return NULL;
}

static struct elf_phdr get_phdr(const u8 *image, const struct elf_header *h, unsigned int i)
{
	struct elf_phdr ph;

	memcpy(&ph, image + h->phoff + (u64)i * h->phentsize, sizeof(ph));
	return ph;
}

static bool in_file(const struct elf_phdr *ph, u64 size)
{
	return ph->offset <= size && ph->filesz <= size - ph->offset;
}

static bool overlaps(const struct elf_kernel *k, const struct elf_segment *s)
{
	for (unsigned int i = 0; i < k->segment_count; i++) {
		const struct elf_segment *o = &k->segment[i];

		if (s->paddr < o->paddr + o->memsz && o->paddr < s->paddr + s->memsz) {
			return true;
		}
	}
	return false;
}

static const char *add_segment(struct elf_kernel *k, const struct elf_phdr *ph)
{
	struct elf_segment s = {ph->paddr - k->paddr_offset, ph->offset, ph->filesz, ph->memsz};

	if (!ph->memsz) {
		return NULL;
	}
	if (ph->filesz > ph->memsz || ph->paddr < k->paddr_offset || s.paddr > MAX_SPAN ||
	    s.memsz > MAX_SPAN - s.paddr) {
		return "The dom0 kernel's ELF segments lie outside of the range it may use";
	}
	if (overlaps(k, &s)) {
		return "The dom0 kernel's ELF segments overlap";
	}
	if (k->segment_count == ELF_MAX_SEGMENTS) {
		return "The dom0 kernel has too many ELF segments";
	}
	k->segment[k->segment_count++] = s;
	k->end = MAX(k->end, s.paddr + s.memsz);
	return NULL;
}

const char *elf_parse(const void *image, u64 size, struct elf_kernel *out)
{
	struct elf_header h;
	const char *error = check_header(image, size, &h);

	memset(out, 0, sizeof(*out));
	if (error) {
		return error;
	}
	out->entry = h.entry;
	/* Notes first: they tell how to read the segments' addresses. */
	for (unsigned int i = 0; i < h.phnum; i++) {
		struct elf_phdr ph = get_phdr(image, &h, i);

		if ((ph.type == PT_NOTE || (ph.type == PT_LOAD && ph.memsz)) &&
		    !in_file(&ph, size)) {
			return truncated;
		}
		if (ph.type == PT_NOTE) {
			elf_parse_notes((const u8 *)image + ph.offset, ph.filesz, out);
		}
	}
	error = elf_check_notes(out);
	for (unsigned int i = 0; i < h.phnum && !error; i++) {
		struct elf_phdr ph = get_phdr(image, &h, i);

		if (ph.type == PT_LOAD) {
			error = add_segment(out, &ph);
		}
	}
	if (!error && !out->segment_count) {
		error = "The dom0 kernel has no ELF segments to load";
	}
	return error;
}
