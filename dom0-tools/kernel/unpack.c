/* SPDX-License-Identifier: MIT */
/*
 * The layout of kernel files: a bzImage's header (Linux boot protocol, x86) and an ELF's tables.
 * Invariant: every offset taken from the file is checked against its length before use.
 * No lock; the functions have no state.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "unpack.h"

/* Offsets in the first sectors of a bzImage, and the protocol that added the payload fields. */
enum {
	HDR_SETUP_SECTS = 0x1f1,
	HDR_BOOT_FLAG = 0x1fe,
	HDR_MAGIC = 0x202,
	HDR_VERSION = 0x206,
	HDR_PAYLOAD_OFFSET = 0x248,
	HDR_PAYLOAD_LENGTH = 0x24c,
	HDR_END = 0x250,
	PROTOCOL_PAYLOAD = 0x208,
	SECTOR_BYTES = 512,
};

static uint32_t le16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | le16(p + 2) << 16;
}

int unpack_is_elf(struct span file)
{
	const uint8_t *d = file.data;

	return file.bytes >= sizeof(Elf64_Ehdr) && memcmp(d, ELFMAG, SELFMAG) == 0 &&
	       d[EI_CLASS] == ELFCLASS64 && d[EI_DATA] == ELFDATA2LSB &&
	       le16(d + offsetof(Elf64_Ehdr, e_machine)) == EM_X86_64;
}

int unpack_find_payload(struct span file, struct span *payload, const char **why)
{
	uint64_t start, bytes, sectors;

	if (file.bytes < HDR_END || le16(file.data + HDR_BOOT_FLAG) != 0xaa55 ||
	    memcmp(file.data + HDR_MAGIC, "HdrS", 4) != 0) {
		*why = "it is neither a Linux bzImage nor a 64-bit x86 ELF";
		return -1;
	}
	if (le16(file.data + HDR_VERSION) < PROTOCOL_PAYLOAD) {
		*why = "its boot protocol is older than 2.08 and does not tell where the payload is";
		return -1;
	}
	sectors = file.data[HDR_SETUP_SECTS] ? file.data[HDR_SETUP_SECTS] : 4;
	start = (sectors + 1) * SECTOR_BYTES + le32(file.data + HDR_PAYLOAD_OFFSET);
	bytes = le32(file.data + HDR_PAYLOAD_LENGTH);
	if (bytes < 8 || start > file.bytes || bytes > file.bytes - start) {
		*why = "it is cut short: the payload lies beyond the end of the file";
		return -1;
	}
	payload->data = file.data + start;
	payload->bytes = bytes;
	return 0;
}

/* Raises *end to offset + bytes; 0 if that lies inside the file. */
static int elf_reach(size_t *end, uint64_t offset, uint64_t bytes, size_t file_bytes)
{
	if (offset > file_bytes || bytes > file_bytes - offset) {
		return -1;
	}
	if (offset + bytes > *end) {
		*end = offset + bytes;
	}
	return 0;
}

size_t unpack_elf_bytes(struct span file)
{
	size_t end = sizeof(Elf64_Ehdr);
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	Elf64_Shdr sh;
	unsigned int i;

	if (!unpack_is_elf(file)) {
		return 0;
	}
	memcpy(&eh, file.data, sizeof(eh));
	if (eh.e_phentsize != sizeof(ph) || (eh.e_shnum && eh.e_shentsize != sizeof(sh)) ||
	    elf_reach(&end, eh.e_phoff, (uint64_t)eh.e_phnum * sizeof(ph), file.bytes) ||
	    elf_reach(&end, eh.e_shoff, (uint64_t)eh.e_shnum * sizeof(sh), file.bytes)) {
		return 0;
	}
	for (i = 0; i < eh.e_phnum; i++) {
		memcpy(&ph, file.data + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		if (elf_reach(&end, ph.p_offset, ph.p_filesz, file.bytes)) {
			return 0;
		}
	}
	for (i = 0; i < eh.e_shnum; i++) {
		memcpy(&sh, file.data + eh.e_shoff + i * sizeof(sh), sizeof(sh));
		if (sh.sh_type != SHT_NOBITS &&
		    elf_reach(&end, sh.sh_offset, sh.sh_size, file.bytes)) {
			return 0;
		}
	}
	return end;
}
