/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables that the hypervisor reads, as functions of their bytes. A table is passed with
 * the number of its bytes, which the caller has made readable; nothing beyond is touched.
 */
#ifndef BOOT_ACPI_TABLES_H
#define BOOT_ACPI_TABLES_H

#include "boot/boot.h"

#define ACPI_HEADER_BYTES  36u
#define ACPI_MAX_BYTES     0x100000u /* larger tables are not believed */
#define ACPI_MAX_IOAPICS   32u
#define ACPI_MAX_OVERRIDES 32u

/* What the MADT says beyond acpi_facts. */
struct acpi_madt {
	struct acpi_ioapic {
		u64 maddr;
		u32 gsi_base;
		u8 id;
	} ioapic[ACPI_MAX_IOAPICS];
	unsigned int ioapic_count;
	struct acpi_override {
		u32 gsi;
		u8 isa_irq;
		bool level, active_low;
	} override[ACPI_MAX_OVERRIDES];
	unsigned int override_count;
};

bool acpi_signature_is(const void *table, const char *signature);
/* The length in a table's header; 0 if it is none that can be believed. */
u32 acpi_length(const void *header);
bool acpi_checksum_ok(const void *table, u32 bytes);
/* The i-th table address of an XSDT or RSDT; false behind the last. */
bool acpi_root_entry(const void *root, u32 bytes, bool is_xsdt, unsigned int i, u64 *maddr);
/* Makes a table unfindable: another signature, the checksum right. */
void acpi_hide(void *table);

void acpi_parse_madt(const void *table, u32 bytes, struct acpi_facts *f, struct acpi_madt *m);
void acpi_parse_fadt(const void *table, u32 bytes, struct acpi_facts *f);
void acpi_parse_hpet(const void *table, u32 bytes, struct acpi_facts *f);

#endif
