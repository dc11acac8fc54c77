/* SPDX-License-Identifier: MIT */
/* What the boot loader and the firmware told: filled once at boot, constant afterwards. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "lib/option.h"
#include "lib/types.h"

#define BOOT_MAX_MODULES 4
#define BOOT_MAX_E820	 128

struct boot_module {
	u64 start, size; /* machine address, bytes */
	const char *string;
};

struct boot_e820 {
	u64 addr, size;
	u32 type; /* 1 RAM, 2 reserved, 3 ACPI, 4 NVS, 5 bad; unknown types are made 2 */
};

struct boot_info {
	char cmdline[1024]; /* the hypervisor's own options */
	char dom0_cmdline[1024];
	struct boot_module module[BOOT_MAX_MODULES];
	unsigned int module_count;
	struct boot_e820 e820[BOOT_MAX_E820]; /* sorted, not overlapping */
	unsigned int e820_count;
	u64 rsdp_root;	     /* machine address of XSDT or RSDT */
	bool rsdp_is_xsdt;
	u64 efi_system_table; /* 0 on BIOS */
	u64 efi_map;	      /* copied to hypervisor memory: direct-map address */
	u32 efi_map_size, efi_desc_size;
	struct {
		u64 addr;
		u32 pitch, width, height;
		u8 bpp, type; /* 1 RGB, 2 text */
		u8 red_pos, red_size, green_pos, green_size, blue_pos, blue_size;
	} fb;
	u64 image_start, image_end; /* where the hypervisor itself lies, machine addresses */
};
extern struct boot_info boot_info;

/* Facts from the ACPI tables. */
struct acpi_facts {
	u64 lapic_maddr;
	u32 cpu_apic_id[256], cpu_acpi_id[256];
	unsigned int cpu_count;
	u16 sci;
	u64 hpet_maddr;
	u16 pm_timer_port;
	bool pm_timer_32bit;
	u16 pm1a_cnt, pm1b_cnt, pm1a_evt, pm1b_evt;
	bool reset_supported;
	u8 reset_space, reset_value; /* space 0 memory, 1 port, 2 PCI config */
	u64 reset_addr;
};
extern struct acpi_facts acpi_facts;

/* Hands each word of the command line to the handler of its OPTION(). */
void options_parse(const char *cmdline);

#endif
