/* SPDX-License-Identifier: MIT */
/* Xen's ELF notes: what the kernel tells about itself (<xen/elfnote.h>). Pure. */
#include <xen/elfnote.h>
#include <xen/features.h>
#include "arch/page.h"
#include "elf.h"
#include "lib/lib.h"

static u64 number(const u8 *desc, u32 size)
{
	u64 v = 0;

	if (size == 1 || size == 2 || size == 4 || size == 8) {
		memcpy(&v, desc, size);
	}
	return v;
}

static void string(const u8 *desc, u32 size, char *dst, size_t room)
{
	size_t n = strnlen((const char *)desc, MIN(size, room - 1));

	memcpy(dst, desc, n);
	dst[n] = 0;
}

static void use_note(u32 type, const u8 *desc, u32 size, struct elf_kernel *k)
{
	k->has_notes = true;
	switch (type) {
	case XEN_ELFNOTE_ENTRY:
		k->entry = number(desc, size);
		break;
	case XEN_ELFNOTE_HYPERCALL_PAGE:
		k->hypercall_page = number(desc, size);
		k->has_hypercall_page = true;
		break;
	case XEN_ELFNOTE_VIRT_BASE:
		k->virt_base = number(desc, size);
		break;
	case XEN_ELFNOTE_PADDR_OFFSET:
		k->paddr_offset = number(desc, size);
		break;
	case XEN_ELFNOTE_INIT_P2M:
		k->init_p2m = number(desc, size);
		k->has_init_p2m = true;
		break;
	case XEN_ELFNOTE_MOD_START_PFN:
		k->initrd_by_pfn = number(desc, size) != 0;
		break;
	case XEN_ELFNOTE_SUPPORTED_FEATURES:
		k->supported_features = (u32)number(desc, size);
		k->has_supported_features = true;
		break;
	case XEN_ELFNOTE_XEN_VERSION:
		string(desc, size, k->xen_version, sizeof(k->xen_version));
		break;
	case XEN_ELFNOTE_GUEST_OS:
		string(desc, size, k->guest_os, sizeof(k->guest_os));
		break;
	case XEN_ELFNOTE_GUEST_VERSION:
		string(desc, size, k->guest_version, sizeof(k->guest_version));
		break;
	case XEN_ELFNOTE_LOADER:
		string(desc, size, k->loader, sizeof(k->loader));
		break;
	case XEN_ELFNOTE_FEATURES:
		string(desc, size, k->features, sizeof(k->features));
		break;
	default:
		break;
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
	if (!k->has_notes) {
		return "The dom0 kernel has no Xen notes: it was built without support for Xen PV";
	}
	if (strcmp(k->xen_version, "xen-3.0") || strcmp(k->loader, "generic")) {
		return "The dom0 kernel's Xen notes name another ABI than xen-3.0 with the generic loader";
	}
	if (strstr(k->features, "!auto_translated_physmap") ||
	    strstr(k->features, "!supervisor_mode_kernel")) {
		return "The dom0 kernel asks for features that a PV kernel cannot have";
	}
	if (k->has_supported_features && !(k->supported_features & BIT(XENFEAT_dom0))) {
		return "The dom0 kernel was built without dom0 support: use Debian's generic flavour, not cloud";
	}
	if (k->virt_base % PAGE_SIZE || k->init_p2m % PAGE_SIZE || !va_guest(k->virt_base) ||
	    !va_guest(k->init_p2m) || !va_guest(k->entry)) {
		return "The dom0 kernel's Xen notes give impossible addresses";
	}
	return NULL;
}
