/* SPDX-License-Identifier: MIT */
/* What the boot loader and the firmware told: filled once at boot, constant afterwards. */
#pragma once

#include "control/machine.h"
#include "lib/types.h"

#define BOOT_MAX_MODULES 4
#define BOOT_MAX_E820    128

struct boot_module {
	u64 start, size; /* machine address, bytes; start is on a page boundary */
};

struct boot_e820 { /* as multiboot2 has it */
	u64 addr, size;
	u32 type; /* 1 RAM, 2 reserved, 3 ACPI, 4 NVS, 5 bad; unknown types are made 2 */
	u32 reserved;
};

struct boot_info {
	char cmdline[1024]; /* the hypervisor's own options */
	char dom0_cmdline[1024];
	struct boot_module module[BOOT_MAX_MODULES];
	unsigned int module_count;
	struct boot_e820 e820[BOOT_MAX_E820]; /* sorted, not overlapping */
	unsigned int e820_count;
	u64 rsdp_root; /* machine address of XSDT or RSDT */
	bool rsdp_is_xsdt;
	u64 efi_system_table; /* 0 on BIOS */
	const void *efi_map;  /* a copy in hypervisor memory, or NULL */
	u32 efi_map_size, efi_desc_size;
	struct { /* as multiboot2 has it */
		u64 addr;
		u32 pitch, width, height;
		u8 bpp, type; /* 1 RGB, 2 text */
		u16 reserved;
		u8 colours[6]; /* position and size of red, green, blue */
	} fb;
	u64 image_start, image_end; /* where the hypervisor itself lies, machine addresses */
};
extern struct boot_info boot_info;

/*
 * The steps of boot that this room does, in this order; those that cannot go on panic().
 * boot_parse: fills boot_info, NULL or what is wrong; memory as head.S mapped it. boot_memory_init:
 * the hypervisor's page tables, frame table, M2P, allocator (features of the CPU are known, options
 * parsed). acpi_init: acpi_facts, I/O APICs, host_facts. efi_init: UEFI's part of host_facts.
 * cpus_start: all CPUs run their idle loops. dom0_build: dom0 with vcpu 0 ready to run, paused.
 * boot_release_modules: what dom0 did not take of the modules.
 */
struct domain;
const char *boot_parse(u32 magic, u64 info_maddr);
void boot_memory_init(void);
void acpi_init(void);
void efi_init(void);
void cpus_start(void);
struct domain *dom0_build(void);
void boot_release_modules(void);

/* Facts from the ACPI tables. */
struct acpi_facts {
	u64 lapic_maddr;
	u32 cpu_apic_id[256], cpu_acpi_id[256];
	unsigned int cpu_count, ioapic_count;
	u16 sci;
	u64 hpet_maddr;
	u16 pm_timer_port;
	bool pm_timer_32bit;
	struct host_power power;
};
extern struct acpi_facts acpi_facts;

/*
 * Hands each word of the command line to the handler of its OPTION(). Done twice: what is wrong can
 * be reported only once the console is set up, which options decide on.
 */
void options_parse(const char *cmdline, bool report);
