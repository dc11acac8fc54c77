/* SPDX-License-Identifier: MIT */
/* Xen's ELF notes: what the kernel tells about itself (<xen/elfnote.h>). Pure. */
#include <xen/features.h>
#include "arch/page.h"
#include "elf.h"
#include "lib/lib.h"

/* Where the description of a note goes: a number into a u64, a string into a longer field. */
static const struct note_field {
	u32 type;
	u16 offset, room;
} fields[] = {
#define FIELD(note, field)                                              \
	{                                                               \
		XEN_ELFNOTE_##note, offsetof(struct elf_kernel, field), \
			sizeof(((struct elf_kernel *)0)->field)         \
	}
	FIELD(ENTRY, entry),
	FIELD(HYPERCALL_PAGE, hypercall_page),
	FIELD(VIRT_BASE, virt_base),
	FIELD(PADDR_OFFSET, paddr_offset),
	FIELD(INIT_P2M, init_p2m),
	FIELD(MOD_START_PFN, initrd_by_pfn),
	FIELD(SUPPORTED_FEATURES, supported_features),
	FIELD(XEN_VERSION, xen_version),
	FIELD(GUEST_OS, guest_os),
	FIELD(LOADER, loader),
	FIELD(FEATURES, features),
};

static void use_note(u32 type, const u8 *desc, u32 size, struct elf_kernel *k)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct note_field *f = &fields[i];
		char *to = (char *)k + f->offset;

		if (f->type != type) {
			continue;
		}
		k->notes |= 1u << type;
		if (f->room > sizeof(u64)) {
			size = (u32)strnlen((const char *)desc, MIN(size, f->room - 1u));
			to[size] = 0;
		} else {
			memset(to, 0, sizeof(u64));
			size = MIN(size, (u32)sizeof(u64));
		}
		memcpy(to, desc, size);
	}
}

void elf_parse_notes(const u8 *notes, u64 size, struct elf_kernel *out)
{
	u64 at = 0;

	while (size - at >= 12) {
		u32 head[3]; /* name bytes, description bytes, type */
		u64 name, desc, next;

		memcpy(head, notes + at, sizeof(head));
		name = at + 12;
		desc = name + ROUND_UP((u64)head[0], 4);
		next = desc + ROUND_UP((u64)head[1], 4);
		if (desc > size || head[1] > size - desc) {
			return;
		}
		if (head[0] == 4 && !memcmp(notes + name, "Xen", 4)) {
			use_note(head[2], notes + desc, head[1], out);
		}
		if (next > size) {
			return;
		}
		at = next;
	}
}

const char *elf_check_notes(const struct elf_kernel *k)
{
	if (!k->notes) {
		return "The dom0 kernel has no Xen notes: it was built without support for Xen PV";
	}
	if (strcmp(k->xen_version, "xen-3.0") || strcmp(k->loader, "generic")) {
		return "The dom0 kernel's Xen notes name another ABI than xen-3.0 with the generic loader";
	}
	if (strstr(k->features, "!auto_translated_physmap") ||
	    strstr(k->features, "!supervisor_mode_kernel")) {
		return "The dom0 kernel asks for features that a PV kernel cannot have";
	}
	if (elf_has_note(k, XEN_ELFNOTE_SUPPORTED_FEATURES) &&
	    !(k->supported_features & BIT(XENFEAT_dom0))) {
		return "The dom0 kernel was built without dom0 support: use Debian's generic flavour, not cloud";
	}
	if (k->virt_base % PAGE_SIZE || k->init_p2m % PAGE_SIZE || !va_guest(k->virt_base) ||
	    !va_guest(k->init_p2m) || !va_guest(k->entry)) {
		return "The dom0 kernel's Xen notes give impossible addresses";
	}
	return NULL;
}
