/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables that the hypervisor reads, as functions of their bytes. A table is passed with
 * the number of its bytes, which the caller has made readable; nothing beyond is touched.
 */
#pragma once

#include "boot/boot.h"

#define ACPI_HEADER_BYTES 36u
#define ACPI_MAX_BYTES    0x100000u /* larger tables are not believed */

bool acpi_signature_is(const void *table, const char *signature);
/* The length in a table's header; 0 if it is none that can be believed. */
u32 acpi_length(const void *header);
/* Do the bytes sum up to 0, as those of each table and of the RSDP do? */
static inline bool acpi_checksum_ok(const void *table, u32 bytes)
{
	const u8 *p = table;
	u8 sum = 0;

	for (u32 i = 0; i < bytes; i++) {
		sum += p[i];
	}
	return sum == 0;
}
/* The i-th table address of an XSDT or RSDT; false behind the last. */
bool acpi_root_entry(const void *root, u32 bytes, bool is_xsdt, unsigned int i, u64 *maddr);
/* Makes a table unfindable: another signature, the checksum right. */
void acpi_hide(void *table);

/* I/O APICs and what they override go to irq/ and, as reserved pages, to dom0's map. */
void acpi_parse_madt(const void *table, u32 bytes, struct acpi_facts *f);
void acpi_parse_fadt(const void *table, u32 bytes, struct acpi_facts *f);
void acpi_parse_hpet(const void *table, u32 bytes, struct acpi_facts *f);
