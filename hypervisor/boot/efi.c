/* SPDX-License-Identifier: MIT */
/*
 * What dom0 asks about UEFI firmware, out of the EFI system table: without it dom0 has no ACPI on
 * such machines. Run-time services are not called. Boot only; host_facts is constant afterwards.
 */
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
	copy_vendor(t->vendor);
}
