/* SPDX-License-Identifier: MIT */
/*
 * What dom0 asks about UEFI firmware, out of the EFI system table: without it dom0 has no ACPI on
 * such machines; and makes the run-time services callable. Boot only; host_facts is constant
 * afterwards.
 */
#include "arch/firmware.h"
#include "arch/hv_map.h"
#include "boot/boot.h"
#include "control/control.h"
#include "lib/lib.h"

#define EFI_SIGNATURE 0x5453595320494249ull /* "IBI SYST" */

struct efi_header {
	u64 signature;
	u32 revision, size, crc, reserved;
};

struct efi_system_table {
	struct efi_header header;
	u64 vendor; /* UTF-16 string */
	u32 firmware_revision, pad;
	u64 console[6];
	u64 runtime, boot_services;
	u64 config_count, config_table;
};
_Static_assert(sizeof(struct efi_system_table) == 120, "as the UEFI specification has it");

struct efi_region {
	u32 type, pad;
	u64 start, virtual, pages, attributes;
};

#define EFI_RUNTIME_CODE 5u
#define EFI_MMIO         11u
#define EFI_MMIO_PORTS   12u
#define ATTR_RUNTIME     BIT(63)
#define FIRST_SERVICE    24u /* offset in the table of services */
#define SERVICES         14u

/* The firmware's code and data as it wants them at run time, all or the services stay uncalled. */
static bool map_regions(void)
{
	struct efi_region r;

	for (u32 at = 0; at + sizeof(r) <= boot_info.efi_map_size; at += boot_info.efi_desc_size) {
		u64 flags = HV_RW;

		memcpy(&r, (const u8 *)boot_info.efi_map + at, sizeof(r));
		if (!(r.attributes & ATTR_RUNTIME)) {
			continue;
		}
		flags |= r.type == EFI_RUNTIME_CODE ? 0 : PTE_NX;
		flags |= r.type == EFI_MMIO || r.type == EFI_MMIO_PORTS ? HV_UC : 0;
		if (!firmware_map(r.start, r.pages << PAGE_SHIFT, flags)) {
			return false;
		}
	}
	return boot_info.efi_map_size;
}

static void copy_vendor(u64 maddr)
{
	const u16 *s = maddr ? map_firmware(maddr, sizeof(host_facts.efi_vendor)) : NULL;

	for (unsigned int i = 0; s && i < ARRAY_SIZE(host_facts.efi_vendor) - 1 && s[i]; i++) {
		host_facts.efi_vendor[i] = s[i];
	}
}

void efi_init(void)
{
	const struct efi_system_table *t = NULL;
	const struct efi_header *runtime;

	if (boot_info.efi_system_table) {
		t = map_firmware(boot_info.efi_system_table, sizeof(*t));
	}
	if (!t || t->header.signature != EFI_SIGNATURE) {
		return;
	}
	host_facts.efi = true;
	host_facts.efi_version = t->header.revision;
	host_facts.efi_config_table = t->config_table;
	host_facts.efi_config_count = (u32)t->config_count;
	host_facts.efi_fw_revision = t->firmware_revision;
	runtime = t->runtime ? map_firmware(t->runtime, sizeof(*runtime)) : NULL;
	host_facts.efi_rt_version = runtime ? runtime->revision : 0;
	if (runtime && boot_info.efi_desc_size >= sizeof(struct efi_region) && map_regions()) {
		host_facts.efi_services =
			map_firmware(t->runtime + FIRST_SERVICE, SERVICES * sizeof(u64));
	}
	printk(LOG_INFO "UEFI %u.%u, run-time services %s\n", t->header.revision >> 16,
	       (t->header.revision & 0xffff) / 10,
	       host_facts.efi_services ? "usable" : "not usable");
	copy_vendor(t->vendor);
}
